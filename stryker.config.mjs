/** Mutation testing of `lib/`: `npm run mutation`, more than an hour on two cores. `-- --mutate 'lib/jose/**'` takes a part. */
export default {
  mutate: ['lib/**/*.ts'],
  testRunner: 'vitest',
  plugins: ['@stryker-mutator/vitest-runner'],
  vitest: { configFile: 'vitest.mutation.config.ts' },
  coverageAnalysis: 'perTest',
  // Which test kills a mutant says the report; types are not checked. The file would be rewritten by an interface of
  // TypeScript that version 7 has not: none is named.
  tsconfigFile: 'none',
  concurrency: 2,
  ignorePatterns: ['dist', 'artifacts'],
  tempDirName: '.stryker-tmp',
  reporters: ['clear-text', 'json'],
  clearTextReporter: { allowColor: false, logTests: false, reportTests: false },
  timeoutMS: 15_000,
  jsonReporter: { fileName: 'artifacts/mutation.json' },
  thresholds: { high: 95, low: 85, break: 85 },
}
