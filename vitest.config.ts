import { configDefaults, defineConfig } from 'vitest/config'

export const common = {
  testTimeout: 30_000,
  hookTimeout: 60_000,
  globalSetup: ['./test/support/shared-folder.ts'],
  reporters: ['default', './test/support/summary-reporter.ts'],
}

/** What leaves nothing behind in its process. So files can share one, which costs half of what a process for each does. */
const IN_PROCESS = ['conformance', 'functions', 'lib', 'vectors'].map(room => `test/${room}/**/*.test.ts`)

export default defineConfig({
  test: {
    ...common,
    // One more than there are cores: several files do little but wait.
    maxWorkers: 3,
    // They run in the order of their names.
    projects: [
      {
        extends: true,
        test: {
          name: 'whole',
          include: ['test/**/*.test.ts'],
          // Those in test/long take minutes each: vitest.long.config.ts.
          exclude: [...configDefaults.exclude, ...IN_PROCESS, 'test/long/**'],
        },
      },
      { extends: true, test: { name: 'in process', include: IN_PROCESS, isolate: false } },
    ],
  },
})
