import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { parse } from 'yaml'
import { dataPath, LARGE, month, PRICES, SMALL, tables, worstDay } from '../../infra/cost.ts'

const ROOT = join(import.meta.dirname, '../..')
const page = readFileSync(join(ROOT, 'docs/deploy.md'), 'utf8')
const read = (path: string) => parse(readFileSync(join(ROOT, path), 'utf8'), { logLevel: 'silent' })

test('KMS-14: the page has the numbers that are computed', () => {
  for (const row of tables()) expect(page).toContain(row)
})

test('the prices are those of docs/performance.md', () => {
  const performance = readFileSync(join(ROOT, 'docs/performance.md'), 'utf8')
  for (const text of ['$0.03 for 10,000', '$0.15 for 10,000', '$1.00 a million', '$0.0000133334']) {
    expect(performance).toContain(text)
  }
  expect(PRICES.signRsa2048 * 10_000).toBeCloseTo(0.03)
  expect(PRICES.signOther * 10_000).toBeCloseTo(0.15)
  expect(PRICES.apiRequest * 1e6).toBeCloseTo(1)
  expect(PRICES.lambdaGbSecond).toBe(0.0000133334)
})

test('a month is counted by hand', () => {
  const lines = month({ exchanges: 1_000_000 - 8_640, containers: 2, alarms: 10 })
  expect(lines).toMatchObject({
    'KMS, keys': 1,
    // A million of requests, 1.2 signatures each.
    'KMS, signatures': 3.6,
    'API Gateway': 1,
    // Three containers, a read a minute: 129,600 for $0.05 each ten thousand, and the secret.
    'Secrets Manager': 1.05,
    'CloudWatch, alarms': 1,
  })
  const { Together, ...parts } = lines
  expect(Together).toBeCloseTo(Object.values(parts).reduce((sum, usd) => sum + usd, 0))
})

test('a million requests under /api are counted by hand', () => {
  // 4 ms of half a GB are 2,000 GB-seconds, and 900 bytes each 0.9 GB.
  expect(dataPath(1_000_000)).toEqual({ 'REST API': 3.5, Authorizer: 0.23, 'Its log': 0.45 })
})

test('it grows with use, keys and the kind of key, and never the other way', () => {
  expect(month(LARGE).Together).toBeGreaterThan(month(SMALL).Together!)
  expect(month({ ...SMALL, keys: 3 })['KMS, keys']).toBe(3)
  expect(month({ ...LARGE, rsa2048: false })['KMS, signatures']).toBeCloseTo(
    5 * month(LARGE)['KMS, signatures']!,
    0,
  )
})

test('ABUSE-1: what strangers can spend in a day follows from the rates that are deployed', () => {
  const { RouteSettings } = read('infra/gateway.yml').extensions.HttpApiStage.Properties
  const rate = read('infra/parameters.yml').Parameters.RequestRate.Default
  const signing = ['ANY /revoke', 'ANY /par', 'ANY /device_authorization'].reduce(
    (sum, route) => sum + RouteSettings[route].ThrottlingRateLimit,
    rate,
  )
  const { signatures, kms, all } = worstDay(signing, true)
  expect(signatures).toBe(signing * 86_400)
  expect(kms).toBeCloseTo(signatures * 0.000003, 2)
  expect(all).toBeGreaterThan(kms)
  expect(page).toContain(`| RSA 2048 | ${signatures.toLocaleString('en')} | $${kms.toFixed(2)} |`)
  // With cookie deliveries strangers can begin sign-ins as well, and end them.
  const signIns = ['ANY /login', 'ANY /callback'].reduce(
    (sum, route) => sum + RouteSettings[route].ThrottlingRateLimit,
    0,
  )
  const more = worstDay(signing + signIns, true)
  expect(page).toContain(`${more.signatures.toLocaleString('en')} | $${more.kms.toFixed(2)} |`)
  // The check of infra/stack-parameters.cjs counts the same.
  const source = readFileSync(join(ROOT, 'infra/stack-parameters.cjs'), 'utf8')
  expect(source).toContain(`OTHER_ROUTES = ${signing - rate}\n`)
  expect(source).toContain(`SIGN_IN_ROUTES = ${signIns}\n`)
})
