import { createHash, randomBytes } from 'node:crypto'
import { Writable } from 'node:stream'
import { decodeJwt } from 'jose'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Control, control } from '../../local/aws/control.ts'
import type { StackClient } from '../../local/description.ts'
import { type Stack, startStack } from '../../local/stack.ts'
import { approveDevice } from '../support/device.ts'
import { dpopKey } from '../support/dpop.ts'
import { createBrowser, send } from '../support/sign-in.ts'

// Every route against a real provider: what `npm start` runs, with all of its clients.

const DEVICE_CODE = 'urn:ietf:params:oauth:grant-type:device_code'

type Json = Record<string, string>

let stack: Stack
let kms: Control

beforeAll(async () => {
  stack = await startStack({ port: 0, log: new Writable({ write: (_, __, done) => done() }) })
  kms = control(stack.description.kms)
})
afterAll(() => stack.close())

const clientNamed = (name: string): StackClient =>
  stack.description.clients.find(({ client_id }) => client_id === name)!

async function post(
  path: string,
  client: StackClient,
  parameters: Json,
  dpop?: string,
): Promise<{ status: number; json: Json; headers: Headers }> {
  const response = await fetch(`${stack.description.gateway}${path}`, {
    method: 'POST',
    headers: { ...(client.origin && { origin: client.origin }), ...(dpop && { dpop }) },
    body: new URLSearchParams({ client_id: client.client_id, ...parameters }),
  })
  const text = await response.text()
  return { status: response.status, json: text === '' ? {} : JSON.parse(text), headers: response.headers }
}

const signIn = ({ client_id, redirect_uri }: StackClient, more: { scope?: string; parameters?: Json } = {}) =>
  createBrowser().signIn({ issuer: stack.description.issuer, client_id, redirect_uri, ...more })

async function exchanged(client: StackClient, scope = 'openid offline_access'): Promise<Json> {
  const { code, code_verifier, redirect_uri } = await signIn(client, { scope })
  const grant = { grant_type: 'authorization_code', code, code_verifier, redirect_uri }
  const { status, json } = await post('/token', client, grant)
  expect([status, json.error]).toEqual([200, undefined])
  return json
}

const refresh = (client: StackClient, refresh_token: string, dpop?: string) =>
  post('/token', client, { grant_type: 'refresh_token', refresh_token }, dpop)

const userinfo = (access_token: string) =>
  send(`${stack.description.issuer}/userinfo`, { headers: { authorization: `Bearer ${access_token}` } })

describe.each(['refreshing', 'native'])('the client %s', name => {
  test('IN-11: refreshes; each refresh token works once, and the old one comes back as invalid_grant', async () => {
    const client = clientNamed(name)
    const first = await exchanged(client)
    const second = await refresh(client, first.refresh_token!)
    expect([second.status, second.json.token_type]).toEqual([200, 'Bearer'])
    expect(second.json.refresh_token).not.toBe(first.refresh_token)
    expect((await userinfo(second.json.access_token!)).status).toBe(200)

    const again = await refresh(client, first.refresh_token!)
    expect([again.status, again.json.error]).toEqual([400, 'invalid_grant'])
  })

  test('REV-1: revokes; the token is worth nothing then, and revoking it again is no error', async () => {
    const client = clientNamed(name)
    const { access_token, refresh_token } = await exchanged(client)
    expect((await userinfo(access_token!)).status).toBe(200)
    for (let n = 0; n < 2; n++) {
      const revoked = await post('/revoke', client, { token: access_token!, token_type_hint: 'access_token' })
      expect([revoked.status, revoked.json]).toEqual([200, {}])
    }
    expect((await userinfo(access_token!)).status).toBe(401)
    await post('/revoke', client, { token: refresh_token!, token_type_hint: 'refresh_token' })
    expect((await refresh(client, refresh_token!)).json.error).toBe('invalid_grant')
  })

  test('PAR-1: pushes its authorization request, and exchanges the code that comes of it', async () => {
    const client = clientNamed(name)
    const code_verifier = randomBytes(32).toString('base64url')
    const code_challenge = createHash('sha256').update(code_verifier).digest('base64url')
    const state = randomBytes(16).toString('base64url')
    const pushed = await post('/par', client, {
      response_type: 'code',
      redirect_uri: client.redirect_uri,
      scope: 'openid',
      state,
      code_challenge,
      code_challenge_method: 'S256',
    })
    expect([pushed.status, pushed.json]).toEqual([
      201,
      {
        request_uri: expect.stringMatching(/^urn:ietf:params:oauth:request_uri:/),
        expires_in: expect.any(Number),
      },
    ])
    const walk = createBrowser().signIn({
      issuer: stack.description.issuer,
      client_id: client.client_id,
      redirect_uri: client.redirect_uri,
      pushed: { request_uri: pushed.json.request_uri!, state },
    })
    const { code } = await walk
    const tokens = await post('/token', client, {
      grant_type: 'authorization_code',
      code,
      code_verifier,
      redirect_uri: client.redirect_uri,
    })
    expect([tokens.status, decodeJwt(tokens.json.id_token!).aud]).toEqual([200, client.client_id])
  })
})

