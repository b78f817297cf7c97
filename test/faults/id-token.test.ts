import type http from 'node:http'
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest'
import { INIT_MS } from '../../lib/limits.ts'
import { type Deployment, ORIGIN, startDeployment, until } from '../support/deployment.ts'
import { closeProviders, json, type Provider, startProvider } from '../support/fake-provider.ts'
import { half, idToken, published } from '../support/id-tokens.ts'
import { type TestKey, testKey } from '../support/keys.ts'

// ID tokens through the built bundle: what a cold start reads, and what becomes of a code where the keys are not there.

type Jwks = (response: http.ServerResponse) => void

const one = testKey('RS256', 'one')
const two = testKey('ES256', 'two')
const serving =
  (...keys: [TestKey, string][]): Jwks =>
  response =>
    json(response, 200, { keys: keys.map(([key, kid]) => published(key, kid)) })
const hanging: Jwks = () => {}
const broken: Jwks = response => json(response, 500, {})

let provider: Provider
/** How its `jwks_uri` behaves, and what signs its ID tokens. */
let jwks: Jwks
let signing: [TestKey, string]
let tokens: number
/** What the provider waits for before it answers an exchange. */
let ready: () => Promise<void>
const deployments: Deployment[] = []

beforeEach(async () => {
  jwks = serving([one, 'k1'])
  signing = [one, 'k1']
  tokens = 0
  ready = async () => {}
  provider = await startProvider(async (response, { path }) => {
    if (path === '/jwks') return jwks(response)
    await ready()
    const [key, kid] = signing
    const access_token = `at-${++tokens}`
    const claims = { at_hash: half('sha256', access_token) }
    const id_token = idToken(provider.url, Date.now(), { header: { kid }, claims }, key)
    json(response, 200, { access_token, token_type: 'Bearer', id_token })
  })
})
afterEach(() => Promise.all(deployments.splice(0).map(deployment => deployment.close())))
afterAll(closeProviders)

async function start(client: Record<string, unknown> = {}): Promise<Deployment> {
  const jwks_uri = `${provider.url}/jwks`
  const deployment = await startDeployment(`${provider.url}/token`, { client: { jwks_uri, ...client } })
  deployments.push(deployment)
  return deployment
}

const reads = () => provider.requests.filter(({ path }) => path === '/jwks').length

async function outcome(deployment: Deployment) {
  const before = deployment.requests().length
  const response = await deployment.exchange()
  const body = (await response.json()) as { error?: string; id_token?: string; access_token?: string }
  await until(() => deployment.requests().length > before)
  const { outcome, error_name } = deployment.requests().at(-1)!
  expect(response.headers.get('access-control-allow-origin')).toBe(ORIGIN)
  expect(body.id_token !== undefined).toBe(response.status === 200)
  expect(body.access_token !== undefined).toBe(response.status === 200)
  return [response.status, body.error, outcome, error_name]
}

const GOOD = [200, undefined, 'tokens', undefined]

describe('IDT-5: a cold start', () => {
  test('reads the keys, and no exchange reads them again', async () => {
    const deployment = await start()
    expect(reads()).toBe(1)
    for (let n = 0; n < 3; n++) expect(await outcome(deployment)).toEqual(GOOD)
    expect(reads()).toBe(1)
    expect(provider.requests[0]).toMatchObject({ method: 'GET', body: '' })
  })

  test('in which they cannot be read is not remembered: the first exchange reads them beside it', async () => {
    jwks = broken
    const deployment = await start()
    jwks = serving([one, 'k1'])
    // Beside it and not after it: the provider does not answer before it has been asked for them.
    ready = () => until(() => reads() === 2)
    expect(await outcome(deployment)).toEqual(GOOD)
    expect(reads()).toBe(2)
  })

  test('in which they hang ends in time and delays no preflight; once they are back, the first exchange works', async () => {
    jwks = hanging
    const begun = performance.now()
    const deployment = await start()
    expect(performance.now() - begun).toBeGreaterThan(INIT_MS - 1)
    const preflight = await fetch(`${deployment.gateway.url}/token`, {
      method: 'OPTIONS',
      headers: { origin: ORIGIN, 'access-control-request-method': 'POST' },
    })
    expect(preflight.status).toBe(204)
    jwks = serving([one, 'k1'])
    expect(await outcome(deployment)).toEqual(GOOD)
  })

  test('reads none where they are not used', async () => {
    const deployment = await start({ validate_id_token: false })
    expect(await outcome(deployment)).toEqual(GOOD)
    expect(reads()).toBe(0)
  })
})

describe('IDT-5: the keys are not to be had', () => {
  test.each([
    ['broken', broken, 'JWKS_STATUS'],
    ['hanging', hanging, 'JWKS_TIMEOUT'],
  ])('%s: the code is spent, and the app is told that nobody knows', async (_, behaviour, error_name) => {
    jwks = behaviour
    const deployment = await start()
    const unknown = [502, 'exchange_outcome_unknown', 'id_token_unverifiable', error_name]
    expect(await outcome(deployment)).toEqual(unknown)
    expect(tokens).toBe(1)
    expect(deployment.logText()).not.toContain('at-1')
  })
})

describe('IDT-1, IDT-5: a rotation, end to end', () => {
  test('the new key is read when its first token comes; the old one, taken back, is refused', async () => {
    const deployment = await start()
    expect(await outcome(deployment)).toEqual(GOOD)
    jwks = serving([two, 'k2'])
    signing = [two, 'k2']
    expect(await outcome(deployment)).toEqual(GOOD)
    expect(await outcome(deployment)).toEqual(GOOD)
    expect(reads()).toBe(2)
    signing = [one, 'k1']
    const refused = [502, 'server_error', 'id_token_invalid', 'ID_TOKEN_KEY']
    expect(await outcome(deployment)).toEqual(refused)
    expect(await outcome(deployment)).toEqual(refused)
    expect(reads()).toBe(3)
  })

  test('a key that only calls itself like one that is known is none', async () => {
    const deployment = await start()
    signing = [testKey('RS256', 'stranger'), 'k1']
    expect(await outcome(deployment)).toEqual([502, 'server_error', 'id_token_invalid', 'ID_TOKEN_SIGNATURE'])
    expect(reads()).toBe(1)
  })
})
