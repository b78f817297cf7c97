import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { parseRegistrations } from '../../../lib/config/registrations.ts'
import { type DiscoveryServer, startDiscovery } from '../../support/discovery.ts'
import { type Answers, countersign, jsonOf, startAccount } from '../../support/operator.ts'

// `countersign init` for the deliveries whose sign-in begins at the functions, and what `try` says of such a client.

const AUTH = 'https://auth.example.com'
const ORIGIN = 'https://app.example.com'

let account: Awaited<ReturnType<typeof startAccount>>
let provider: DiscoveryServer
let secret: string
let made = 0

beforeAll(async () => {
  account = await startAccount()
  provider = await startDiscovery()
})
afterAll(async () => {
  vi.unstubAllEnvs()
  await Promise.all([account.close(), provider.close()])
})
beforeEach(async () => {
  provider.metadata = {}
  secret = await account.secret(`delivery-${++made}`)
})

const SESSION = ['--delivery', 'session', '--public-url', AUTH, '--origin', ORIGIN]
const ROUTES = ['--api-routes', 'GET /orders, * /me', '--api-routes', 'GET /orders/*']

function init(args: string[], answers?: Answers) {
  const common = [
    '--secret-id',
    secret,
    '--provider',
    'pingone',
    '--issuer',
    provider.issuer,
    '--client-id',
    'app-1',
  ]
  return countersign(['init', ...common, ...args], answers && { answers })
}

async function written() {
  const document = await account.documentOf(secret)
  const [client] = parseRegistrations(JSON.stringify(document), { revision: '', onLambda: false }).clients
  return { raw: document.clients[0]!, client: client! }
}

test('session: what the delivery needs, and no redirect URI', async () => {
  const said = await init([...SESSION, ...ROUTES, '--json'])
  expect([said.code, said.notes]).toEqual([0, []])
  const { raw, client } = await written()
  expect(raw).toMatchObject({
    delivery: 'session',
    public_url: AUTH,
    api_routes: ['GET /orders', '* /me', 'GET /orders/*'],
    allowed_origins: [ORIGIN],
  })
  expect(Object.keys(raw)).not.toContain('redirect_uris')
  expect(Object.keys(raw)).not.toContain('authorization_response_iss_parameter_supported')
  expect(client.api_routes).toHaveLength(3)
  const { next } = jsonOf<{ next: string[] }>(said)
  expect(next).toContain(`At the provider, register ${AUTH}/callback as the redirect URI`)
  expect(next.join('\n')).toMatch(/openid alone.*offline_access/)
  expect(next.join('\n')).toContain(`${AUTH}/login?client_id=app-1`)
  expect(next.join('\n')).not.toContain('countersign try')
})

test('mediated, for a native app', async () => {
  const said = await init([
    ...['--delivery', 'mediated', '--public-url', AUTH, '--application-type', 'native'],
    ...['--redirect-uri', 'com.example.app:/back', '--scope', 'openid offline_access', '--json'],
  ])
  expect(said.code).toBe(0)
  const { raw } = await written()
  expect(raw).toMatchObject({ delivery: 'mediated', redirect_uris: ['com.example.app:/back'] })
  expect(Object.keys(raw)).not.toContain('api_routes')
  const next = jsonOf<{ next: string[] }>(said).next.join('\n')
  expect(next).toContain('docs/mobile.md')
  expect(next).not.toContain('offline_access')
})

test.each([
  [true, true],
  [false, undefined],
  ['true', undefined],
])('authorization_response_iss_parameter_supported: %j at the provider', async (there, pinned) => {
  provider.metadata = { authorization_response_iss_parameter_supported: there }
  expect((await init([...SESSION, ...ROUTES])).code).toBe(0)
  expect((await written()).raw.authorization_response_iss_parameter_supported).toBe(pinned)
})

