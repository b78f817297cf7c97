import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Deployment, GOOD, ORIGIN, startDeployment } from '../support/deployment.ts'
import { closeProviders, json, type Provider, startProvider } from '../support/fake-provider.ts'
import { half, idToken, published } from '../support/id-tokens.ts'
import { testKey } from '../support/keys.ts'

// What Node loads for one exchange: the built function in a process of its own, against the local KMS.

const HANDLER = fileURLToPath(new URL('../../dist/oauth.mjs', import.meta.url))

const PROGRAM = `
import { handler } from ${JSON.stringify(HANDLER)}
const result = await handler(JSON.parse(process.env.EVENT), { awsRequestId: 'id' })
process.stderr.write(JSON.stringify({ status: result.statusCode, modules: process.moduleLoadList }))
`

const key = testKey('RS256', 'provider')
let provider: Provider
let deployment: Deployment

beforeAll(async () => {
  provider = await startProvider((response, { path }) => {
    if (path === '/jwks') return json(response, 200, { keys: [published(key, 'kid-p')] })
    const id_token = idToken(provider.url, Date.now(), { claims: { at_hash: half('sha256', 'at') } }, key)
    json(response, 200, { access_token: 'at', token_type: 'Bearer', id_token })
  })
  const client = { jwks_uri: `${provider.url}/jwks` }
  deployment = await startDeployment(`${provider.url}/token`, { client })
})
afterAll(async () => {
  await deployment.close()
  closeProviders()
})

test('an exchange, its ID token validated, loads neither undici nor what of the SDK reads profiles', async () => {
  const event = {
    version: '2.0',
    routeKey: 'ANY /token',
    rawPath: '/token',
    headers: { origin: ORIGIN, 'content-type': 'application/x-www-form-urlencoded' },
    requestContext: { http: { method: 'POST' } },
    body: new URLSearchParams(GOOD).toString(),
    isBase64Encoded: false,
  }
  const child = spawn(process.execPath, ['--input-type=module', '-e', PROGRAM], {
    env: { ...deployment.env, EVENT: JSON.stringify(event) },
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  let written = ''
  child.stderr.on('data', chunk => {
    written += chunk
  })
  await once(child, 'close')
  const { status, modules } = JSON.parse(written) as { status: number; modules: string[] }
  expect(status).toBe(200)
  // By this process too: it is not the one that the deployment started.
  expect(provider.requests.filter(({ path }) => path === '/jwks')).toHaveLength(2)
  // The list is Node's own; that it is read rightly is seen by what must be in it.
  expect(modules).toContain('NativeModule https')
  expect(modules.filter(name => /undici|child_process|http2/.test(name))).toEqual([])
})
