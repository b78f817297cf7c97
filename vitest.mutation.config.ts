import { configDefaults, defineConfig } from 'vitest/config'
import { BaseSequencer, type TestSpecification } from 'vitest/node'
import { common } from './vitest.config.ts'

/**
 * A mutant is done with at the first test that fails, so what is quick goes first, and before it what the last one failed
 * by, which stood next to this one. Where a mutant is in what a module does as it is loaded, every test is tried.
 */
class QuickestFirst extends BaseSequencer {
  static readonly longest = new Map<string, number>()

  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = new Map(
      files.map(spec => {
        const { failed = false, duration = 0 } = this.ctx.cache.getTestSpecificationResult(spec) ?? {}
        // A run may have had a part of its tests alone.
        const longest = Math.max(duration, QuickestFirst.longest.get(spec.moduleId) ?? 0)
        QuickestFirst.longest.set(spec.moduleId, longest)
        return [spec, failed ? -1 : longest]
      }),
    )
    return files.sort((a, b) => rank.get(a)! - rank.get(b)!)
  }
}

// What mutants of `lib/` are tried with: `npm run mutation`. The tests that run the code in their own process: a mutant is
// switched on there, and is not in what a test builds or spawns.
export default defineConfig({
  test: {
    ...common,
    include: ['test/lib/**/*.test.ts', 'test/vectors/**/*.test.ts', 'test/functions/**/*.test.ts'],
    // It runs others in a process of its own.
    exclude: [...configDefaults.exclude, 'test/vectors/offline.test.ts'],
    // Each run of a mutant has its modules anew all the same.
    isolate: false,
    setupFiles: ['test/long/mutation-setup.ts'],
    sequence: { sequencer: QuickestFirst },
    reporters: ['default'],
  },
})
