import { defineConfig } from 'vitest/config'
import ordinary from './vitest.config.ts'

// What mutants of `lib/` are tried with: `npm run mutation`. The tests that run the code in their own process: a mutant is
// switched on there, and is not in what a test builds or spawns.
export default defineConfig({
  test: {
    ...ordinary.test,
    include: ['test/lib/**/*.test.ts', 'test/vectors/**/*.test.ts', 'test/functions/**/*.test.ts'],
    reporters: ['default'],
  },
})
