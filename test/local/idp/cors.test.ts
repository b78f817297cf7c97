import type * as oauth from 'oauth4webapi'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type IdentityProvider, startIdentityProvider } from '../../../local/idp/provider.ts'
import { createBrowser, type HttpAnswer, send } from '../../support/sign-in.ts'
import {
  codeParameters,
  discover,
  REDIRECT_URI,
  type TestClient,
  testClient,
  tokenRequest,
} from './client.ts'

const ORIGIN = 'https://app.example.com'

let idp: IdentityProvider
let app: TestClient
let as: oauth.AuthorizationServer

beforeAll(async () => {
  app = await testClient('ES256')
  idp = await startIdentityProvider({ port: 0, clients: [app.registration] })
  as = await discover(idp)
})

afterAll(() => idp.close())

function corsHeaders({ headers }: HttpAnswer): string[] {
  return Object.keys(headers).filter(name => name.startsWith('access-control-'))
}

function preflight(path: string, method: string, requested = ''): Promise<HttpAnswer> {
  const headers = {
    origin: ORIGIN,
    'access-control-request-method': method,
    ...(requested === '' ? {} : { 'access-control-request-headers': requested }),
  }
  return send(idp.issuer + path, { method: 'OPTIONS', headers })
}

/** A form the body of which is signed by the client, with the Origin that a browser would add. */
async function signedPost(path: string, fields: Record<string, string>): Promise<HttpAnswer> {
  const body = new URLSearchParams(fields)
  await app.authenticate()(as, app.client, body, new Headers())
  return send(idp.issuer + path, {
    method: 'POST',
    headers: { origin: ORIGIN, 'content-type': 'application/x-www-form-urlencoded' },
    body: body.toString(),
  })
}

describe('open to browsers', () => {
  test.each(['/.well-known/openid-configuration', '/jwks'])('%s may be read by any origin', async path => {
    const { status, headers } = await send(idp.issuer + path, { headers: { origin: ORIGIN } })
    expect([status, headers['access-control-allow-origin']]).toEqual([200, ORIGIN])
  })

  test('/userinfo may be read by any origin, after a preflight', async () => {
    const { status, headers } = await preflight('/userinfo', 'GET', 'authorization')
    expect(status).toBe(204)
    expect(headers).toMatchObject({
      'access-control-allow-origin': ORIGIN,
      'access-control-allow-headers': 'authorization',
    })

    const { client_id } = app.client
    const options = { issuer: idp.issuer, client_id, redirect_uri: REDIRECT_URI }
    const parameters = codeParameters(await createBrowser().signIn(options))
    const { body } = await tokenRequest(as, app.client, app.authenticate(), parameters)
    const answer = await send(`${idp.issuer}/userinfo`, {
      headers: { origin: ORIGIN, authorization: `Bearer ${body.access_token}` },
    })
    expect([answer.status, answer.headers['access-control-allow-origin']]).toEqual([200, ORIGIN])
  })
})

describe('closed to browsers', () => {
  const CLOSED = ['/token', '/revoke', '/introspect', '/par', '/device_authorization']

  test.each(CLOSED)('%s answers no preflight', async path => {
    const answer = await preflight(path, 'POST', 'content-type')
    expect(answer.status).toBe(404)
    expect(corsHeaders(answer)).toEqual([])
  })

  test.each(CLOSED)('%s gives a browser nothing to read, whether the client is known or not', async path => {
    const known = await signedPost(path, { token: 'x', code: 'x', grant_type: 'authorization_code' })
    expect(known.body).toContain('not allowed for client')
    const unknown = await send(idp.issuer + path, { method: 'POST', headers: { origin: ORIGIN } })
    for (const answer of [known, unknown]) {
      expect(answer.status).toBe(400)
      expect(corsHeaders(answer)).toEqual([])
    }
  })

  test('/token refuses a good request that comes with an Origin, and the code stays good without', async () => {
    const { client_id } = app.client
    const options = { issuer: idp.issuer, client_id, redirect_uri: REDIRECT_URI }
    const parameters = codeParameters(await createBrowser().signIn(options))
    const fields = { grant_type: 'authorization_code', ...parameters }
    expect((await signedPost('/token', fields)).status).toBe(400)
    expect((await tokenRequest(as, app.client, app.authenticate(), parameters)).status).toBe(200)
  })

  test('/token has no CORS headers without an Origin either', async () => {
    expect(corsHeaders(await send(`${idp.issuer}/token`, { method: 'POST' }))).toEqual([])
  })
})
