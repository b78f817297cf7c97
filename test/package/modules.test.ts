import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Deployment, GOOD, ORIGIN, startDeployment } from '../support/deployment.ts'
import { closeProviders, json, type Provider, startProvider } from '../support/fake-provider.ts'

// What Node loads for one exchange: the built function in a process of its own, against the local KMS.

const HANDLER = fileURLToPath(new URL('../../dist/oauth.mjs', import.meta.url))

const PROGRAM = `
import { handler } from ${JSON.stringify(HANDLER)}
const result = await handler(JSON.parse(process.env.EVENT), { awsRequestId: 'id' })
process.stderr.write(JSON.stringify({ status: result.statusCode, modules: process.moduleLoadList }))
`

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

test('an exchange loads neither undici nor what of the SDK reads profiles', async () => {
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
  // The list is Node's own; that it is read rightly is seen by what must be in it.
  expect(modules).toContain('NativeModule https')
  expect(modules.filter(name => /undici|child_process|http2/.test(name))).toEqual([])
})
