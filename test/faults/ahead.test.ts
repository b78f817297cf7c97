import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { INIT_MS } from '../../lib/limits.ts'
import { type Deployment, ORIGIN, startDeployment, until } from '../support/deployment.ts'
import { closeProviders, json, type Provider, startProvider } from '../support/fake-provider.ts'
import { decode } from '../support/keys.ts'

// Assertions signed ahead, through the built bundle: what a cold start does, and what it costs where KMS fails.

const PROVIDER_MS = 30

let provider: Provider
const deployments: Deployment[] = []

beforeAll(async () => {
  provider = await startProvider(response => {
    setTimeout(() => json(response, 200, { access_token: 'at', token_type: 'Bearer' }), PROVIDER_MS)
  })
})
afterEach(() => Promise.all(deployments.splice(0).map(deployment => deployment.close())))
afterAll(closeProviders)

async function start(options: Parameters<typeof startDeployment>[1] = {}): Promise<Deployment> {
  const deployment = await startDeployment(`${provider.url}/token`, options)
  deployments.push(deployment)
  return deployment
}

const preflight = ({ gateway }: Deployment) =>
  fetch(`${gateway.url}/token`, {
    method: 'OPTIONS',
    headers: { origin: ORIGIN, 'access-control-request-method': 'POST' },
  })

const assertions = (from = 0) =>
  provider.requests.slice(from).map(({ body }) => new URLSearchParams(body).get('client_assertion')!)

describe('a cold start', () => {
  test('signs once and opens one connection; the first exchange uses both, and costs no signature', async () => {
    const connections = provider.connections
    const deployment = await start()
    expect([await deployment.kms.calls('Sign'), provider.connections - connections]).toEqual([1, 1])

    expect((await deployment.exchange()).status).toBe(200)
    expect([await deployment.kms.calls('Sign'), provider.connections - connections]).toEqual([1, 1])
    await until(() => deployment.requests().length > 0)
    const [signature] = (await deployment.kms.requests()).filter(({ operation }) => operation === 'Sign')
    expect(deployment.requests()[0]).toMatchObject({
      outcome: 'tokens',
      ahead: true,
      jti: decode(assertions().at(-1)!).claims.jti,
      // KMS-18: the id of the signature travels with it.
      kms_request_id: signature!.request_id,
    })
  })

  test('signs nothing where the client says so, nor where a lifetime leaves no time for it', async () => {
    for (const assertion of [{ ahead: false }, { lifetime: 30 }]) {
      const deployment = await start({ client: { assertion } })
      expect((await deployment.exchange()).status).toBe(200)
      expect(await deployment.kms.calls('Sign')).toBe(1)
      await until(() => deployment.requests().length > 0)
      expect(deployment.requests()[0]).toMatchObject({ ahead: false })
    }
  })

  test('signs nothing for a client that is switched off', async () => {
    const deployment = await start({ client: { enabled: false } })
    expect((await deployment.exchange()).status).toBe(503)
    expect(await deployment.kms.calls('Sign')).toBe(0)
  })

  test.each([
    ['throttles', { kind: 'error', name: 'ThrottlingException' }],
    ['refuses', { kind: 'error', name: 'AccessDeniedException' }],
    ['resets', { kind: 'reset' }],
    ['signs with another key', { kind: 'wrong-signature' }],
  ] as const)('in which KMS %s is not remembered', async (_, fault) => {
    const deployment = await start({ prepare: kms => kms.fault('Sign', fault) })
    // No request tells of it, so a line of its own does.
    const said = /"event":"assertion".*"outcome":"sign_ahead_failed: signer_\w+".*"error_name"/
    await until(() => said.test(deployment.logText()))
    await deployment.kms.fault('Sign', null)
    expect((await deployment.exchange()).status).toBe(200)
    expect(deployment.logText()).not.toMatch(/arn:aws|000000000000/)
  })

  test('in which KMS hangs ends in time, delays no preflight, and the first request signs for itself', async () => {
    const begun = performance.now()
    const deployment = await start({ prepare: kms => kms.fault('Sign', { kind: 'hang' }) })
    expect(performance.now() - begun).toBeGreaterThan(INIT_MS - 1)
    const answer = await preflight(deployment)
    expect([answer.status, answer.headers.get('access-control-allow-origin')]).toEqual([204, ORIGIN])
    expect(await deployment.kms.calls('Sign')).toBe(1)
    await deployment.kms.fault('Sign', null)
    expect((await deployment.exchange()).status).toBe(200)
    await until(() => deployment.requests().length > 1)
    // Of what KMS never answered nothing is waited for: it was under way for too long already.
    expect(deployment.requests().at(-1)!.kms_ms).toBeLessThan(INIT_MS)
  })

  test('in front of a provider that is not there serves preflights, and refuses exchanges as ever', async () => {
    const deployment = await startDeployment('http://127.0.0.1:9/token')
    deployments.push(deployment)
    expect((await preflight(deployment)).status).toBe(204)
    expect((await deployment.exchange()).status).toBe(502)
  })
})

describe('ASRT-11: what is sent', () => {
  test('by 200 exchanges at once: 200 jti, none expired, none twice', async () => {
    const deployment = await start()
    const from = provider.requests.length
    const answers = await Promise.all(Array.from({ length: 200 }, () => deployment.exchange()))
    expect(answers.filter(({ status }) => status !== 200)).toEqual([])
    const claims = assertions(from).map(assertion => decode(assertion).claims)
    expect(claims).toHaveLength(200)
    expect(new Set(claims.map(({ jti }) => jti)).size).toBe(200)
    const now = Date.now() / 1000
    for (const { iat, exp } of claims as { iat: number; exp: number }[]) {
      expect(iat).toBeLessThanOrEqual(now)
      expect(exp).toBeGreaterThan(now)
    }
    // One that was signed ahead is over at most.
    expect(await deployment.kms.calls('Sign')).toBeLessThanOrEqual(201)
  })

  test('one after the other: each but the second was signed before its request came', async () => {
    const deployment = await start()
    const from = provider.requests.length
    for (let n = 0; n < 10; n++) expect((await deployment.exchange()).status).toBe(200)
    await until(() => deployment.requests().length === 10)
    // The gap after the first request is not known, so nothing is signed for the second.
    expect(deployment.requests().map(({ ahead }) => ahead)).toEqual(
      Array.from({ length: 10 }, (_, n) => n !== 1),
    )
    expect(new Set(assertions(from)).size).toBe(10)
    expect(await deployment.kms.calls('Sign')).toBeLessThanOrEqual(11)
  })

  test('while KMS fails: the spare, then 503 without a request; a failure ahead is nobody’s error', async () => {
    const deployment = await start()
    for (let n = 0; n < 3; n++) await deployment.exchange()
    await until(() => deployment.requests().length === 3)
    await deployment.kms.fault('Sign', { kind: 'error', name: 'AccessDeniedException' })
    expect((await deployment.exchange()).status).toBe(200)
    const sent = provider.requests.length
    expect((await deployment.exchange()).status).toBe(500)
    expect(provider.requests.length).toBe(sent)
    await deployment.kms.fault('Sign', null)
    expect((await deployment.exchange()).status).toBe(200)
  })
})
