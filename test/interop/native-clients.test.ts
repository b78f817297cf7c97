import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { DEVICE_CODE } from '../../lib/oauth/grants.ts'
import type { StackClientPlan } from '../../local/clients.ts'
import { type Demo, startDemo } from '../browser/demo.ts'
import { ROOT } from '../support/deployment.ts'
import { approveDevice } from '../support/device.ts'
import { createBrowser, send } from '../support/sign-in.ts'
import { bundle } from './clients/bundle.ts'
import { startApp, startBoundApp } from './clients/openid-client.ts'
import { recordsSince } from './clients/steps.ts'

// Native apps (RFC 8252), which send no Origin: openid-client in Node, unmodified, and requests as AppAuth builds them on
// phones. The browser between is a few redirects by hand.

const REDIRECT_URI = 'com.example.app:/callback'

const native = (client_id: string, more: Partial<StackClientPlan> = {}): StackClientPlan => ({
  client_id,
  alg: 'EdDSA',
  application_type: 'native',
  redirect_uri: REDIRECT_URI,
  grant_types: ['authorization_code', 'refresh_token'],
  refresh: 'rotating',
  shows: 'an unmodified client',
  ...more,
})

let stack: Demo
beforeAll(async () => {
  stack = await startDemo([
    native('native', { grant_types: ['authorization_code', 'refresh_token', DEVICE_CODE] }),
    native('native-bound', { refresh: 'dpop', require_dpop_nonce: true }),
  ])
})
afterAll(() => stack?.close())

const appOf = (client_id: string) => ({
  issuer: stack.issuer,
  proxy: stack.gateway,
  client_id,
  redirect_uri: REDIRECT_URI,
})

/** From the library's authorization request to the URL that the app is called back with. */
async function walked(client_id: string, app: { state: string; signIn(): Promise<URL> }): Promise<URL> {
  const url = (await app.signIn()).href
  const { code, state, iss } = await createBrowser().signIn({
    issuer: stack.issuer,
    client_id,
    redirect_uri: REDIRECT_URI,
    started: { url, state: app.state },
  })
  return new URL(`${REDIRECT_URI}?${new URLSearchParams({ code, state, ...(iss && { iss }) })}`)
}

const userinfo = async (access_token: string) =>
  (await send(`${stack.issuer}/userinfo`, { headers: { authorization: `Bearer ${access_token}` } })).status

test('DROP-1, MOB-1: pushes its request, signs in, refreshes and revokes', async () => {
  const records = recordsSince(stack)
  const app = await startApp(appOf('native'))
  const first = await app.finish(await walked('native', app))
  expect([first.token_type, first.claims()?.sub]).toEqual(['bearer', 'alice'])
  const second = await app.refresh(first.refresh_token!)
  expect(second.refresh_token).not.toBe(first.refresh_token)
  expect(await userinfo(second.access_token)).toBe(200)
  await app.revoke(second.refresh_token!)
  await expect(app.refresh(second.refresh_token!)).rejects.toMatchObject({ error: 'invalid_grant' })
  expect(await userinfo(second.access_token)).toBe(401)

  expect((await records(5)).map(({ route, outcome, origin }) => [route, outcome, origin])).toEqual([
    ['/par', 'pushed', undefined],
    ['/token', 'tokens', undefined],
    ['/token', 'tokens', undefined],
    ['/revoke', 'revoked', undefined],
    ['/token', 'upstream_refused', undefined],
  ])
})

test('DROP-1, DEV-1: a device has its tokens once its user has connected it', async () => {
  const records = recordsSince(stack)
  const app = await startApp(appOf('native'))
  const started = await app.device()
  await approveDevice(started.verification_uri, started.user_code)
  // It waits by itself for as long as it was told to.
  const tokens = await app.poll(started)
  expect(tokens.claims()?.sub).toBe('bob')
  expect((await records(2)).map(({ route, outcome }) => [route, outcome])).toEqual([
    ['/device_authorization', 'device_started'],
    ['/token', 'tokens'],
  ])
})

