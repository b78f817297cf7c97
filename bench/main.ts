import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { drawPerformance } from '../docs/pictures/performance.ts'
import { buildFiles, type Files } from './bundles.ts'
import { sweepGroups } from './cgroup.ts'
import { HELP, type Options, readOptions } from './options.ts'
import { endProcesses } from './processes.ts'
import { allMet, ratiosLine, report } from './report.ts'
import { type Results, rounded } from './results.ts'
import { run } from './run.ts'
import { setStage } from './stage.ts'
import { writeTable } from './table.ts'

// `npm run bench`.

let files: Files | undefined

/** Whatever way it ends, nothing of it is left. */
function cleanUp(): void {
  endProcesses()
  sweepGroups()
  files?.remove()
}

process.on('exit', cleanUp)
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => process.exit(130))

async function main({ plan, out }: Options): Promise<void> {
  const started = performance.now()
  const say = (line: string) =>
    console.error(`${((performance.now() - started) / 1000).toFixed(0).padStart(4)} s  ${line}`)
  say('building')
  files = await buildFiles()
  const results = await run(await setStage(files), plan, say)
  say('done')
  console.log(report(results))
  write(results, plan.quick, out)
  console.log(ratiosLine(results.ratios))
  process.exit(plan.quick || allMet(results.ratios) ? 0 : 1)
}

/** The pictures are drawn from what the file says, so that they can be drawn again from it. */
function write(results: Results, quick: boolean, out: string | undefined): void {
  const written = rounded(results)
  const text = `${JSON.stringify(written, null, 2)}\n`
  if (out !== undefined) writeFileSync(out, text)
  else if (!quick) {
    writeFileSync(join(import.meta.dirname, 'results.json'), text)
    writeTable(join(import.meta.dirname, '../docs/performance.md'), written)
    for (const [name, svg] of Object.entries(drawPerformance(written))) {
      writeFileSync(join(import.meta.dirname, '../docs/pictures', name), svg)
    }
  }
}

function options(): Options | 'help' {
  try {
    return readOptions(process.argv.slice(2))
  } catch (error) {
    console.error(`${(error as Error).message}\n\n${HELP}`)
    return process.exit(2)
  }
}

const chosen = options()
if (chosen === 'help') console.log(HELP)
else {
  main(chosen).catch(error => {
    console.error(error)
    process.exit(1)
  })
}
