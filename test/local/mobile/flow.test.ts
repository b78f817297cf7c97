import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createBrowser } from '../../support/sign-in.ts'
import { type Delivery, type MobileStack, startMobileStack } from './stack.ts'

// The mobile back end by a client in the manner of AppAuth: browser and app share no cookie.

let mobile: MobileStack
beforeAll(async () => {
  mobile = await startMobileStack()
})
afterAll(() => mobile.stack.close())

/** A JWS of claims: an ID token. A JWE has nothing in its second place. */
const ID_TOKEN = /eyJ[\w-]+\.eyJ[\w-]+\./

describe.each<Delivery>(['mediated', 'session'])('MOB-9: the delivery %s', delivery => {
  const members = delivery === 'mediated' ? ['access_token', 'token_type'] : []
  const answer = [...members, 'claims', 'expires_in', 'handle', 'scope', 'session_expires_in'].sort()

  test('signs in, is known, refreshes and logs out', async () => {
    const app = mobile.app(delivery)
    const begun = await app.signIn()
    expect([begun.status, Object.keys(begun.json).sort()]).toEqual([200, answer])
    expect(begun.json).toMatchObject({ claims: { sub: 'alice' }, scope: 'openid offline_access profile' })
    const first = app.handle!
    const held = await mobile.sessionIn(delivery, first)
    expect(held.refresh_token).toEqual(expect.any(String))
    expect(await mobile.isKnown(held.access_token)).toBe(true)
    if (delivery === 'mediated') expect(begun.json.access_token).toBe(held.access_token)

    const asked = await mobile.signed(async () => {
      const { status, json } = await app.post('/session')
      expect([status, Object.keys(json).sort()]).toEqual([200, answer])
    })
    expect(asked).toBe(0)
    // Another text, of the same session.
    expect(app.handle).not.toBe(first)

    const refreshed = await app.post('/session', { force: 'true' })
    expect([refreshed.status, Object.keys(refreshed.json).sort()]).toEqual([200, answer])
    const after = await mobile.sessionIn(delivery, app.handle!)
    expect(after.access_token).not.toBe(held.access_token)
    expect(after.refresh_token).not.toBe(held.refresh_token)
    expect(after.exp).toBe(held.exp)

    const out = await app.post('/logout', {
      post_logout_redirect_uri: mobile.clientOf(delivery).redirect_uri,
    })
    expect([out.status, Object.keys(out.json)]).toEqual([200, ['logout_url']])
    expect(String(out.json.logout_url)).toMatch(`${mobile.stack.description.issuer}/signoff?client_id=`)
    expect(await mobile.isKnown(after.access_token)).toBe(false)
    const over = await app.post('/session', { force: 'true' })
    expect([over.status, over.json.error]).toEqual([401, 'login_required'])
  })

  test('RACE-1: an old handle that comes at once gets what the refresh brought', async () => {
    const app = mobile.app(delivery)
    await app.signIn()
    const old = { authorization: `Bearer ${app.handle}` }
    const [one, two] = await Promise.all([
      app.post('/session', { force: 'true' }, old),
      app.post('/session', { force: 'true' }, old),
    ])
    const three = await app.post('/session', { force: 'true' }, old)
    const sessions = await Promise.all(
      [one, two, three].map(({ json }) => mobile.sessionIn(delivery, String(json.handle))),
    )
    expect(new Set(sessions.map(({ access_token }) => access_token)).size).toBe(1)
    expect(new Set(sessions.map(({ refresh_token }) => refresh_token)).size).toBe(1)
    expect((await app.post('/session', { force: 'true' })).status).toBe(200)
  })

  test('COOKIE-12: nothing that comes to the app has a token that it is not to have', async () => {
    const app = mobile.app(delivery)
    await app.signIn()
    const before = await mobile.sessionIn(delivery, app.handle!)
    await app.post('/session', { force: 'true' })
    const after = await mobile.sessionIn(delivery, app.handle!)
    await app.post('/logout')
    const all = app.received.join('\n')
    for (const { access_token, refresh_token } of [before, after]) {
      expect(all.includes(String(refresh_token))).toBe(false)
      expect(all.includes(String(access_token))).toBe(delivery === 'mediated')
    }
    expect(all).not.toMatch(ID_TOKEN)
    expect(all).not.toMatch(/"(refresh_token|id_token)"/)
  })

  test('the log has no token, code, ticket, verifier or handle', async () => {
    const app = mobile.app(delivery)
    const signedIn = await app.ticket()
    const { client_id } = mobile.clientOf(delivery)
    const { code, transaction } = await mobile.ring.open<{
      code: string
      transaction: Record<string, string>
    }>('ticket', client_id, signedIn.ticket)
    await app.redeem(signedIn)
    const handles = [app.handle!]
    const sessions = [await mobile.sessionIn(delivery, app.handle!)]
    await app.post('/session', { force: 'true' })
    handles.push(app.handle!)
    sessions.push(await mobile.sessionIn(delivery, app.handle!))
    await app.post('/session', { ...signedIn })
    await app.post('/logout')
    const log = mobile.log()
    const outcomes = [...log.matchAll(/"outcome":"(\w+)"/g)].map(([, outcome]) => outcome)
    expect(outcomes).toEqual(
      expect.arrayContaining(['login_begun', 'ticket', 'session_begun', 'session_refreshed', 'logged_out']),
    )
    const { code_verifier, nonce, state } = transaction
    const secret = [
      ...[code, code_verifier, nonce, state, signedIn.ticket, signedIn.code_verifier],
      ...handles.flatMap(handle => [handle, handle.split('.').at(-1)]),
      ...sessions.flatMap(({ access_token, refresh_token }) => [access_token, refresh_token]),
    ]
    expect(secret).not.toContain(undefined)
    expect(secret.filter(text => log.includes(String(text)))).toEqual([])
  })
})

test('two apps in one system browser: the second sign-in shows no page, and each has its own session', async () => {
  const browser = createBrowser()
  const [one, other] = [mobile.app('mediated', browser), mobile.app('session', browser)]
  await one.signIn()
  const { pagesShown } = browser
  await other.signIn()
  expect([pagesShown, browser.pagesShown]).toEqual([1, 1])
  expect((await one.post('/session')).status).toBe(200)
  expect((await other.post('/session')).status).toBe(200)
})

test('the provider says no: the app is called back with its error, at its own address', async () => {
  for (const delivery of ['mediated', 'session'] as const) {
    const app = mobile.app(delivery)
    const address = await app.calledBack(app.begin({ prompt: 'none' }).url)
    expect(address.href.split('?')[0]).toBe(mobile.clientOf(delivery).redirect_uri)
    expect([address.searchParams.get('error'), address.searchParams.get('ticket')]).toEqual([
      'login_required',
      null,
    ])
  }
})
