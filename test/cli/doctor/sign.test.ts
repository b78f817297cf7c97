import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { CHECKS } from '../../../cli/doctor/checks.ts'
import { standsIn } from '../../../cli/doctor/stand-in.ts'
import { control } from '../../../local/aws/control.ts'
import { credentials, SIGNING_ROLE } from '../../../local/roles.ts'
import { type Bench, type Run, reportOf, signingPolicy, startBench } from './bench.ts'

// A signature by anybody but the function rings an alarm on AWS: none is tried there unless asked for.

let bench: Bench
let folder: string
beforeAll(async () => {
  bench = await startBench()
  folder = await mkdtemp(join(tmpdir(), 'doctor-'))
  // The SDK finds the local KMS by its profile, and the environment says nothing of it: as far as we see, it is AWS.
  await writeFile(
    join(folder, 'config'),
    `[default]\nservices = local\n[services local]\nkms =\n  endpoint_url = ${bench.stack.kms}\n`,
  )
})
afterEach(() => bench.undo())
afterAll(async () => {
  await bench?.close()
  await rm(folder, { recursive: true })
})

const IDS = CHECKS.map(({ id }) => id)
const checkOf = (run: Run, id: string) => reportOf(run).checks.find(check => check.id === id)!
const notOk = (run: Run) =>
  reportOf(run)
    .checks.filter(({ status }) => status !== 'ok')
    .map(({ id }) => id)
    // This client has no session.
    .filter(id => id !== 'session-cookie')

/** Runs against what seems to be AWS. `signed`: how often KMS was asked for a signature by whoever ran it. */
async function onAws(...args: string[]): Promise<Run & { signed: number }> {
  const kms = control(bench.stack.kms)
  await kms.reset()
  const env = { AWS_ENDPOINT_URL_KMS: '', AWS_CONFIG_FILE: join(folder, 'config') }
  const run = await bench.run(['--json', '--client', 'demo-rs256', ...args], env)
  const { accessKeyId } = credentials('operator')
  const own = (await kms.requests()).filter(({ access_key_id }) => access_key_id === accessKeyId)
  // It did reach KMS: otherwise there is nothing to count.
  expect(own.some(({ operation }) => operation === 'DescribeKey')).toBe(true)
  return { ...run, signed: own.filter(({ operation }) => operation === 'Sign').length }
}

test('on AWS nothing is signed, and every check is made: the function signs', async () => {
  const run = await onAws()
  expect(run.signed).toBe(0)
  expect([notOk(run), run.code]).toEqual([[], 0])
  expect(checkOf(run, 'sign-verify').detail).toMatch(/^the function signs/)
  expect(checkOf(run, 'audience').detail).toMatch(/^the provider takes the function's assertion/)
})

test('--sign: a canary and the assertion, once each', async () => {
  const run = await onAws('--sign')
  expect(run.signed).toBe(2)
  expect(notOk(run)).toEqual([])
  expect(checkOf(run, 'sign-verify').detail).toMatch(/^a canary signed by KMS/)
  expect(checkOf(run, 'audience').detail).toMatch(/^the provider takes the assertion/)
})

test('--sign without permission: the canary is tried once, and the function signs', async () => {
  await bench.policy(signingPolicy([SIGNING_ROLE]))
  const secret = await bench.secret([bench.client()], { signers: [SIGNING_ROLE] })
  const run = await onAws('--secret-id', secret, '--sign')
  expect([run.signed, notOk(run)]).toEqual([1, []])
  expect(checkOf(run, 'sign-verify').detail).toMatch(/^the function signs/)
})

test('where the deployment is not known either, it says by what it would be looked at', async () => {
  const secret = await bench.secret([bench.client()], { url: '' })
  const run = await onAws('--secret-id', secret)
  expect([run.signed, run.code]).toEqual([0, 0])
  for (const id of ['sign-verify', 'audience']) {
    expect(checkOf(run, id)).toMatchObject({
      status: 'skip',
      fix: expect.stringMatching(/--url https:.*--sign/),
    })
  }
  const signing = await onAws('--secret-id', secret, '--sign')
  expect(checkOf(signing, 'audience').status).toBe('ok')
  const named = await onAws('--secret-id', secret, '--url', bench.stack.gateway)
  expect([named.signed, notOk(named)]).toEqual([0, []])
})

test('by plain http nothing is sent: the way there is the fault', async () => {
  const run = await onAws('--url', 'http://countersign.example.com')
  expect(run.signed).toBe(0)
  expect(reportOf(run).checks.filter(({ status }) => status === 'fail')).toMatchObject([
    { id: 'tls-headers' },
  ])
  expect(checkOf(run, 'sign-verify').detail).toBe('not looked at: rests on tls-headers')
  expect(reportOf(run).checks).toHaveLength(IDS.length)
})

describe('a stand-in answers for KMS', () => {
  const LOCAL = 'http://127.0.0.1:4566'
  const VPCE = 'https://vpce-1-2.kms.eu-central-1.vpce.amazonaws.com'

  test.each([
    ['nothing is said', {}, false],
    ['of KMS', { AWS_ENDPOINT_URL_KMS: LOCAL }, true],
    ['of all', { AWS_ENDPOINT_URL: 'http://localstack:4566' }, true],
    ['of another service', { AWS_ENDPOINT_URL_SECRETS_MANAGER: LOCAL }, false],
    ['an empty one', { AWS_ENDPOINT_URL_KMS: '' }, false],
    ['an empty one, and one of all', { AWS_ENDPOINT_URL_KMS: '', AWS_ENDPOINT_URL: LOCAL }, true],
    ["AWS's own, in a network", { AWS_ENDPOINT_URL_KMS: VPCE }, false],
    [
      "AWS's own, and a stand-in for the rest",
      { AWS_ENDPOINT_URL_KMS: VPCE, AWS_ENDPOINT_URL: LOCAL },
      false,
    ],
    ["AWS's own, in China", { AWS_ENDPOINT_URL: 'https://kms.cn-north-1.amazonaws.com.cn' }, false],
    ["AWS's own, dual stack", { AWS_ENDPOINT_URL: 'https://kms.eu-central-1.api.aws' }, false],
    ['a name that only looks like it', { AWS_ENDPOINT_URL: 'http://amazonaws.com.local.example' }, true],
    ['no URL', { AWS_ENDPOINT_URL: 'here' }, false],
    [
      'the SDK is told not to look',
      { AWS_ENDPOINT_URL_KMS: LOCAL, AWS_IGNORE_CONFIGURED_ENDPOINT_URLS: 'true' },
      false,
    ],
  ])('%s', (_, env, expected) => {
    expect(standsIn(env)).toBe(expected)
  })
})
