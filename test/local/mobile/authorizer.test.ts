import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { pathToFileURL } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Policy } from '../../../functions/authorizer.ts'
import { type RunningFunction, startFunction } from '../../../local/gateway/function.ts'
import { credentials, SESSION_SECRET } from '../../../local/roles.ts'
import { ROOT } from '../../support/deployment.ts'
import type { NativeApp } from '../../support/native-app.ts'
import { type MobileStack, startMobileStack } from './stack.ts'

// What becomes of a native app's handle in the data path of the delivery `session`: the built authorizer, with its own role.

let mobile: MobileStack
let app: NativeApp
let authorizer: RunningFunction
const log = new PassThrough()
let written = ''
log.on('data', chunk => {
  written += String(chunk)
})

beforeAll(async () => {
  mobile = await startMobileStack()
  const { accessKeyId, secretAccessKey } = credentials('authorizer')
  authorizer = await startFunction(
    {
      module: pathToFileURL(join(ROOT, 'dist/authorizer.mjs')).href,
      exportName: 'handler',
      functionName: 'authorizer',
      timeoutSeconds: 10,
    },
    {
      ...mobile.stack.description.env,
      AWS_ACCESS_KEY_ID: accessKeyId,
      AWS_SECRET_ACCESS_KEY: secretAccessKey,
      COUNTERSIGN_SESSION_SECRET_ID: SESSION_SECRET,
    },
    log,
  )
  app = mobile.app('session')
  await app.signIn()
})
afterAll(async () => {
  await authorizer?.close()
  await mobile.stack.close()
})

const ARN = 'arn:aws:execute-api:eu-central-1:000000000000:api/live/GET/api/me'

async function decide(headers: Record<string, string>, { method = 'GET', proxy = 'me' } = {}) {
  const { result } = await authorizer.invoke({
    type: 'REQUEST',
    methodArn: ARN,
    httpMethod: method,
    path: `/api/${proxy}`,
    resource: '/api/{proxy+}',
    pathParameters: { proxy },
    headers,
    multiValueHeaders: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, [value]])),
    requestContext: {},
  })
  const { policyDocument, context } = result as Policy
  const [{ Effect, Resource }] = policyDocument.Statement
  return { Effect, Resource, context }
}

const bearer = (handle: string) => ({ Authorization: `Bearer ${handle}` })

test('MOB-9: the handle becomes the access token, on the way to the API and nowhere else', async () => {
  const { access_token } = await mobile.sessionIn('session', app.handle!)
  const signed = await mobile.signed(async () => {
    expect(await decide(bearer(app.handle!))).toEqual({
      Effect: 'Allow',
      Resource: ARN,
      context: { authorization: `Bearer ${access_token}` },
    })
  })
  expect(signed).toBe(0)
})

test.each<[string, () => Record<string, string>, { method?: string; proxy?: string }]>([
  ['with an Origin', () => ({ ...bearer(app.handle!), Origin: mobile.stack.description.app }), {}],
  ['with a cookie', () => ({ ...bearer(app.handle!), Cookie: 'a=b' }), {}],
  ['to another path', () => bearer(app.handle!), { proxy: 'admin' }],
  ['by another method', () => bearer(app.handle!), { method: 'DELETE' }],
])('%s: 403', async (_, headers, request) => {
  expect(await decide(headers(), request)).toEqual({ Effect: 'Deny', Resource: ARN, context: undefined })
})

test('the handle of an app that gets access tokens itself: 403', async () => {
  const other = mobile.app('mediated')
  await other.signIn()
  expect(await decide(bearer(other.handle!))).toMatchObject({ Effect: 'Deny' })
})

test('a ticket, or what has been tampered with: an error, which API Gateway makes 401', async () => {
  const { ticket } = await app.ticket()
  const [tag] = app.handle!.split('.')
  for (const text of [`${tag}.${ticket}`, `${app.handle}x`, 'opaque']) {
    await expect(decide(bearer(text))).rejects.toThrow()
  }
})

test('its log has neither handle nor token', async () => {
  const { access_token, refresh_token } = await mobile.sessionIn('session', app.handle!)
  expect(written).toContain('"outcome":"authorized"')
  for (const secret of [app.handle, access_token, refresh_token]) expect(written).not.toContain(secret)
})