test('MOB-1, CORS-4: the native client is refused with an Origin, and a web client without one', async () => {
  const native = clientNamed('native')
  const signed = await kms.calls('Sign')
  const grant = { grant_type: 'refresh_token', refresh_token: 'x' }
  const fromPage = await post('/token', { ...native, origin: stack.description.app }, grant)
  expect([fromPage.status, fromPage.headers.get('access-control-allow-origin')]).toEqual([403, null])
  const { origin: _, ...web } = clientNamed('refreshing')
  expect((await post('/token', web, grant)).status).toBe(403)
  expect(await kms.calls('Sign')).toBe(signed)
})

describe('DEV-1: a device', () => {
  test('waits for its user, is told slow_down here when it asks too fast, and gets its tokens', async () => {
    const client = clientNamed('refreshing')
    const started = await post('/device_authorization', client, { scope: 'openid' })
    expect(started.status).toBe(200)
    const { device_code, user_code, verification_uri } = started.json as Required<Json>
    const poll = () => post('/token', client, { grant_type: DEVICE_CODE, device_code: device_code! })

    const pending = await poll()
    expect([pending.status, pending.json.error]).toEqual([400, 'authorization_pending'])
    const cost = await kms.calls('Sign')
    for (let n = 0; n < 3; n++) {
      const tooFast = await poll()
      expect([tooFast.status, tooFast.json.error]).toEqual([400, 'slow_down'])
    }
    expect(await kms.calls('Sign')).toBe(cost)

    await approveDevice(verification_uri!, user_code!)
    await new Promise(resolve => setTimeout(resolve, 5_000))
    const tokens = await poll()
    expect([tokens.status, decodeJwt(tokens.json.id_token ?? '').sub]).toEqual([200, 'bob'])
  }, 20_000)

  test('is refused to a client that has no such grant', async () => {
    const cost = await kms.calls('Sign')
    const { status, json } = await post('/device_authorization', clientNamed('demo-rs256'), {
      scope: 'openid',
    })
    expect([status, json.error]).toEqual([400, 'unsupported_grant_type'])
    expect(await kms.calls('Sign')).toBe(cost)
  })
})

describe('DPOP-4, DPOP-5: DPoP, where the provider demands nonces', () => {
  test('a code and a refresh are bound to the app’s key, each after a challenge that is passed on', async () => {
    const client = clientNamed('bound')
    const endpoint = `${stack.description.issuer}/token`
    const key = await dpopKey()
    const { code, code_verifier, redirect_uri } = await signIn(client, { scope: 'openid offline_access' })
    const grant = { grant_type: 'authorization_code', code, code_verifier, redirect_uri }

    const challenge = await post('/token', client, grant, await key.proof(endpoint))
    expect([challenge.status, challenge.json.error]).toEqual([400, 'use_dpop_nonce'])
    const nonce = challenge.headers.get('dpop-nonce')!
    expect(challenge.headers.get('access-control-expose-headers')).toContain('DPoP-Nonce')
    // The code is not spent by it.
    const tokens = await post('/token', client, grant, await key.proof(endpoint, { nonce }))
    expect([tokens.status, tokens.json.token_type]).toEqual([200, 'DPoP'])
    expect(tokens.json.refresh_token).toBeDefined()

    const without = await refresh(client, tokens.json.refresh_token!)
    expect([without.status, without.json.error]).toEqual([400, 'invalid_dpop_proof'])
    const refreshed = await refresh(client, tokens.json.refresh_token!, await key.proof(endpoint, { nonce }))
    expect([refreshed.status, refreshed.json.token_type]).toEqual([200, 'DPoP'])
    expect((await userinfo(refreshed.json.access_token!)).status).toBe(401)
  })

  test('DPOP-2: a proof for this endpoint is told what to name instead, and costs nothing', async () => {
    const client = clientNamed('bound')
    const cost = await kms.calls('Sign')
    const proof = await (await dpopKey()).proof(`${stack.description.gateway}/token`)
    const { status, json, headers } = await refresh(client, 'rt', proof)
    expect([status, json.error]).toEqual([400, 'invalid_dpop_proof'])
    expect(json.error_description).toMatch(/htu/)
    expect(headers.get('dpop-nonce')).toBeNull()
    expect(await kms.calls('Sign')).toBe(cost)
  })
})
