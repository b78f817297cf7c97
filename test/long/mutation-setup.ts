// Before each file of tests in a run of mutants. StrykerJS hands over, at the end of a file, which mutants each test has met;
// where files share a process, that would be those of all files before, again and again.

type Coverage = { perTest: Record<string, object> }

const { mutantCoverage } = (globalThis as { __stryker__?: { mutantCoverage?: Coverage } }).__stryker__ ?? {}
if (mutantCoverage) mutantCoverage.perTest = {}
