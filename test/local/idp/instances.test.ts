import { execFile } from 'node:child_process'
import { Agent, request } from 'node:http'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type IdentityProvider, startIdentityProvider } from '../../../local/idp/provider.ts'
import { createBrowser, send } from '../../support/sign-in.ts'
import {
  codeParameters,
  discover,
  REDIRECT_URI,
  type TestClient,
  testClient,
  tokenRequest,
} from './client.ts'

const DEVICE = 'urn:ietf:params:oauth:grant-type:device_code'

let client: TestClient
let idp: IdentityProvider

beforeAll(async () => {
  client = await testClient('ES256')
  idp = await start(0, client)
})

afterAll(() => idp.close())

function start(
  port: number,
  { registration }: TestClient,
  environment_id?: string,
): Promise<IdentityProvider> {
  const environment = environment_id === undefined ? {} : { environment_id }
  return startIdentityProvider({ port, clients: [registration], ...environment })
}

test('two of them share nothing: not the code, the session, the keys or the jti', async () => {
  const as = await discover(idp)
  const other = await start(0, client)
  try {
    const browser = createBrowser()
    const { client_id } = client.client
    const here = await browser.signIn({ issuer: idp.issuer, client_id, redirect_uri: REDIRECT_URI })
    const there = await browser.signIn({ issuer: other.issuer, client_id, redirect_uri: REDIRECT_URI })
    expect(browser.pagesShown).toBe(2)

    const sameJti = () =>
      client.authenticate((_header, payload) => {
        payload.jti = 'one-jti-for-both'
      })
    const asThere = await discover(other)
    expect(
      await tokenRequest(asThere, client.client, client.authenticate(), codeParameters(here)),
    ).toMatchObject({
      body: { error: 'invalid_grant' },
    })
    expect((await tokenRequest(as, client.client, sameJti(), codeParameters(here))).status).toBe(200)
    expect((await tokenRequest(asThere, client.client, sameJti(), codeParameters(there))).status).toBe(200)
    expect((await send(as.jwks_uri!)).body).not.toBe((await send(asThere.jwks_uri!)).body)
  } finally {
    await other.close()
  }
})

test('a port in use rejects with EADDRINUSE', async () => {
  const port = Number(new URL(idp.issuer).port)
  await expect(start(port, client)).rejects.toMatchObject({ code: 'EADDRINUSE' })
})

test('close ends kept-alive and idle connections, frees the port, and may be called twice', async () => {
  const one = await start(0, client, 'env-1')
  const port = Number(new URL(one.issuer).port)
  const agent = new Agent({ keepAlive: true })
  const gone = new Promise(resolve => {
    request(`${one.issuer}/jwks`, { agent }, res => res.resume().on('end', () => {}))
      .on('socket', socket => socket.on('close', resolve))
      .end()
  })
  await expect.poll(() => Object.keys(agent.freeSockets).length).toBe(1)
  await Promise.all([one.close(), one.close(), gone])
  agent.destroy()

  const two = await start(port, client, 'env-1')
  expect(two.issuer).toBe(`http://127.0.0.1:${port}/env-1/as`)
  await two.close()
}, 5_000)

test('a wrong registration ends the start, and the port is free again', async () => {
  const wrong = await testClient('ES256', { redirect_uris: ['not a uri'] })
  const one = await start(0, client)
  const port = Number(new URL(one.issuer).port)
  await one.close()
  await expect(start(port, wrong)).rejects.toThrow(/invalid_redirect_uri/)
  await (await start(port, client)).close()
})

test('an environment id that is no single path part is refused', async () => {
  await expect(start(0, client, 'a/b')).rejects.toThrow(TypeError)
})

test('nothing is written to the console, and after close the process ends', async () => {
  const module = (path: string) => JSON.stringify(new URL(path, import.meta.url).href)
  const script = `
    import * as oauth from 'oauth4webapi'
    import { startIdentityProvider } from ${module('../../../local/idp/provider.ts')}
    import { createBrowser } from ${module('../../support/sign-in.ts')}
    import * as test from ${module('./client.ts')}
    const { registration, client, authenticate } = await test.testClient('RS256', {
      grant_types: ['authorization_code', 'refresh_token', '${DEVICE}'],
    })
    const idp = await startIdentityProvider({ port: 0, clients: [registration] })
    const as = await test.discover(idp)
    const signedIn = await createBrowser().signIn({
      issuer: idp.issuer,
      client_id: client.client_id,
      redirect_uri: test.REDIRECT_URI,
      scope: 'openid email offline_access',
    })
    const { body } = await test.tokenRequest(as, client, authenticate(), test.codeParameters(signedIn))
    const { refresh_token } = body
    await test.tokenRequest(as, client, authenticate(), { refresh_token }, 'refresh_token')
    await test.tokenRequest(as, client, authenticate(), { code: 'x', redirect_uri: 'x' })
    await oauth.userInfoRequest(as, client, body.access_token, test.INSECURE)
    await oauth.introspectionRequest(as, client, authenticate(), body.access_token, test.INSECURE)
    await oauth.revocationRequest(as, client, authenticate(), body.access_token, test.INSECURE)
    await oauth.deviceAuthorizationRequest(as, client, authenticate(), { scope: 'openid' }, test.INSECURE)
    await oauth.pushedAuthorizationRequest(as, client, authenticate(), { resource: 'x:y' }, test.INSECURE)
    for (const path of ['/authorize', '/device', '/signoff', '/signoff/success', '/userinfo', '/nowhere']) {
      await fetch(idp.issuer + path, { headers: { accept: 'text/html' } })
    }
    await idp.close()
    if (!idp.events.some(({ type }) => type === 'grant.success')) throw new Error('no tokens')`
  const { stdout, stderr } = await promisify(execFile)(
    process.execPath,
    ['--input-type=module-typescript', '--eval', script],
    { cwd: import.meta.dirname },
  )
  expect(stdout + stderr).toBe('')
})

test('requests are recorded without their query', async () => {
  const before = idp.requests.length
  const { client_id } = client.client
  await createBrowser().signIn({ issuer: idp.issuer, client_id, redirect_uri: REDIRECT_URI })
  const paths = idp.requests.slice(before)
  const prefix = new URL(idp.issuer).pathname
  expect(paths[1]).toEqual({ method: 'GET', path: `${prefix}/authorize` })
  expect(paths.filter(({ method }) => method === 'POST')).toHaveLength(1)
  expect(JSON.stringify(paths)).not.toContain('?')
})
