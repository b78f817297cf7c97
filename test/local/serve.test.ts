import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { KMSClient } from '@aws-sdk/client-kms'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { LocalAws } from '../../local/aws/server.ts'
import { startLocalAwsWorker } from '../../local/aws/worker.ts'
import { type IdentityProvider, startIdentityProvider } from '../../local/idp/provider.ts'
import { type CreatedKey, createSigningKey } from '../../local/keys.ts'
import { ACCOUNT, credentials, PRINCIPALS, REGION } from '../../local/roles.ts'
import { selfSignedCertificate } from '../support/certificate.ts'
import { type Command, npm } from '../support/command.ts'
import { createBrowser } from '../support/sign-in.ts'

// `npm run serve`: the built function in front of a provider over TLS, by configuration alone.

const ORIGIN = 'https://app.example.com'
const redirect_uri = `${ORIGIN}/callback`
const listening = (line: string) => line.startsWith('listening on ')

/** One client for each rule of the audience, and one without PKCE. */
const CLIENTS = [
  { client_id: 'by-issuer', alg: 'RS256' as const, rules: {} },
  { client_id: 'by-token-endpoint', alg: 'ES256' as const, rules: { assertion: { aud: 'token_endpoint' } } },
  {
    client_id: 'by-request-endpoint',
    alg: 'PS256' as const,
    rules: { assertion: { aud: 'request_endpoint' } },
  },
  { client_id: 'without-pkce', alg: 'EdDSA' as const, rules: { require_pkce: false } },
]

const directory = mkdtempSync(join(tmpdir(), 'serve-'))
const tls = selfSignedCertificate(['localhost'])
const caFile = join(directory, 'ca.pem')
let aws: LocalAws
let provider: IdentityProvider
let keys: CreatedKey[]
let environment: Record<string, string>
const browser = createBrowser()

beforeAll(async () => {
  writeFileSync(caFile, tls.cert)
  aws = await startLocalAwsWorker({
    kmsPort: 0,
    secretsManagerPort: 0,
    region: REGION,
    account: ACCOUNT,
    principals: PRINCIPALS,
  })
  const kms = new KMSClient({ region: REGION, endpoint: aws.kms, credentials: credentials('operator') })
  keys = await Promise.all(CLIENTS.map(({ alg }) => createSigningKey(kms, alg)))
  provider = await startIdentityProvider({
    port: 0,
    tls,
    public_host: 'localhost',
    clients: CLIENTS.map(({ client_id, alg }, i) => ({
      client_id,
      alg,
      redirect_uris: [redirect_uri],
      jwks: { keys: [keys[i]!.public_jwk] },
      require_pkce: client_id !== 'without-pkce',
    })),
  })
  const { accessKeyId, secretAccessKey } = credentials('oauth')
  environment = {
    PORT: '0',
    AWS_REGION: REGION,
    AWS_ENDPOINT_URL_KMS: aws.kms,
    AWS_ACCESS_KEY_ID: accessKeyId,
    AWS_SECRET_ACCESS_KEY: secretAccessKey,
    COUNTERSIGN_CONFIG: JSON.stringify({ version: 1, clients: CLIENTS.map(registrationOf) }),
  }
})
afterAll(async () => {
  await provider.close()
  await aws.close()
  rmSync(directory, { recursive: true })
})

function registrationOf({ client_id, rules }: (typeof CLIENTS)[number], index: number) {
  return {
    client_id,
    provider: 'generic',
    issuer: provider.issuer,
    token_endpoint: `${provider.issuer}/token`,
    signing_keys: [{ ...keys[index], state: 'active' }],
    allowed_origins: [ORIGIN],
    redirect_uris: [redirect_uri],
    ...rules,
  }
}

async function signIn(client_id: string) {
  const pkce = client_id !== 'without-pkce'
  return browser.signIn({ issuer: provider.issuer, client_id, redirect_uri, pkce, ca: tls.cert })
}

