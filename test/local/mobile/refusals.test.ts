import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { NativeApp, SignedIn } from '../../support/native-app.ts'
import { createBrowser } from '../../support/sign-in.ts'
import { type MobileStack, startMobileStack } from './stack.ts'

// What the mobile back end refuses, by whom and at what cost, against a real provider.

let mobile: MobileStack
let app: NativeApp
beforeAll(async () => {
  mobile = await startMobileStack()
  app = mobile.app('mediated')
})
afterAll(() => mobile.stack.close())

const CLIENT_ID = 'mobile-mediated'
const OTHER_VERIFIER = 'v'.repeat(43)

/** Another character in the middle of one of a JWE's five parts. */
function tampered(text: string, part: number): string {
  const parts = text.split('.')
  const one = parts[part]!
  const at = Math.floor(one.length / 2)
  parts[part] = `${one.slice(0, at)}${one[at] === 'A' ? 'B' : 'A'}${one.slice(at + 1)}`
  return parts.join('.')
}

interface Refused {
  parameters?: Record<string, string>
  headers?: Record<string, string>
  by?: 'mediated' | 'session'
}

const INVALID_GRANT = [400, 'invalid_grant']
const INVALID_REQUEST = [400, 'invalid_request']

describe('MOB-10: a ticket is refused, and nothing is signed for it', () => {
  let good: SignedIn
  let handle: string
  beforeAll(async () => {
    await app.signIn()
    handle = app.handle!
    app.handle = undefined
    good = await app.ticket()
  })

  const cases: [string, unknown[], () => Refused | Promise<Refused>][] = [
    ['without its verifier', INVALID_REQUEST, () => ({ parameters: { ticket: good.ticket } })],
    [
      'with another’s verifier',
      INVALID_GRANT,
      () => ({ parameters: { ...good, code_verifier: OTHER_VERIFIER } }),
    ],
    [
      'with the challenge for a verifier',
      INVALID_GRANT,
      async () => {
        const { transaction } = await mobile.ring.open<{ transaction: { app_challenge: string } }>(
          'ticket',
          CLIENT_ID,
          good.ticket,
        )
        return { parameters: { ...good, code_verifier: transaction.app_challenge } }
      },
    ],
    ['with a short verifier', INVALID_REQUEST, () => ({ parameters: { ...good, code_verifier: 'abc' } })],
    [
      'later than 60 s',
      INVALID_GRANT,
      async () => {
        const content = await mobile.ring.open('ticket', CLIENT_ID, good.ticket)
        const iat = Math.floor(Date.now() / 1000) - 61
        const late = { ...content, iat, exp: iat + 60 }
        return { parameters: { ...good, ticket: await mobile.ring.seal('ticket', CLIENT_ID, late) } }
      },
    ],
    ['by another client', INVALID_GRANT, () => ({ parameters: { ...good }, by: 'session' })],
    ...[0, 2, 3, 4].map((part): (typeof cases)[number] => [
      `tampered with in its part ${part}`,
      INVALID_GRANT,
      () => ({ parameters: { ...good, ticket: tampered(good.ticket, part) } }),
    ]),
    [
      'with a key of its own in it',
      INVALID_GRANT,
      () => ({ parameters: { ...good, ticket: keyed(good.ticket) } }),
    ],
    ['that is a handle', INVALID_GRANT, () => ({ parameters: { ...good, ticket: handle } })],
    [
      'that is what a handle holds',
      INVALID_GRANT,
      () => ({ parameters: { ...good, ticket: handle.slice(handle.indexOf('.') + 1) } }),
    ],
    [
      'that is what a lease holds, of the same content',
      INVALID_GRANT,
      async () => {
        const content = await mobile.ring.open('ticket', CLIENT_ID, good.ticket)
        return { parameters: { ...good, ticket: await mobile.ring.seal('lease', CLIENT_ID, content) } }
      },
    ],
    [
      'from a page of the deployment',
      [403, 'invalid_request'],
      () => ({ parameters: { ...good }, headers: { origin: mobile.stack.description.app } }),
    ],
    [
      'from a page of the deployment with the header',
      [403, 'invalid_request'],
      () => ({ parameters: { ...good }, headers: { origin: mobile.stack.description.app, 'x-csrf': '1' } }),
    ],
    [
      'from any other page',
      [403, 'invalid_request'],
      () => ({ parameters: { ...good }, headers: { origin: 'https://evil.example' } }),
    ],
    [
      'from a sandbox',
      [403, 'invalid_request'],
      () => ({ parameters: { ...good }, headers: { origin: 'null' } }),
    ],
    ['with a cookie', INVALID_REQUEST, () => ({ parameters: { ...good }, headers: { cookie: 'a=b' } })],
    [
      'beside a handle',
      INVALID_REQUEST,
      () => ({ parameters: { ...good }, headers: { authorization: `Bearer ${handle}` } }),
    ],
    ['with a DPoP proof', INVALID_REQUEST, () => ({ parameters: { ...good }, headers: { dpop: 'a.b.c' } })],
  ]

  test.each(cases)('%s', async (_, expected, refused) => {
    const { parameters, headers, by = 'mediated' } = await refused()
    const other = mobile.app(by)
    const signed = await mobile.signed(async () => {
      const { status, json } = await other.post('/session', parameters, headers)
      expect([status, json.error]).toEqual(expected)
      expect([json.handle, json.access_token]).toEqual([undefined, undefined])
    })
    expect(signed).toBe(0)
  })

  test('and is not spent by any of it: the app that has the verifier still signs in', async () => {
    expect((await app.redeem(good)).status).toBe(200)
  })

  test('twice: the provider’s code works once, and the second time ends what the first began', async () => {
    const twice = await app.ticket()
    app.handle = undefined
    expect((await app.redeem(twice)).status).toBe(200)
    const first = await mobile.sessionIn('mediated', app.handle!)
    const other = mobile.app('mediated')
    const again = await other.redeem(twice)
    expect([again.status, again.json.error, other.handle]).toEqual([400, 'invalid_grant', undefined])
    // RFC 6749 section 4.1.2: a code that comes twice has been stolen from one of the two.
    expect(await mobile.isKnown(first.access_token)).toBe(false)
    const over = await app.post('/session', { force: 'true' })
    expect([over.status, over.json.error]).toEqual([401, 'login_required'])
  })
})

