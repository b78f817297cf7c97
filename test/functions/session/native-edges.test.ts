import { beforeEach, describe, expect, test } from 'vitest'
import { challengeOf } from '../../../functions/session/ticket.ts'
import { parseRegistrations } from '../../../lib/config/registrations.ts'
import { PARAMETER_VALUE_MAX_B, TICKET_S } from '../../../lib/limits.ts'
import { event, type TestFunction, testFunction } from '../../support/function.ts'
import { give, ISSUER, nativeClient, sessionClient, TestBrowser } from '../../support/session.ts'

// A native app at the limits of sizes and times. native.test.ts has the ordinary.

const VERIFIER = 'w'.repeat(43)
const QUERY = {
  return_to: 'com.example.app:/signed-in',
  code_challenge: challengeOf(VERIFIER),
  code_challenge_method: 'S256',
}

let fn: TestFunction
let browser: TestBrowser
beforeEach(() => {
  fn = testFunction(nativeClient(), sessionClient({ client_id: 'web-1' }))
  browser = new TestBrowser(fn)
})

async function ticket({ code = 'code-1', tokens = {} } = {}): Promise<string> {
  const url = await browser.begin(QUERY)
  give(fn, url.searchParams.get('nonce'), tokens)
  const query = { code, state: url.searchParams.get('state')!, iss: ISSUER }
  const { headers } = await browser.navigate('/callback', query)
  return new URL(headers.location!).searchParams.get('ticket')!
}

async function post(form: Record<string, string>, headers: Record<string, string> = {}) {
  const request = { path: '/session', headers: { origin: undefined, ...headers } }
  const { statusCode, body } = await fn.handler(event({ client_id: 'app-1', ...form }, request))
  return { status: statusCode, json: JSON.parse(body) }
}

const redeem = (sealed: string) => post({ ticket: sealed, code_verifier: VERIFIER })

describe('MOB-10: a ticket', () => {
  test.each([
    [TICKET_S - 2, 200, 1],
    [TICKET_S, 400, 0],
  ])('%i s later: %i', async (seconds, status, signed) => {
    const sealed = await ticket()
    fn.ahead = seconds * 1000
    expect([(await redeem(sealed)).status, fn.signed]).toEqual([status, signed])
  })

  test('around the longest code that is taken fits into its parameter', async () => {
    const code = 'c'.repeat(PARAMETER_VALUE_MAX_B)
    const sealed = await ticket({ code })
    expect(sealed.length).toBeGreaterThan(PARAMETER_VALUE_MAX_B)
    expect((await redeem(sealed)).status).toBe(200)
    expect(fn.sent.at(-1)!.form.get('code')).toBe(code)
  })
})

describe('COOKIE-4: a handle', () => {
  test('has to fit into a request as cookies have to: what does not is revoked', async () => {
    const { status, json } = await redeem(await ticket({ tokens: { access_token: 'a'.repeat(6_000) } }))
    expect([status, json.error, json.handle, json.access_token]).toEqual([
      502,
      'server_error',
      undefined,
      undefined,
    ])
    const { url, form } = fn.sent.at(-1)!
    expect([url, form.get('token')]).toEqual([`${ISSUER}/revoke`, 'sentinel-rt-1'])
    expect(fn.log.at(-1)).toMatchObject({ outcome: 'session_too_large', revocation: 'done' })
  })

  test('may be longer than one cookie', async () => {
    const { json } = await redeem(await ticket({ tokens: { access_token: 'a'.repeat(4_000) } }))
    expect(json.handle.length).toBeGreaterThan(4_096)
    expect((await post({}, { authorization: `Bearer ${json.handle}` })).status).toBe(200)
  })
})

describe('where a sign-in may begin', () => {
  const from = (site: string, dest: string) => ({ 'sec-fetch-site': site, 'sec-fetch-dest': dest })

  test('MOB-9: that of a native app anywhere: an app that opens a page is another site to some browsers', async () => {
    const query = { client_id: 'app-1', ...QUERY }
    expect((await browser.navigate('/login', query, from('cross-site', 'document'))).statusCode).toBe(303)
    // What a page shows in a frame is no system browser's all the same.
    expect((await browser.navigate('/login', query, from('cross-site', 'iframe'))).statusCode).toBe(403)
  })

  test('CSRF-3: that of a web app not on a page of another site', async () => {
    const answer = await browser.navigate('/login', { client_id: 'web-1' }, from('cross-site', 'document'))
    expect([answer.statusCode, answer.cookies]).toEqual([403, undefined])
    expect(fn.log.at(-1)).toMatchObject({ outcome: 'fetch_site_refused', client_id: 'web-1' })
  })
})

test('MOB-3: an app on a desktop is called back at whatever port it listens on', async () => {
  fn = testFunction(nativeClient({ redirect_uris: ['http://127.0.0.1/signed-in'] }))
  browser = new TestBrowser(fn)
  const url = await browser.begin({ ...QUERY, return_to: 'http://127.0.0.1:4711/signed-in' })
  const query = { code: 'code-1', state: url.searchParams.get('state')!, iss: ISSUER }
  const { headers } = await browser.navigate('/callback', query)
  expect(headers.location).toMatch(/^http:\/\/127\.0\.0\.1:4711\/signed-in\?ticket=eyJ/)
  const other = { client_id: 'app-1', ...QUERY, return_to: 'http://127.0.0.1:4711/other' }
  expect((await browser.navigate('/login', other)).statusCode).toBe(400)
})

test('LOUT-1: where a native app is called back after a sign-off is an address as its redirect URIs are', () => {
  const read = (uri: string) => () =>
    parseRegistrations(
      JSON.stringify({ version: 1, clients: [nativeClient({ post_logout_redirect_uris: [uri] })] }),
      { revision: '1', onLambda: true },
    )
  for (const uri of ['com.example.app:/signed-out', 'https://app.example.com/signed-out']) {
    expect(read(uri)).not.toThrow()
  }
  for (const uri of ['javascript:alert(1)', 'http://app.example.com/', 'myapp:/signed-out']) {
    expect(read(uri), uri).toThrow(/post_logout_redirect_uris\[0\]/)
  }
})