function post(serve: { url: string }, body: object): Promise<Response> {
  return fetch(`${serve.url}/token`, {
    method: 'POST',
    headers: { origin: ORIGIN, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
}

async function start(env: Record<string, string>): Promise<Command & { url: string }> {
  const serve = npm(['run', 'serve'], env)
  return { ...serve, url: (await serve.line(listening)).replace('listening on ', '') }
}

describe('in front of a provider over TLS', () => {
  let serve: Command & { url: string }
  beforeAll(async () => {
    serve = await start({ ...environment, NODE_EXTRA_CA_CERTS: caFile })
  })
  afterAll(async () => {
    await serve.end('SIGKILL')
  })

  test.each(CLIENTS.slice(0, 3))('ASRT-4: $client_id, $alg', async ({ client_id }) => {
    const { code, code_verifier } = await signIn(client_id)
    const response = await post(serve, { client_id, code, redirect_uri, code_verifier })
    expect(await response.json()).toMatchObject({ token_type: 'Bearer', access_token: expect.any(String) })
  })

  test('IN-10: { code, redirect_uri } is enough for a client without PKCE, and said at start', async () => {
    const { code } = await signIn('without-pkce')
    const response = await post(serve, { client_id: 'without-pkce', code, redirect_uri })
    expect(response.status).toBe(200)
    expect(serve.stderr()).toContain('clients[3].require_pkce')
  })

  test('IN-10: for every other client a 400 names code_verifier', async () => {
    const response = await post(serve, { client_id: 'by-issuer', code: 'x', redirect_uri })
    expect([response.status, await response.json()]).toEqual([
      400,
      { error: 'invalid_request', error_description: 'code_verifier is missing.' },
    ])
  })

  test('a signal to npm ends it, and nothing is left', async () => {
    expect(serve.stdout().match(/listening on/g)).toHaveLength(1)
    await serve.end('SIGTERM')
    expect(await serve.left()).toEqual([])
  })
})

test('REQ-4: a certificate that nobody vouches for is refused, and nothing is sent', async () => {
  const serve = await start(environment)
  const { code, code_verifier } = await signIn('by-issuer')
  const tokenRequests = () => provider.requests.filter(({ path }) => path.endsWith('/token')).length
  const before = tokenRequests()
  const response = await post(serve, { client_id: 'by-issuer', code, redirect_uri, code_verifier })
  expect([response.status, ((await response.json()) as { error: string }).error]).toEqual([
    502,
    'server_error',
  ])
  expect(tokenRequests()).toBe(before)
  await serve.end('SIGTERM')
})

describe('a configuration that is not right ends it with exit code 1, before it listens', () => {
  const broken = {
    version: 1,
    clients: [
      { client_id: 'a', provider: 'pingone', issuer: 'http://example.com/as', redirect_uris: ['/relative'] },
    ],
  }

  test.each([
    [
      'the document',
      () => ({ COUNTERSIGN_CONFIG: JSON.stringify(broken) }),
      [
        'clients[0].issuer',
        'clients[0].redirect_uris[0]',
        'clients[0].signing_keys',
        'clients[0].allowed_origins',
      ],
    ],
    ['no document', () => ({ COUNTERSIGN_CONFIG: '' }), ['COUNTERSIGN_CONFIG', 'COUNTERSIGN_SECRET_ID']],
    [
      'no credentials',
      () => ({ AWS_ACCESS_KEY_ID: '', AWS_SECRET_ACCESS_KEY: '' }),
      ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY'],
    ],
    [
      'a secret that is not there',
      () => ({
        COUNTERSIGN_CONFIG: '',
        COUNTERSIGN_SECRET_ID: 'none',
        AWS_ENDPOINT_URL_SECRETS_MANAGER: aws.secrets_manager,
      }),
      ['cannot be read'],
    ],
    ['a port that is none', () => ({ PORT: 'http' }), ['PORT']],
  ])('%s', async (_, changes, named) => {
    const serve = npm(['run', 'serve'], { ...environment, ...changes() })
    expect(await serve.ended).toBe(1)
    for (const text of named) expect(serve.stderr()).toContain(text)
    expect(serve.stderr()).not.toContain('    at ')
    expect(serve.stdout()).not.toContain('listening')
  })
})

test('a port in use is said in one clear line', async () => {
  const port = new URL(aws.kms).port
  const serve = npm(['run', 'serve'], { ...environment, PORT: port })
  expect(await serve.ended).toBe(1)
  expect(serve.stderr()).toContain(`Port ${port} is in use`)
})
