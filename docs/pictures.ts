import { writeFileSync } from 'node:fs'
import { relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { drawArchitecture } from './pictures/architecture.ts'
import { readFacts } from './pictures/facts.ts'

// `npm run pictures`: makes the README's pictures from the real thing. With names, only those.

const PICTURES: Record<string, () => Promise<string | Buffer>> = {
  'architecture.svg': async () => drawArchitecture(await readFacts()),
  // Loaded when it is wanted: the other picture needs neither a browser nor the stack.
  'demo.png': async () => (await import('./pictures/demo.ts')).photographDemo(),
}

const wanted = process.argv.length > 2 ? process.argv.slice(2) : Object.keys(PICTURES)
for (const name of wanted) {
  const make = PICTURES[name]
  if (!make) {
    console.error(`There is no picture ${name}; there are ${Object.keys(PICTURES).join(' and ')}.`)
    process.exit(1)
  }
  const picture = await make()
  const file = fileURLToPath(new URL(`pictures/${name}`, import.meta.url))
  writeFileSync(file, picture)
  console.log(`${relative(process.cwd(), file)}  ${Buffer.byteLength(picture)} bytes`)
}
