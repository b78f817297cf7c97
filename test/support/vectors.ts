import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'vitest'

/** Where the vector files of others are. They are no part of this project; without them their tests are skipped. */
const FOREIGN = process.env.COUNTERSIGN_VECTORS ?? join(import.meta.dirname, '../../../shared/vectors')

/** How many vectors of one file a test has run, and has passed over. Told at the end of a run: summary-reporter.ts. */
export interface VectorCount {
  file: string
  run: number
  skipped: number
}

declare module 'vitest' {
  interface TaskMeta {
    vectors?: VectorCount
  }
}

/** A foreign vector file, undefined where it is not there. */
export function foreignVectors<T>(file: string): T | undefined {
  const path = join(FOREIGN, file)
  return existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as T) : undefined
}

/**
 * A test of the vectors in one foreign file; skipped, and counted as that, where the file is not there.
 *
 * @param body resolves to how many vectors it has run, and how many it has left out on purpose
 */
export function testVectors<T>(
  file: string,
  claim: string,
  body: (vectors: T) => Promise<{ run: number; skipped?: number }>,
): void {
  const vectors = foreignVectors<T>(file)
  test(`${file}: ${claim}`, async ({ task, skip }) => {
    task.meta.vectors = { file, run: 0, skipped: 0 }
    if (vectors === undefined) return skip('the file is not there: COUNTERSIGN_VECTORS')
    const { run, skipped = 0 } = await body(vectors)
    task.meta.vectors = { file, run, skipped }
  })
}

/** A vector file of this project's own. */
export function ownVectors<T>(file: string): T {
  return JSON.parse(readFileSync(join(import.meta.dirname, '../vectors', file), 'utf8')) as T
}
