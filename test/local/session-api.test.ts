import { request } from 'node:http'
import { PassThrough } from 'node:stream'
import { KMSClient } from '@aws-sdk/client-kms'
import { CreateSecretCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { build } from '../../infra/build.ts'
import { sessionCookie } from '../../lib/session/cookies.ts'
import { sealKeys } from '../../lib/session/keys.ts'
import { seal } from '../../lib/session/seal.ts'
import { type Api, startApi } from '../../local/api/server.ts'
import type { LocalAws } from '../../local/aws/server.ts'
import { startLocalAwsWorker } from '../../local/aws/worker.ts'
import { type Gateway, startGateway } from '../../local/gateway/server.ts'
import { createSigningKey } from '../../local/keys.ts'
import { ACCOUNT, CONFIG_SECRET, credentials, PRINCIPALS, REGION, SESSION_SECRET } from '../../local/roles.ts'
import { ROOT } from '../support/deployment.ts'

// The data path from end to end: the gateway, the built authorizer with its role and secrets, and the API that it leads to.
// The session is sealed by the test, which has the ring.

const APP = 'http://app.example.localhost:5173'
const ISSUER = 'http://127.0.0.1:9/0a1b2c3d-0000-4000-8000-000000000000/as'
const MASTER = 'm'.repeat(64)
const MINE = { origin: APP, 'x-csrf': '1', 'sec-fetch-site': 'same-site' }

let aws: LocalAws
let api: Api
let gateway: Gateway

beforeAll(async () => {
  ;[aws, api] = await Promise.all([
    startLocalAwsWorker({
      kmsPort: 0,
      secretsManagerPort: 0,
      region: REGION,
      account: ACCOUNT,
      principals: PRINCIPALS,
    }),
    startApi({ port: 0, origins: () => [APP] }),
    build(),
  ])
  const operator = { region: REGION, credentials: credentials('operator') }
  const key = await createSigningKey(new KMSClient({ ...operator, endpoint: aws.kms }), 'RS256')
  const client = {
    client_id: 'orders',
    provider: 'pingone',
    issuer: ISSUER,
    signing_keys: [{ ...key, state: 'active' }],
    application_type: 'web',
    delivery: 'session',
    public_url: 'http://api.example.localhost:8401',
    allowed_origins: [APP],
    api_routes: ['GET /orders', 'POST /orders', 'GET /orders/*', 'GET /me'],
  }
  const secrets = new SecretsManagerClient({ ...operator, endpoint: aws.secrets_manager })
  const create = (Name: string, value: object) =>
    secrets.send(new CreateSecretCommand({ Name, SecretString: JSON.stringify(value) }))
  await create(CONFIG_SECRET, { version: 1, clients: [client] })
  await create(SESSION_SECRET, { write: 'k1', k1: MASTER })
  gateway = await startGateway({
    port: 0,
    root: ROOT,
    log: new PassThrough().resume(),
    parameters: { ApiUrl: api.url, AppOrigin: APP, ForwardClientAddress: 'true' },
    environmentOf: name => {
      const { accessKeyId, secretAccessKey } = credentials(name)
      return {
        AWS_REGION: REGION,
        AWS_ENDPOINT_URL_KMS: aws.kms,
        AWS_ENDPOINT_URL_SECRETS_MANAGER: aws.secrets_manager,
        COUNTERSIGN_SECRET_ID: CONFIG_SECRET,
        COUNTERSIGN_SESSION_SECRET_ID: SESSION_SECRET,
        AWS_ACCESS_KEY_ID: accessKeyId,
        AWS_SECRET_ACCESS_KEY: secretAccessKey,
      }
    },
  })
})
afterAll(async () => {
  await gateway?.close()
  await api?.close()
  await aws?.close()
})

async function cookie({ expires_in = 300, ends_in = 3600, client_id = 'orders', master = MASTER } = {}) {
  const value = { write: 'k1', masters: new Map([['k1', master]]) }
  const ring = { get: async () => ({ value, expired: false }), renewed: async () => true }
  const now_s = Math.floor(Date.now() / 1000)
  const sealed = await seal(
    sealKeys({ ring, now: Date.now }),
    'session',
    { client_id, as: { issuer: ISSUER } },
    {
      access_token: 'at-1',
      token_type: 'Bearer',
      expires_at: now_s + expires_in,
      claims: {},
      iat: now_s,
      exp: now_s + ends_in,
    },
  )
  return `${sessionCookie('orders')}=${sealed}`
}

/** A path as it is written: `fetch` would tidy it. */
function ask(path: string, headers: Record<string, string> = {}, method = 'GET', body = '') {
  const { hostname, port } = new URL(gateway.url)
  return new Promise<{ status: number | undefined; text: string; cors: string | undefined }>(
    (resolve, reject) => {
      request({ hostname, port, path, method, headers }, response => {
        const chunks: Buffer[] = []
        response.on('data', chunk => chunks.push(chunk))
        response.on('end', () =>
          resolve({
            status: response.statusCode,
            text: Buffer.concat(chunks).toString(),
            cors: response.headers['access-control-allow-origin'],
          }),
        )
      })
        .on('error', reject)
        .end(body)
    },
  )
}

describe('with a session', () => {
  test('BFF-2: the API gets its access token, and neither cookie nor a token of the page', async () => {
    const sealed = await cookie()
    const answer = await ask('/api/orders?x=1', { ...MINE, cookie: `${sealed}; other=1` })
    expect(answer).toMatchObject({ status: 200, cors: APP })
    expect(JSON.parse(answer.text).bearer).toBe('present: -/47c3d868')
    const { url, rawHeaders } = api.seen().at(-1)!
    expect(url).toBe('/orders?x=1')
    expect(rawHeaders).toEqual(expect.arrayContaining(['Authorization', 'Bearer at-1', 'cookies=removed']))
    expect(rawHeaders.join()).not.toContain(sealed.split('=')[1])
  })

  test('a body goes along, and the address', async () => {
    const headers = { ...MINE, cookie: await cookie(), 'content-type': 'application/json' }
    expect((await ask('/api/orders', headers, 'POST', '{"item":"A table"}')).status).toBe(201)
    expect(JSON.parse((await ask('/api/me', headers)).text).caller).toBe('127.0.0.1')
  })
})

describe('nothing reaches the API', () => {
  const untouched = async (asking: Promise<{ status: number | undefined; cors: string | undefined }>) => {
    const before = api.seen().length
    const { status, cors } = await asking
    expect(api.seen().length).toBe(before)
    // Whatever it is, the app can read it.
    expect(cors).toBe(APP)
    return status
  }

  test.each([
    ['without a cookie', 401, {}],
    ['with one that no key opens', 401, { master: 'n'.repeat(64) }],
    ["with another client's", 401, { client_id: 'others' }],
    ['with one that has ended', 401, { ends_in: -1 }],
    ['with one whose access token has run out', 401, { expires_in: -1 }],
  ])('%s: %i', async (title, status, changes) => {
    const sealed = title === 'without a cookie' ? {} : { cookie: await cookie(changes) }
    expect(await untouched(ask('/api/orders', { ...MINE, ...sealed }))).toBe(status)
  })

  test.each([
    ['another origin', { origin: 'https://evil.example' }],
    ['no header against forgery', { 'x-csrf': '' }],
    ['a page of another site', { 'sec-fetch-site': 'cross-site' }],
  ])('by %s: 403', async (_, changes) => {
    expect(await untouched(ask('/api/orders', { ...MINE, cookie: await cookie(), ...changes }))).toBe(403)
  })

  test.each([
    ...['/api/admin', '/api/orders/../admin', '/api/orders/%2e%2e/admin', '/api/orders/..%2fadmin'],
    ...[
      '/api/orders%2f..%2fadmin',
      '/api//evil.example/orders',
      '/api/@evil.example/orders',
      '/api/%2F%2Fevil',
    ],
    ...[
      '/api/orders/%5c..%5cadmin',
      '/api/orders/a%252fb',
      '/api/orders/%00',
      '/api/orders/..;/admin',
      '/api/orders/..%3b/admin',
      '/api/orders/%3fx',
    ],
    ...['/api/http://evil.example/orders', '/api/ORDERS'],
  ])('under %s', async path => {
    expect(await untouched(ask(path, { ...MINE, cookie: await cookie() }))).toBe(403)
  })

  test('by a method that the registration does not have', async () => {
    expect(await untouched(ask('/api/orders', { ...MINE, cookie: await cookie() }, 'DELETE'))).toBe(403)
  })
})
