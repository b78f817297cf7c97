import { readFileSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DisableKeyCommand } from '@aws-sdk/client-kms'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { CHECKS } from '../../../cli/doctor/checks.ts'
import { createSigningKey } from '../../../local/keys.ts'
import { OPERATOR, SIGNING_ROLE } from '../../../local/roles.ts'
import { selfSignedCertificate } from '../../support/certificate.ts'
import { type Bench, type Report, reportOf, signingPolicy, startBench } from './bench.ts'
import { sessionDeployment } from './faults/plant.ts'
import { startProxy } from './proxy.ts'

// Nothing is wrong with the local stack, or nothing that keeps it from working.

let bench: Bench
beforeAll(async () => {
  bench = await startBench()
})
afterEach(() => bench.undo())
afterAll(() => bench?.close())

const IDS = CHECKS.map(({ id }) => id)
/** Of clients without a session. */
const SESSION = 'session-cookie'
const LOOKED_AT = IDS.filter(id => id !== SESSION)

function check({ checks }: Report, id: string) {
  return checks.find(one => one.id === id)!
}

function statuses({ checks }: Report, status: string): string[] {
  return checks.filter(one => one.status === status).map(({ id }) => id)
}

test('every check is ok on the local stack, and says of which client it speaks', async () => {
  const run = await bench.run(['--json'])
  const report = reportOf(run)
  expect(run.code).toBe(0)
  expect(report.ok).toBe(true)
  expect(statuses(report, 'ok')).toEqual(IDS)
  for (const one of report.checks) {
    expect(Object.keys(one)).toEqual(['id', 'status', 'detail', 'fix'])
    expect(one.detail).not.toBe('')
    expect(one.fix).toBe('')
  }
  for (const { client_id } of bench.stack.clients) {
    expect(check(report, 'sign-verify').detail).toContain(client_id)
    expect(check(report, 'audience').detail).toContain(client_id)
  }
})

test('for people: one line a check, and the sum of it', async () => {
  const { code, stdout } = await bench.run([], { NO_COLOR: '1' })
  const lines = stdout.trimEnd().split('\n')
  expect(code).toBe(0)
  expect(lines.slice(0, IDS.length).map(line => line.split(/\s+/).slice(0, 2))).toEqual(
    IDS.map(id => ['ok', id]),
  )
  expect(lines.slice(IDS.length)).toEqual(['', `${IDS.length} checks are ok, 0 not made`])
})

test('for people: what to do stands below the check that failed', async () => {
  const { code, stdout } = await bench.run(['--origin', 'https://app.example.com'], { NO_COLOR: '1' })
  const lines = stdout.trimEnd().split('\n')
  const at = lines.findIndex(line => /^fail {2}cors-preflight /.test(line))
  expect(code).toBe(1)
  expect(lines[at + 1]).toBe('      Add "https://app.example.com" to allowed_origins of the client.')
  expect(lines.at(-1)).toBe(`1 failed, ${IDS.length - 1} ok, 0 not made`)
})

