import { describe, expect, test } from 'vitest'
import { ACCESS_MARGIN_S } from '../../../lib/limits.ts'
import {
  accessLeft,
  accessRunsOut,
  isFor,
  isWithin,
  newSession,
  refreshedSession,
  type Session,
} from '../../../lib/session/session.ts'

const TOKENS = { access_token: 'a-1', token_type: 'Bearer' }
const BEGUN = { scope: 'openid mail', lifetime: 600, now_s: 1_000 }
/** What is always there. */
const LEAST: Session = { ...TOKENS, claims: {}, iat: 1_000, exp: 1_600 }

// Compared with what is absent left absent: a cookie has little room, and JSON makes null of a number that is none.

describe('a session that begins', () => {
  test.each<[string, object, object]>([
    ['nothing but the token', {}, { scope: 'openid mail' }],
    [
      'all of it',
      { expires_in: 300.9, scope: 'openid', refresh_token: 'r-1' },
      { expires_at: 1_300, scope: 'openid', refresh_token: 'r-1' },
    ],
    [
      'members of other types',
      { expires_in: '300', scope: 7, refresh_token: ['r-1'] },
      { scope: 'openid mail' },
    ],
  ])('by a token response with %s', (_, tokens, held) => {
    expect(newSession({ ...TOKENS, ...tokens }, undefined, BEGUN)).toStrictEqual({ ...LEAST, ...held })
  })

  test('without a scope, asked for or given', () => {
    expect(newSession(TOKENS, undefined, { ...BEGUN, scope: undefined })).toStrictEqual(LEAST)
  })
})

describe('TMB-2: a session that is refreshed', () => {
  const before: Session = { ...LEAST, scope: 'openid mail', refresh_token: 'r-1', claims: { name: 'Alice' } }
  const after = { ...before, access_token: 'a-2' }
  const refreshed = (tokens: object, scope?: string, claims?: Record<string, unknown>, from = before) =>
    refreshedSession(from, { ...TOKENS, access_token: 'a-2', ...tokens }, claims, { scope, now_s: 1_100 })

  test.each<[string, Parameters<typeof refreshed>, Session]>([
    ['by a response that says nothing more', [{}], after],
    ['with a new refresh token', [{ refresh_token: 'r-2' }], { ...after, refresh_token: 'r-2' }],
    ['with one that is no text', [{ refresh_token: 7 }], after],
    [
      'by less, which it was asked for: it is known what was granted',
      [{}, 'openid'],
      { ...after, scope: 'openid', granted: 'openid mail' },
    ],
    [
      'by less than it was asked for: it is known that to ask again brings the same',
      [{ scope: 'openid' }],
      { ...after, scope: 'openid', granted: 'openid mail', asked: 'openid mail' },
    ],
    [
      'by all of it again: neither is kept',
      [{}, undefined, undefined, { ...after, scope: 'openid', granted: 'openid mail', asked: 'x' }],
      after,
    ],
    [
      'with an ID token: whoever has another name by now has it',
      [{}, undefined, { name: 'Alice B.', iat: 1_100, nonce: 'n' }],
      { ...after, claims: { name: 'Alice B.' } },
    ],
  ])('%s', (_, by, expected) => {
    expect(refreshed(...by)).toStrictEqual(expected)
  })

  test('without a scope or a refresh token, as before', () => {
    expect(refreshed({}, undefined, undefined, LEAST)).toStrictEqual({ ...LEAST, access_token: 'a-2' })
    const named = refreshed({ scope: 'openid' }, undefined, undefined, LEAST)
    expect(named).toStrictEqual({ ...LEAST, access_token: 'a-2', scope: 'openid' })
  })
})

describe('an access token', () => {
  test.each([
    [1_000 + ACCESS_MARGIN_S, false],
    [999 + ACCESS_MARGIN_S, true],
    [undefined, false],
  ])('that is good until %s runs out by the second 1000: %s', (expires_at, expected) => {
    const session = expires_at === undefined ? LEAST : { ...LEAST, expires_at }
    expect(accessRunsOut(session, 1_000)).toBe(expected)
  })

  test('of which the provider did not say how long it is good for', () => {
    expect(accessLeft(LEAST, 1_000)).toBeUndefined()
  })

  test.each<[Pick<Session, 'scope' | 'asked'>, string, boolean]>([
    [{ scope: 'mail openid mail' }, 'openid mail', true],
    [{ scope: 'openid mail' }, 'openid', false],
    [{ scope: 'ab c' }, 'a bc', false],
    [{ scope: 'openid', asked: 'openid mail' }, 'mail openid', true],
    [{ scope: 'openid admin', asked: 'openid mail' }, 'openid mail', false],
    [{ asked: 'openid' }, 'openid', true],
    [{}, 'openid', false],
  ])('TMB-2: %j is one for %j: %s', (scopes, wanted, expected) => {
    expect(isFor({ ...LEAST, ...scopes }, wanted)).toBe(expected)
  })
})

test.each([
  ['openid', 'openid mail', true],
  ['openid admin', 'openid mail', false],
  ['', 'openid', true],
  [undefined, 'openid', true],
])('%j has nothing that %j has not: %s', (one, other, expected) => {
  expect(isWithin(one, other)).toBe(expected)
})