/** RFC 7516 section 4.1.5: a header that brings its own key. */
function keyed(text: string): string {
  const [header = '', ...others] = text.split('.')
  const members = JSON.parse(Buffer.from(header, 'base64url').toString())
  const changed = { ...members, jwk: { kty: 'oct', k: Buffer.alloc(32).toString('base64url') } }
  return [Buffer.from(JSON.stringify(changed)).toString('base64url'), ...others].join('.')
}

describe('MOB-9: a handle is refused, and nothing is signed for it', () => {
  let handle: string
  let ticket: string
  beforeAll(async () => {
    app = mobile.app('mediated')
    await app.signIn()
    handle = app.handle!
    ticket = (await app.ticket()).ticket
  })
  const bearer = (text: string) => ({ authorization: `Bearer ${text}` })
  const LOGIN_REQUIRED = [401, 'login_required']

  const cases: [string, unknown[], () => Refused][] = [
    ['none', LOGIN_REQUIRED, () => ({})],
    ['tampered with', LOGIN_REQUIRED, () => ({ headers: bearer(tampered(handle, 4)) })],
    ['that is a ticket', LOGIN_REQUIRED, () => ({ headers: bearer(`${handle.split('.')[0]}.${ticket}`) })],
    ['that is an access token', LOGIN_REQUIRED, () => ({ headers: bearer('opaque') })],
    ['of another client', LOGIN_REQUIRED, () => ({ headers: bearer(handle), by: 'session' })],
    [
      'with a page’s Origin',
      [403, 'invalid_request'],
      () => ({ headers: { ...bearer(handle), origin: mobile.stack.description.app, 'x-csrf': '1' } }),
    ],
    ['with a cookie', INVALID_REQUEST, () => ({ headers: { ...bearer(handle), cookie: 'a=b' } })],
    ['with a secret of the app’s own', INVALID_REQUEST, () => ({ parameters: { client_secret: 's' } })],
  ]

  test.each(cases)('%s', async (_, expected, refused) => {
    const { parameters, headers, by = 'mediated' } = refused()
    for (const path of ['/session', '/logout']) {
      const signed = await mobile.signed(async () => {
        const { status, json } = await mobile.app(by).post(path, { force: 'true', ...parameters }, headers)
        // Who has no session is logged out.
        const ended = path === '/logout' && expected === LOGIN_REQUIRED
        expect([status, json.error]).toEqual(ended ? [200, undefined] : expected)
      })
      expect(signed).toBe(0)
    }
  })
})

describe('CSRF-3, IDT-3: the way back is that of the browser that began, once', () => {
  test('another browser, which somebody has led there, gets a text and no ticket', async () => {
    const { url } = app.begin()
    const { redirect_uri } = mobile.clientOf('mediated')
    const callback = `${mobile.stack.description.gateway}/callback`
    const back = await createBrowser().visit(url, callback)
    const signed = await mobile.signed(async () => {
      const stranger = createBrowser().visit(back.href, redirect_uri)
      await expect(stranger).rejects.toMatchObject({ error: 'page', status: 400 })
    })
    expect(signed).toBe(0)
  })

  test('a second time in the same browser: the same', async () => {
    const { url } = app.begin()
    const { redirect_uri } = mobile.clientOf('mediated')
    const browser = createBrowser()
    const back = await browser.visit(url, `${mobile.stack.description.gateway}/callback`)
    const first = await browser.visit(back.href, redirect_uri)
    expect(first.searchParams.get('ticket')).not.toBeNull()
    const again = browser.visit(back.href, redirect_uri)
    await expect(again).rejects.toMatchObject({ error: 'page', status: 400 })
  })
})

test('the delivery of a native app decides the way: no code of its own at /token', async () => {
  const parameters = {
    grant_type: 'authorization_code',
    code: 'code-1',
    redirect_uri: mobile.clientOf('mediated').redirect_uri,
    code_verifier: OTHER_VERIFIER,
  }
  const signed = await mobile.signed(async () => {
    for (const delivery of ['mediated', 'session'] as const) {
      const { status, json } = await mobile.app(delivery).post('/token', parameters)
      expect([status, json.error]).toEqual([400, 'invalid_request'])
      expect(json.error_description).toMatch(/not for the delivery/)
    }
  })
  expect(signed).toBe(0)
})