test('where only the function may sign, as on AWS, it signs for the check', async () => {
  await bench.policy(signingPolicy([SIGNING_ROLE]))
  const run = await bench.run([
    '--json',
    '--secret-id',
    await bench.secret([bench.client()], { signers: [SIGNING_ROLE] }),
  ])
  const report = reportOf(run)
  expect(statuses(report, 'ok')).toEqual(LOOKED_AT)
  expect(check(report, 'sign-verify').detail).toMatch(/^the function signs/)
  expect(check(report, 'audience').detail).toMatch(/the function's assertion/)
  expect(run.code).toBe(0)
})

test('where neither URL nor signers are known, it says how to name them', async () => {
  const secret = await bench.secret([bench.client()], { url: '', signers: [] })
  const run = await bench.run(['--json', '--secret-id', secret])
  const report = reportOf(run)
  const unknown = statuses(report, 'skip')
  expect(unknown).toEqual([
    'permissions',
    'reachable',
    'tls-headers',
    'jwks-published',
    'kid',
    'cors-preflight',
    'cors-error',
    'cors-success',
    'cors-foreign',
    SESSION,
  ])
  for (const id of unknown.filter(id => id !== SESSION))
    expect(check(report, id).fix).toMatch(id === 'permissions' ? /--signer/ : /--url/)
  expect(run.code).toBe(0)

  const named = ['--url', `${bench.stack.gateway}/`, '--signer', SIGNING_ROLE, '--signer', OPERATOR]
  const again = await bench.run(['--json', '--secret-id', secret, ...named])
  expect(statuses(reportOf(again), 'ok')).toEqual(LOOKED_AT)
})

test('by https, with a certificate of an authority of its own', async () => {
  const certificate = selfSignedCertificate(['127.0.0.1'])
  const proxy = await startProxy(bench.stack.gateway, () => undefined, certificate)
  const folder = await mkdtemp(join(tmpdir(), 'doctor-'))
  bench.later(proxy.close)
  bench.later(() => rm(folder, { recursive: true }))
  await writeFile(join(folder, 'ca.pem'), certificate.cert)
  const run = await bench.run(['--json', '--client', 'demo-rs256', '--url', proxy.url], {
    NODE_EXTRA_CA_CERTS: join(folder, 'ca.pem'),
  })
  expect(statuses(reportOf(run), 'ok')).toEqual(LOOKED_AT)
  expect(check(reportOf(run), 'tls-headers').detail).toBe('https, and every header is there')
})

test('one client is looked at where one is named', async () => {
  const report = reportOf(await bench.run(['--json', '--client', 'native']))
  expect(check(report, 'key-alg').detail).toBe('ED25519_SHA_512 and no other')
  expect(statuses(report, 'skip')).toEqual(['cors-preflight', 'cors-error', 'cors-success', SESSION])
  const { code, stdout } = await bench.run(['--json', '--client', 'nobody'])
  expect(code).toBe(2)
  expect(JSON.parse(stdout)).toMatchObject({ ok: false, error: { code: 'usage' } })
  expect((await bench.run(['--url', 'countersign.example.com'])).code).toBe(2)
})

test('a next key that cannot sign is a failure, and hides nothing about the active one', async () => {
  const client = bench.client()
  const key = await createSigningKey(bench.kms, 'ES256')
  await bench.kms.send(new DisableKeyCommand({ KeyId: key.kms_key_arn }))
  const secret = await bench.secret([
    { ...client, signing_keys: [...client.signing_keys, { ...key, state: 'next' }] },
  ])
  const report = reportOf(
    await bench.run(['--json', '--secret-id', secret, '--url', await bench.functions(secret)]),
  )
  expect(statuses(report, 'fail')).toEqual(['key-enabled'])
  expect(check(report, 'key-enabled').detail).toMatch(/^next key: /)
  expect(statuses(report, 'ok')).toEqual(LOOKED_AT.filter(id => id !== 'key-enabled'))
})

test('one of two clients has a fault: the other is looked at all the same', async () => {
  const broken = bench.client()
  broken.signing_keys[0]!.kms_key_arn = broken.signing_keys[0]!.kms_key_arn.replace(/.{12}$/, '000000000000')
  const secret = await bench.secret([broken, bench.clientOf('demo-es256')])
  const report = reportOf(await bench.run(['--json', '--secret-id', secret]))
  expect(statuses(report, 'fail')).toEqual(['key-exists'])
  expect(check(report, 'key-exists').detail).toMatch(/^demo-rs256: /)
  expect(check(report, 'audience')).toMatchObject({
    status: 'ok',
    detail: expect.stringMatching(
      /demo-rs256: not looked at: rests on key-exists; demo-es256: the provider takes/,
    ),
  })
})

test('a client that is switched off is looked at where it is named', async () => {
  const secret = await bench.secret([{ ...bench.client(), enabled: false }])
  const all = reportOf(await bench.run(['--json', '--secret-id', secret]))
  expect(check(all, 'key-exists')).toMatchObject({ status: 'skip', detail: 'no client is enabled' })
  const named = reportOf(await bench.run(['--json', '--secret-id', secret, '--client', 'demo-rs256']))
  expect(statuses(named, 'skip')).toEqual(['cors-success', SESSION])
})

describe('clients with a session', () => {
  test.each([
    ['session', {}],
    ['mediated', { delivery: 'mediated', api_routes: undefined, redirect_uris: undefined }],
  ])('%s: every check is ok, and the sign-in begins', async (_, change) => {
    const { secret, url } = await sessionDeployment(bench, { change })
    const report = reportOf(await bench.run(['--json', '--secret-id', secret]))
    expect(statuses(report, 'ok')).toEqual(IDS)
    expect(check(report, SESSION).detail).toMatch(/^\/login sends the browser to /)
    expect(url).toMatch(/^http/)
  })

  test('where only the function signs, it revokes a made-up token for the check', async () => {
    await bench.policy(signingPolicy([SIGNING_ROLE]))
    const { secret } = await sessionDeployment(bench)
    const report = reportOf(await bench.run(['--json', '--secret-id', secret, '--signer', SIGNING_ROLE]))
    expect(statuses(report, 'ok')).toEqual(IDS)
    expect(check(report, 'audience').detail).toMatch(/the function's assertion/)
  })

  test('without a revocation endpoint that cannot be told, and what could be done is', async () => {
    await bench.policy(signingPolicy([SIGNING_ROLE]))
    const { secret } = await sessionDeployment(bench, { change: { revocation_endpoint: undefined } })
    const report = reportOf(await bench.run(['--json', '--secret-id', secret, '--signer', SIGNING_ROLE]))
    expect(statuses(report, 'skip')).toEqual(['sign-verify', 'audience'])
    expect(check(report, 'audience').fix).toMatch(/add revocation_endpoint/)
  })

  test('a native app: no Origin, no X-CSRF, and its own way back', async () => {
    const { secret } = await sessionDeployment(bench, {
      change: {
        application_type: 'native',
        allowed_origins: [],
        redirect_uris: ['com.example.app:/callback'],
      },
    })
    const report = reportOf(await bench.run(['--json', '--secret-id', secret]))
    expect(statuses(report, 'fail')).toEqual([])
    expect(statuses(report, 'skip')).toEqual(['cors-preflight', 'cors-error', 'cors-success'])
    expect(check(report, SESSION).status).toBe('ok')
  })
})

test('the ids are those of the documentation, in its order', () => {
  const text = readFileSync(new URL('../../../docs/doctor.md', import.meta.url), 'utf8')
  const documented = [...text.matchAll(/^\| `([a-z-]+)` \|/gm)].map(([, id]) => id)
  expect(documented).toEqual(IDS)
  const rests = [...text.matchAll(/^\| `([a-z-]+)` \|[^|]*\|([^|]*)\|/gm)].map(([, id, cell]) => [
    id,
    [...cell!.matchAll(/`([a-z-]+)`/g)].map(([, other]) => other),
  ])
  expect(rests).toEqual(CHECKS.map(({ id, rests }) => [id, [...rests]]))
})
