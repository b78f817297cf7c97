import { configDefaults, defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // Minutes each: vitest.long.config.ts.
    exclude: [...configDefaults.exclude, 'test/long/**'],
    testTimeout: 30_000,
    hookTimeout: 60_000,
    globalSetup: ['./test/support/shared-folder.ts'],
    // One more than there are cores: several files do little but wait.
    maxWorkers: 3,
    reporters: ['default', './test/support/summary-reporter.ts'],
  },
})