test.each<[string[], RegExp]>([
  [['--delivery', 'session', '--origin', ORIGIN], /There is missing: --public-url, --api-routes$/m],
  [['--delivery', 'mediated', '--public-url', AUTH], /There is missing: --origin$/m],
  [
    ['--delivery', 'mediated', '--public-url', AUTH, '--application-type', 'native'],
    /There is missing: --redirect-uri$/m,
  ],
  [['--delivery', 'cookies', '--origin', ORIGIN], /--delivery must be one of tokens, mediated, session/],
  [
    ['--redirect-uri', `${ORIGIN}/`, '--public-url', AUTH],
    /--public-url is for --delivery mediated or session/,
  ],
  [[...SESSION.with(1, 'mediated'), ...ROUTES], /--api-routes is for --delivery session/],
  [
    [...SESSION.with(3, 'https://a1b2.execute-api.eu-central-1.amazonaws.com'), ...ROUTES],
    /--public-url must be a name of your own/,
  ],
])('%j is no command line', async (args, says) => {
  const { code, notes } = await init(args)
  expect([code, notes.join('\n')]).toEqual([2, expect.stringMatching(says)])
  expect((await account.documentOf(secret)).clients).toEqual([])
})

describe('what does not fit together is not written', () => {
  test.each<[string, string[]]>([
    ['of another site', SESSION.with(5, 'https://app.example.net')],
    ['openid', [...SESSION, '--scope', 'profile']],
    ['refresh', [...SESSION, '--refresh', 'rotating']],
    ['method', [...SESSION, '--api-routes', '/orders']],
  ])('%s', async (says, args) => {
    const { code, notes } = await init([...args, ...ROUTES])
    expect([code, notes.join('\n')]).toEqual([1, expect.stringContaining(says)])
    expect((await account.documentOf(secret)).clients).toEqual([])
  })

  test('a provider without what the sign-in needs', async () => {
    provider.metadata = { authorization_endpoint: undefined, jwks_uri: undefined }
    const args = [...SESSION, ...ROUTES, '--json', '--provider', 'generic']
    const said = await init(args)
    expect([said.code, jsonOf(said)]).toMatchObject([
      1,
      {
        error: {
          code: 'endpoint_missing',
          message: expect.stringContaining('authorization_endpoint and jwks_uri'),
          fix: 'Give it by --authorization-endpoint and --jwks-uri.',
        },
      },
    ])
    const given = ['--authorization-endpoint', `${provider.issuer}/a`, '--jwks-uri', `${provider.issuer}/j`]
    expect((await init([...args, ...given])).code).toBe(0)
  })
})

test('on a terminal it asks, and for no redirect URI of a web app', async () => {
  const said = await init([], {
    'Is the app': '',
    'What does the app get': ['cookies', 'session'],
    'The origin under which': [`${AUTH}/path`, AUTH],
    'What of the API': 'GET /orders, * /me',
    'The origins': ORIGIN,
    'Sign with': '',
    'Write it': '',
  })
  expect(said.code).toBe(0)
  expect(said.notes.join('\n')).not.toContain('Its redirect URIs')
  expect((await written()).raw).toMatchObject({
    delivery: 'session',
    public_url: AUTH,
    api_routes: ['GET /orders', '* /me'],
  })
})

test('try: says where the sign-in begins, and does nothing', async () => {
  await init([...SESSION, ...ROUTES])
  const said = await countersign(['try', '--secret-id', secret, '--url', 'http://127.0.0.1:1', '--json'])
  expect([said.code, jsonOf(said)]).toMatchObject([
    1,
    {
      error: {
        code: 'delivery_has_session',
        message: expect.stringContaining(`begins at ${AUTH}/login`),
        fix: expect.stringContaining(`Open ${AUTH}/login?client_id=app-1 in a browser`),
      },
    },
  ])
})

test('a client whose tokens outlive a logout is noticed', async () => {
  provider.metadata = { revocation_endpoint: undefined }
  const said = await init([...SESSION, ...ROUTES, '--json', '--provider', 'generic'])
  expect(jsonOf<{ notices: string[] }>(said).notices).toContainEqual(
    expect.stringMatching(/^revocation_endpoint: is absent: after a logout/),
  )
})
