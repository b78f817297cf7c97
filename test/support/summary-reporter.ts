import type { Reporter, TestModule } from 'vitest/node'
import type { VectorCount } from './vectors.ts'

declare module 'vitest' {
  interface TaskMeta {
    /** Lines for whoever reads the end of a run. */
    told?: string[]
  }
}

/**
 * Ends a run with the vectors of others by file, what tests have to tell, and one plain line: `N passed, N failed,
 * N skipped`. A file that cannot be run counts as a failure.
 */
export default class SummaryReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandledErrors: readonly unknown[]): void {
    const count = { passed: 0, failed: 0, skipped: 0, pending: 0 }
    const vectors: VectorCount[] = []
    const told: string[] = []
    for (const module of modules) {
      for (const test of module.children.allTests()) {
        count[test.result().state]++
        const one = test.meta().vectors
        if (one) vectors.push(one)
        told.push(...(test.meta().told ?? []))
      }
      count.failed += module.errors().length
      for (const suite of module.children.allSuites()) count.failed += suite.errors().length
    }
    count.failed += unhandledErrors.length
    // The default reporter writes at the same event; this line is to be the last one.
    process.once('exit', () => {
      for (const line of [...vectorLines(vectors), ...told]) console.log(line)
      console.log(`${count.passed} passed, ${count.failed} failed, ${count.skipped + count.pending} skipped`)
    })
  }
}

/** One line a file. The tests of one file each run all of it, so the count is that of the one that ran most. */
export function vectorLines(counts: readonly VectorCount[]): string[] {
  const files = new Map<string, VectorCount>()
  for (const one of counts) {
    const other = files.get(one.file)
    if (!other || one.run > other.run) files.set(one.file, one)
  }
  const sorted = [...files.values()].sort((a, b) => (a.file < b.file ? -1 : 1))
  return sorted.map(({ file, run, skipped }) =>
    run + skipped === 0 ? `${file}: not there, skipped` : `${file}: ${run} vectors run, ${skipped} skipped`,
  )
}
