import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Deployment, GOOD, ORIGIN, startDeployment } from '../support/deployment.ts'
import { closeProviders, json, type Provider, startProvider } from '../support/fake-provider.ts'

// The refusals once more, over HTTP and through the built bundle, counted where the money goes: at KMS and at the provider.

let provider: Provider
let deployment: Deployment

beforeAll(async () => {
  provider = await startProvider(response =>
    json(response, 200, { access_token: 'at', token_type: 'Bearer' }),
  )
  deployment = await startDeployment(`${provider.url}/token`)
})
afterAll(async () => {
  await deployment.close()
  closeProviders()
})

const FORM = 'application/x-www-form-urlencoded'
const form = (changes: Record<string, string>) => new URLSearchParams({ ...GOOD, ...changes }).toString()
const without = (name: string) =>
  new URLSearchParams(Object.entries(GOOD).filter(([key]) => key !== name)).toString()

function post(
  body: string | Uint8Array<ArrayBuffer>,
  { origin = ORIGIN as string | null, type = FORM } = {},
): Promise<Response> {
  return fetch(`${deployment.gateway.url}/token`, {
    method: 'POST',
    headers: { 'content-type': type, ...(origin !== null && { origin }) },
    body,
  })
}

async function costsNothing(
  work: () => Promise<Response>,
): Promise<{ status: number; error: string; readable: boolean }> {
  const before = [await deployment.kms.calls('Sign'), provider.requests.length]
  const response = await work()
  const { error } = (await response.json()) as { error: string }
  expect([await deployment.kms.calls('Sign'), provider.requests.length]).toEqual(before)
  return {
    status: response.status,
    error,
    readable: response.headers.get('access-control-allow-origin') === ORIGIN,
  }
}

test.each<[string, () => Promise<Response>, number, string, boolean]>([
  [
    'a foreign origin',
    () => post(form({}), { origin: 'https://evil.example' }),
    403,
    'invalid_request',
    false,
  ],
  ['the null origin', () => post(form({}), { origin: 'null' }), 403, 'invalid_request', false],
  ['no Origin', () => post(form({}), { origin: null }), 403, 'invalid_request', false],
  ['an unknown client', () => post(form({ client_id: 'app-2' })), 400, 'invalid_request', true],
  ['no verifier', () => post(without('code_verifier')), 400, 'invalid_request', true],
  [
    'a verifier of bad grammar',
    () => post(form({ code_verifier: `${'v'.repeat(43)} ` })),
    400,
    'invalid_request',
    true,
  ],
  ['no code', () => post(without('code')), 400, 'invalid_request', true],
  ['a code twice', () => post(`${form({})}&code=other`), 400, 'invalid_request', true],
  ['a wrong redirect_uri', () => post(form({ redirect_uri: `${ORIGIN}/other` })), 400, 'invalid_grant', true],
  ['client_assertion', () => post(form({ client_assertion: 'a.b.c' })), 400, 'invalid_request', true],
  ['client_secret', () => post(form({ client_secret: 's' })), 400, 'invalid_request', true],
  [
    'client_credentials',
    () => post('grant_type=client_credentials&client_id=app-1'),
    400,
    'unsupported_grant_type',
    true,
  ],
  ['17 KB', () => post(form({ state: 'x'.repeat(17_000) })), 413, 'invalid_request', true],
  ['text/plain', () => post(form({}), { type: 'text/plain' }), 400, 'invalid_request', true],
  [
    'an array in JSON',
    () => post(JSON.stringify([GOOD]), { type: 'application/json' }),
    400,
    'invalid_request',
    true,
  ],
])('KMS-12: %s', async (_, work, status, error, readable) => {
  expect(await costsNothing(work)).toEqual({ status, error, readable })
})

test('KMS-12: 50 random bodies', async () => {
  for (let i = 0; i < 50; i++) {
    const type = i % 2 === 0 ? FORM : 'application/json'
    const refused = await costsNothing(() => post(new Uint8Array(randomBytes(1 + i * 7)), { type }))
    expect(refused).toEqual({ status: 400, error: 'invalid_request', readable: true })
  }
})

test('and a good request costs one request, and one signature at most: the cold start may have made it', async () => {
  const before = [await deployment.kms.calls('Sign'), provider.requests.length] as const
  expect((await deployment.exchange()).status).toBe(200)
  expect(provider.requests.length).toBe(before[1] + 1)
  expect((await deployment.kms.calls('Sign')) - before[0]).toBeLessThanOrEqual(1)
})
