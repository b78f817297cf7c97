import { execFileSync, spawnSync } from 'node:child_process'
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { ROOT } from '../support/deployment.ts'

const { judge } = createRequire(import.meta.url)('../../infra/advisories.cjs') as {
  judge(printed: string): { failed: boolean; text: string }
}

// As npm 11 prints them.
const counts = (found: object) => ({ info: 0, low: 0, moderate: 0, high: 0, critical: 0, total: 0, ...found })
const report = (vulnerabilities: object, found: object) =>
  JSON.stringify({
    auditReportVersion: 2,
    vulnerabilities,
    metadata: {
      vulnerabilities: counts(found),
      dependencies: { prod: 31, dev: 330, optional: 60, peer: 0, peerOptional: 0, total: 442 },
    },
  })
const hole = (name: string, severity: string, via: unknown[]) => ({
  [name]: {
    name,
    severity,
    isDirect: false,
    via,
    effects: [],
    range: '<1.2.3',
    nodes: [],
    fixAvailable: true,
  },
})
const advisory = {
  source: 1,
  title: 'Reads too far',
  url: 'https://github.com/advisories/GHSA-x',
  severity: 'high',
}

const CLEAN = report({}, {})
const MODERATE = report(hole('a', 'moderate', [advisory]), { moderate: 1, total: 1 })
const HIGH = report(
  { ...hole('a', 'high', [advisory]), ...hole('b', 'critical', ['a']), ...hole('c', 'low', [advisory]) },
  { low: 1, high: 1, critical: 1, total: 3 },
)
const NOT_ALLOWED = JSON.stringify({
  message: '405 Method Not Allowed - POST https://registry.example/-/npm/v1/security/advisories/bulk',
  method: 'POST',
  statusCode: 405,
  body: '',
  error: { summary: '', detail: '' },
})
const UNREACHABLE = JSON.stringify({
  message: 'request to http://127.0.0.1:9/ failed, reason: connect ECONNREFUSED 127.0.0.1:9',
  error: { summary: '', detail: '' },
})
const NO_LOCK = JSON.stringify({
  error: { code: 'ENOLOCK', summary: 'This command requires an existing lockfile.' },
})

describe('known holes', () => {
  test('high and critical fail, and say what they are', () => {
    expect(judge(HIGH)).toEqual({
      failed: true,
      text: [
        'npm audit: 1 low, 1 high, 1 critical, in 442 packages',
        '  high: a <1.2.3: Reads too far https://github.com/advisories/GHSA-x',
        '  critical: b <1.2.3: a',
      ].join('\n'),
    })
  })

  test('lesser ones are counted, and none is said to be none', () => {
    expect(judge(MODERATE)).toEqual({ failed: false, text: 'npm audit: 1 moderate, in 442 packages' })
    expect(judge(CLEAN)).toEqual({ failed: false, text: 'npm audit: nothing known, in 442 packages' })
  })

  test('a registry that does not answer is skipped, and that is said', () => {
    for (const printed of [NOT_ALLOWED, UNREACHABLE]) {
      expect(judge(printed)).toMatchObject({ failed: false })
      expect(judge(printed).text).toMatch(/^npm audit: SKIPPED, the registry does not answer it \([^/]+\)$/)
    }
  })

  test('what is wrong here is not taken for the registry', () => {
    expect(judge(NO_LOCK)).toEqual({ failed: true, text: 'npm audit: ENOLOCK' })
    expect(judge('')).toMatchObject({ failed: true })
  })
})

test.each([
  ['a hole', HIGH, 1],
  ['none', CLEAN, 0],
  ['no answer', NOT_ALLOWED, 0],
])('npm run audit ends by what npm prints: %s', (_, printed, code) => {
  const folder = mkdtempSync(join(tmpdir(), 'countersign-npm-'))
  try {
    writeFileSync(join(folder, 'printed.json'), printed)
    // npm audit itself ends with 1 wherever it has something to say.
    writeFileSync(
      join(folder, 'npm'),
      '#!/bin/sh\n[ "$*" = "audit --json" ] && cat "$(dirname "$0")/printed.json"\nexit 1\n',
    )
    chmodSync(join(folder, 'npm'), 0o755)
    const env = { ...process.env, PATH: [folder, process.env.PATH].join(delimiter) }
    const { status, stdout } = spawnSync('node', [join(ROOT, 'infra/advisories.cjs')], {
      env,
      encoding: 'utf8',
    })
    expect(stdout).toBe(`${judge(printed).text}\n`)
    expect(status).toBe(code)
  } finally {
    rmSync(folder, { recursive: true })
  }
})

test('the run of a new machine begins with it, and ends where it fails', () => {
  const script = readFileSync(join(ROOT, '.ci/run'), 'utf8')
  expect(script.indexOf('node infra/advisories.cjs ||')).toBeGreaterThan(0)
  expect(script.indexOf('node infra/advisories.cjs ||')).toBeLessThan(script.indexOf('(npm ci && npm test)'))
  execFileSync('bash', ['-n', join(ROOT, '.ci/run')])
})