test('DPOP-3: signs for the provider, posts here, and answers the challenge by itself', async () => {
  const records = recordsSince(stack)
  const app = await startBoundApp(appOf('native-bound'))
  const first = await app.finish(await walked('native-bound', app))
  const second = await app.refresh(first.refresh_token!)
  expect([first.token_type, second.token_type]).toEqual(['dpop', 'dpop'])
  expect((await records(3)).map(({ outcome, upstream_error }) => upstream_error ?? outcome)).toEqual([
    'use_dpop_nonce',
    'tokens',
    'tokens',
  ])
})

test('spoiled, it does not sign in', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'countersign-'))
  try {
    const file = join(folder, 'app.mjs')
    const spoiling = {
      file: 'openid-client/build/index.js',
      from: 'checks?.pkceCodeVerifier || oauth.nopkce',
      to: 'oauth.nopkce',
    }
    const entry = join(import.meta.dirname, 'clients/openid-client.ts')
    await writeFile(file, await bundle(entry, { platform: 'node', spoiling }))
    const spoiled: { startApp: typeof startApp } = await import(file)
    const app = await spoiled.startApp(appOf('native'))
    const records = recordsSince(stack)
    const callback = await walked('native', app)
    await expect(app.finish(callback)).rejects.toMatchObject({ error: 'invalid_request' })
    expect((await records(2)).map(({ route, outcome }) => [route, outcome])).toEqual([
      ['/par', 'pushed'],
      ['/token', 'parameter_missing'],
    ])
  } finally {
    await rm(folder, { recursive: true })
  }
})

test('what is not there to be spoiled fails the build', async () => {
  const spoiling = { file: 'openid-client/build/index.js', from: 'no such text', to: '' }
  const entry = join(import.meta.dirname, 'clients/openid-client.ts')
  await expect(bundle(entry, { platform: 'node', spoiling })).rejects.toThrow('there is no no such text')
})

test('MOB-1: the curl of docs/clients.md', async () => {
  const [, command] = /^(curl .*)$/m.exec(readFileSync(join(ROOT, 'docs/clients.md'), 'utf8'))!
  const app = await startApp(appOf('native'))
  const { refresh_token } = await app.finish(await walked('native', app))
  const { stdout } = await promisify(execFile)('sh', ['-c', command!.replace('curl ', 'curl -s ')], {
    env: { ...process.env, PROXY: stack.gateway, CLIENT_ID: 'native', REFRESH_TOKEN: refresh_token },
  })
  expect(await userinfo((JSON.parse(stdout) as { access_token: string }).access_token)).toBe(200)
})

// The libraries themselves do not run here. Order and spelling are those of OIDTokenRequest and TokenRequest.
test.each([
  { of: 'iOS', type: 'application/x-www-form-urlencoded; charset=UTF-8', headers: { accept: '*/*' } },
  { of: 'Android', type: 'application/x-www-form-urlencoded', headers: { accept: 'application/json' } },
  { of: 'JavaScript, in a command', type: 'application/x-www-form-urlencoded', headers: {} },
])('DROP-2: the requests of AppAuth for $of', async ({ type, headers }) => {
  const client_id = 'native'
  const { code, code_verifier } = await createBrowser().signIn({
    issuer: stack.issuer,
    client_id,
    redirect_uri: REDIRECT_URI,
    scope: 'openid offline_access',
  })
  const post = async (path: string, parameters: Record<string, string>) => {
    const { status, body } = await send(stack.gateway + path, {
      method: 'POST',
      headers: { 'content-type': type, ...headers },
      body: new URLSearchParams({ ...parameters, client_id }).toString(),
    })
    return { status, json: JSON.parse(body || '{}') as Record<string, string> }
  }
  const grant = { grant_type: 'authorization_code', redirect_uri: REDIRECT_URI, code, code_verifier }
  const first = await post('/token', grant)
  const { refresh_token } = first.json
  const refresh = { grant_type: 'refresh_token', redirect_uri: REDIRECT_URI, refresh_token: refresh_token! }
  const second = await post('/token', refresh)
  expect([first.status, second.status]).toEqual([200, 200])
  expect(await userinfo(second.json.access_token!)).toBe(200)
})
