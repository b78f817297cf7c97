import { beforeEach, describe, expect, test } from 'vitest'
import { parseRegistrations } from '../../lib/config/registrations.ts'
import { TICKET_S } from '../../lib/limits.ts'
import { ORIGIN, registration, type TestFunction } from '../support/function.ts'
import {
  APP_VERIFIER,
  LOGIN,
  mobileFunction,
  mobileRegistration,
  post,
  RETURN_TO,
  ticketOf,
  visit,
} from '../support/mobile-function.ts'

// The mobile back end at its edges. test/local/mobile has the whole of it, against a real provider.

let fn: TestFunction
beforeEach(() => {
  fn = mobileFunction()
})

const redeem = (ticket: string) => post(fn, '/session', { ticket, code_verifier: APP_VERIFIER })

describe('MOB-10: a ticket', () => {
  test.each([
    [TICKET_S - 2, 200, undefined],
    [TICKET_S, 400, 'invalid_grant'],
  ])('%i s later: %i', async (seconds, status, error) => {
    const ticket = await ticketOf(fn)
    const { signed, sent } = fn
    const before = [signed, sent.length]
    fn.ahead = seconds * 1000
    const answer = await redeem(ticket)
    expect([answer.status, answer.json.error]).toEqual([status, error])
    if (status !== 200) expect([fn.signed, fn.sent.length]).toEqual(before)
  })

  test('around the longest code that is taken fits into its parameter', async () => {
    const ticket = await ticketOf(fn, { code: 'c'.repeat(4096) })
    expect(ticket.length).toBeGreaterThan(4096)
    const { status } = await redeem(ticket)
    expect([status, fn.sent.at(-1)!.form.get('code')?.length]).toEqual([200, 4096])
  })
})

describe('MOB-9: the sign-in of a native app', () => {
  test('may begin wherever its browser says: an app that opens a page is another site to some of them', async () => {
    const headers = { 'sec-fetch-site': 'cross-site', 'sec-fetch-dest': 'document' }
    fn.answer = { ...fn.answer, status: 201, body: '{"request_uri":"urn:x","expires_in":60}' } as never
    expect((await visit(fn, '/login', LOGIN, { headers })).statusCode).toBe(303)
    // A frame or an image is none all the same.
    const framed = { 'sec-fetch-site': 'cross-site', 'sec-fetch-dest': 'iframe' }
    expect((await visit(fn, '/login', LOGIN, { headers: framed })).statusCode).toBe(403)
  })

  test('CSRF-3: that of a web app may not', async () => {
    fn = mobileFunction(
      registration({
        allowed_origins: [ORIGIN],
        delivery: 'mediated',
        public_url: 'https://auth.example.com',
      }),
    )
    const { length } = fn.sent
    for (const query of [{ client_id: 'app-1' }, {}]) {
      const answer = await visit(fn, '/login', query, { headers: { 'sec-fetch-site': 'cross-site' } })
      expect([answer.statusCode, answer.cookies]).toEqual([403, undefined])
    }
    expect([fn.sent.length, fn.signed]).toEqual([length, 0])
  })

  test.each<[string, Record<string, string>, RegExp]>([
    ['without a challenge', { code_challenge: '' }, /code_challenge is missing/],
    ['with a short one', { code_challenge: 'abc' }, /code_challenge is malformed/],
    ['of the method plain', { code_challenge_method: 'plain' }, /code_challenge_method is malformed/],
    ['without a method', { code_challenge_method: '' }, /code_challenge_method is missing/],
    ['without return_to', { return_to: '' }, /return_to is missing/],
    ['to a page beneath', { return_to: `${RETURN_TO}/more` }, /return_to is not an address/],
    ['to an address with a query', { return_to: `${RETURN_TO}?x=1` }, /return_to is not an address/],
    ['to another app', { return_to: 'com.example.evil:/signed-in' }, /return_to is not an address/],
  ])('%s: 400, and nothing is sent', async (_, changes, text) => {
    const answer = await visit(fn, '/login', { ...LOGIN, ...changes })
    expect(answer.statusCode).toBe(400)
    expect(answer.body).toMatch(text)
    expect([fn.sent.length, fn.signed, answer.cookies]).toEqual([0, 0, undefined])
  })
})

describe('COOKIE-4: a handle', () => {
  test('has to fit into a request as a cookie has to: what does not is revoked', async () => {
    const ticket = await ticketOf(fn, { tokens: { access_token: 'a'.repeat(6000) } })
    const answer = await redeem(ticket)
    expect([answer.status, answer.json.error, answer.json.handle]).toEqual([502, 'server_error', undefined])
    const { url, form } = fn.sent.at(-1)!
    expect([url.endsWith('/revoke'), form.get('token')]).toEqual([true, 'rt-1'])
    expect(fn.log.at(-1)).toMatchObject({ outcome: 'session_too_large', revocation: 'done' })
  })

  test('is as good as long as its tokens fit', async () => {
    const ticket = await ticketOf(fn, { tokens: { access_token: 'a'.repeat(4000) } })
    const { status, json } = await redeem(ticket)
    expect([status, String(json.handle).length > 4096]).toEqual([200, true])
    const known = await post(fn, '/session', {}, { authorization: `Bearer ${json.handle}` })
    expect(known.status).toBe(200)
  })
})

test('LOUT-1: where a native app is called back after a sign-off is an address as its redirect URIs are', () => {
  const read = (uri: string) => () =>
    parseRegistrations(
      JSON.stringify({ version: 1, clients: [mobileRegistration({ post_logout_redirect_uris: [uri] })] }),
      { revision: '1', onLambda: true },
    )
  expect(read('com.example.app:/signed-out')).not.toThrow()
  expect(read('https://app.example.com/signed-out')).not.toThrow()
  expect(read('javascript:alert(1)')).toThrow(/post_logout_redirect_uris\[0\]/)
  expect(read('http://app.example.com/')).toThrow(/post_logout_redirect_uris\[0\]/)
})
