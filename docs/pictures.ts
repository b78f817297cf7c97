import { readFileSync, writeFileSync } from 'node:fs'
import { relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Results } from '../bench/results.ts'
import { drawArchitecture } from './pictures/architecture.ts'
import { readFacts } from './pictures/facts.ts'
import { drawPerformance } from './pictures/performance.ts'

// `npm run pictures`: makes the pictures of the README and of docs/ from the real thing. With names, only those.

const PICTURES: Record<string, () => Promise<string | Buffer>> = {
  'architecture.svg': async () => drawArchitecture(await readFacts()),
  // Loaded when it is wanted: the other picture needs neither a browser nor the stack.
  ...Object.fromEntries(
    ['performance-cold.svg', 'performance-warm.svg', 'performance-cpu.svg'].map(name => [
      name,
      async () => drawPerformance(readResults())[name]!,
    ]),
  ),
  'demo.png': async () => (await import('./pictures/demo.ts')).photographDemo(),
}

/** Of the last full `npm run bench`. */
function readResults(): Results {
  return JSON.parse(readFileSync(new URL('../bench/results.json', import.meta.url), 'utf8'))
}

const wanted = process.argv.length > 2 ? process.argv.slice(2) : Object.keys(PICTURES)
for (const name of wanted) {
  const make = PICTURES[name]
  if (!make) {
    console.error(`There is no picture ${name}; there are ${Object.keys(PICTURES).join(', ')}.`)
    process.exit(1)
  }
  const picture = await make()
  const file = fileURLToPath(new URL(`pictures/${name}`, import.meta.url))
  writeFileSync(file, picture)
  console.log(`${relative(process.cwd(), file)}  ${Buffer.byteLength(picture)} bytes`)
}
