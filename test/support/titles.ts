import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { promisify } from 'node:util'
import { ROOT } from './deployment.ts'

/** A test as it is written: the titles of its groups and its own, with what `each` fills in still to be filled in. */
export interface Title {
  /** From the project's folder. */
  file: string
  /** With ` > ` between them. */
  name: string
}

/** Every test that vitest would run, by its own account, which reads the files and runs none of them. */
export async function titles(): Promise<Title[]> {
  const folder = await mkdtemp(join(tmpdir(), 'countersign-titles-'))
  try {
    const list = join(folder, 'list.json')
    // Its own, or it would take itself for a worker of this run.
    const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('VITEST')))
    const vitest = join(ROOT, 'node_modules/vitest/vitest.mjs')
    await promisify(execFile)(process.execPath, [vitest, 'list', '--static-parse', `--json=${list}`], {
      cwd: ROOT,
      env,
    })
    const tests: Title[] = JSON.parse(await readFile(list, 'utf8'))
    // It gives names as they would stand in a JavaScript string.
    return tests.map(({ file, name }) => ({ file: relative(ROOT, file), name: name.replaceAll('\\"', '"') }))
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
