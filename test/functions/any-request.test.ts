import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { GatewayResult } from '../../functions/shell.ts'
import type { Answer } from '../../lib/http/post.ts'
import { logLine } from '../../lib/log.ts'
import { functionOfAll, NONCE } from '../support/any-client.ts'
import { eventOf } from '../support/any-event.ts'
import { changed } from '../support/any-request.ts'
import { eachChange } from '../support/each-change.ts'
import type { TestFunction } from '../support/function.ts'
import { idToken, published } from '../support/id-tokens.ts'
import { testKey } from '../support/keys.ts'
import { type Ask, dressed, MEANT } from '../support/meant-requests.ts'
import { costOf } from '../support/oracle.ts'
import { ISSUER, json } from '../support/session.ts'

// Every route, with whatever can be sent to it: what is answered, what is written down, and what it costs.

const key = testKey('RS256', 'provider')
const jwks = json({ keys: [published(key, 'kid-p')] })
const REFUSED = json({ error: 'invalid_grant', error_description: 'tok-description' }, 400)

/** A provider to whom everything is right. */
function given(url: string, form: URLSearchParams, dpop: string | undefined): Answer {
  if (url.endsWith('/revoke')) return json({})
  if (url.endsWith('/par')) return json({ request_uri: 'urn:tok-pushed', expires_in: 60 }, 201)
  if (url.endsWith('/device')) {
    return json({ device_code: 'tok-d', user_code: 'tok-u', verification_uri: `${ISSUER}/d`, expires_in: 60 })
  }
  const claims = { aud: form.get('client_id'), nonce: NONCE }
  return json({
    access_token: 'tok-access-2',
    token_type: dpop === undefined ? 'Bearer' : 'DPoP',
    expires_in: 300,
    refresh_token: 'tok-refresh-2',
    ...(form.has('scope') && { scope: form.get('scope') }),
    id_token: idToken(ISSUER, Date.now(), { claims }, key),
  })
}

async function answerTo(ask: Ask, gives: boolean): Promise<{ fn: TestFunction; result: GatewayResult }> {
  const fn = functionOfAll()
  fn.jwks = jwks
  fn.post = async (url, form, { dpop } = {}) => (gives ? given(url, form, dpop) : REFUSED)
  return { fn, result: await fn.handler(eventOf(ask)) }
}

const SET_COOKIE =
  /^__Host-Http-cs-[\w-]+=[\w.-]*; Max-Age=\d+; Path=\/; Secure; HttpOnly; SameSite=(Strict|Lax)$/

function expectAnswer({
  statusCode,
  headers,
  body,
  cookies,
  multiValueHeaders,
  ...rest
}: GatewayResult): void {
  expect(statusCode).toBeGreaterThanOrEqual(200)
  // One of the clients is switched off, and that is the one thing that is the matter with us.
  if (statusCode >= 500) expect([statusCode, body]).toEqual([503, expect.stringContaining('switched off')])
  expect(headers).toMatchObject({ 'cache-control': 'no-store', 'x-request-id': expect.stringMatching(/./) })
  for (const value of Object.values(headers)) expect(typeof value).toBe('string')
  expect(typeof body).toBe('string')
  expect(rest).toEqual({ isBase64Encoded: false })
  const lines = cookies ?? multiValueHeaders?.['set-cookie'] ?? []
  for (const line of lines) expect(line).toMatch(SET_COOKIE)
}

/** Nothing of what was sent, and nothing of what the provider gave. */
function expectOneLine({ log }: TestFunction, ask: Ask): void {
  expect(log).toHaveLength(1)
  const line = logLine(log[0]!)
  expect(JSON.parse(line)).toMatchObject({ event: 'request', status: expect.any(Number) })
  expect(line).not.toMatch(/canary|tok-|vvvv|eyJ|\n/)
  for (const cookie of ask.cookies) if (cookie.length > 30) expect(line).not.toContain(cookie.slice(-20))
}

const AUTHENTICATION = ['client_id', 'client_assertion', 'client_assertion_type']
const LIMITS = ['scope', 'resource']
const PASSED_ON = {
  authorization_code: ['code', 'redirect_uri', 'code_verifier', ...LIMITS],
  refresh_token: ['refresh_token', ...LIMITS],
  'urn:ietf:params:oauth:grant-type:device_code': ['device_code'],
}
const BY_ENDPOINT: Record<string, string[]> = {
  revoke: ['token', 'token_type_hint'],
  device: LIMITS,
  par: [
    ...[
      'response_type',
      'redirect_uri',
      'code_challenge',
      'code_challenge_method',
      'state',
      'nonce',
      'prompt',
    ],
    ...['max_age', 'login_hint', ...LIMITS],
  ],
}

/** What the RFC of the endpoint lists and what authenticates us; each once; of all that was sent nothing else. */
function expectListed({ sent }: TestFunction): void {
  for (const { url, form } of sent) {
    const grant = form.get('grant_type') as keyof typeof PASSED_ON | null
    const listed = grant === null ? BY_ENDPOINT[url.split('/').at(-1)!] : ['grant_type', ...PASSED_ON[grant]]
    const names = [...form.keys()]
    expect([...AUTHENTICATION, ...listed!]).toEqual(expect.arrayContaining(names))
    const once = names.filter(name => name !== 'resource')
    expect(new Set(once).size).toBe(once.length)
    expect(form.get('client_assertion')).toMatch(/^[\w-]+\.[\w-]+\.[\w-]+$/)
  }
}

/** Answered, written down and charged as it should be. Returns what it cost. */
async function expectRight(ask: Ask, gives: boolean): Promise<0 | 1> {
  const cost = costOf(ask)
  const { fn, result } = await answerTo(ask, gives)
  expect({ ask, cost: [fn.signed, fn.sent.length] }).toEqual({ ask, cost: [cost, cost] })
  expectAnswer(result)
  expectOneLine(fn, ask)
  expectListed(fn)
  if (cost === 1 && gives) expect([200, 201, 303]).toContain(result.statusCode)
  if (result.statusCode >= 400) expect(result.body).not.toMatch(/canary/)
  // COOKIE-12: of the provider's tokens an app with a session gets an access token at most.
  if (ask.params.every(([name, value]) => name !== 'client_id' || !/bearer|dpop/.test(value))) {
    expect(result.body).not.toContain('tok-refresh')
  }
  return cost
}

describe('any request to any route', () => {
  test('costs one signature and one request where it is good, and nothing where it is not', async () => {
    const costs = [0, 0]
    await fc.assert(
      fc.asyncProperty(changed(MEANT), fc.boolean(), async (ask, gives) => {
        costs[await expectRight(ask, gives)]!++
      }),
      { numRuns: 1_200 },
    )
    // Neither side of it was left out.
    expect(Math.min(...costs)).toBeGreaterThan(150)
  })

  const kinds = MEANT.map((ask, index) => [`${ask.route} (${index})`, ask] as const)
  const either = [false, true]

  test.each(kinds)('%s as it is meant, however it comes', async (_, meant) => {
    const cost = costOf(dressed(meant, {}))
    for (const json of either) {
      for (const base64 of either) {
        for (const v1 of either)
          expect(await expectRight(dressed(meant, { json, base64, v1 }), true)).toBe(cost)
      }
    }
  })

  test.each(kinds)('%s with any one thing about it changed', async (_, meant) => {
    for (const ask of eachChange(dressed(meant, {}))) await expectRight(ask, true)
  })

  test('what is meant to cost something does, in the eyes of whoever judges here', () => {
    expect(MEANT.filter(ask => costOf(dressed(ask, {})) === 1)).toHaveLength(25)
  })
})
