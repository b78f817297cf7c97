// Known holes in what the lock file names, by npm's own audit: what `.ci/run` does before it installs anything, so it needs
// no package, and no newer Node than npm has.
const { spawnSync } = require('node:child_process')
const { join } = require('node:path')

const FAILING = ['high', 'critical']

/**
 * What `npm audit --json` printed, judged. Its exit code says the same for a hole, for a registry that has no such answer
 * and for a lock file that is missing, so it is not asked.
 *
 * @param {string} printed
 * @returns {{ failed: boolean, text: string }}
 */
function judge(printed) {
  let report
  try {
    report = JSON.parse(printed)
  } catch {
    return { failed: true, text: 'npm audit: no answer that can be read' }
  }
  // npm's own errors have a code; a registry that cannot be reached, or answers otherwise, has a message alone.
  if (report.error?.code) return { failed: true, text: `npm audit: ${report.error.code}` }
  if (report.auditReportVersion === undefined) {
    // Without the address that was asked.
    const why = String(report.message).replace(/(?: - \w+)? (?:to )?https?:\S+.*$/s, '')
    return { failed: false, text: `npm audit: SKIPPED, the registry does not answer it (${why})` }
  }
  const { vulnerabilities: counts, dependencies } = report.metadata
  const severities = Object.keys(counts).filter(name => name !== 'total' && counts[name] > 0)
  const found = severities.map(name => `${counts[name]} ${name}`).join(', ') || 'nothing known'
  const bad = Object.values(report.vulnerabilities).filter(({ severity }) => FAILING.includes(severity))
  const lines = bad.map(({ name, range, severity, via }) => {
    // Either an advisory, or the name of the package whose hole it is.
    const why = via.map(one => (typeof one === 'string' ? one : `${one.title} ${one.url}`))
    return `  ${severity}: ${name} ${range}: ${why.join('; ')}`
  })
  return {
    failed: bad.length > 0,
    text: [`npm audit: ${found}, in ${dependencies.total} packages`, ...lines].join('\n'),
  }
}

module.exports = { judge }

if (require.main === module) {
  const { stdout } = spawnSync('npm', ['audit', '--json'], {
    cwd: join(__dirname, '..'),
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  const { failed, text } = judge(stdout ?? '')
  console.log(text)
  process.exitCode = failed ? 1 : 0
}
