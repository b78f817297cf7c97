import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  ASSERTION_LIFETIME_MAX_S,
  ASSERTION_LIFETIME_MIN_S,
  ASSERTION_LIFETIME_S,
} from '../../../lib/limits.ts'
import { clientAssertion } from '../../../lib/oauth/client-assertion.ts'

const AUD = 'https://auth.example.com/as'
const NOW = Date.parse('2026-10-01T12:00:00.000Z')

describe('the claims', () => {
  test('ASRT-1, ASRT-2, ASRT-8, ASRT-9: these six and no others', () => {
    expect(clientAssertion('app-1', AUD, NOW, 'jti-1', 60)).toEqual({
      iss: 'app-1',
      sub: 'app-1',
      aud: AUD,
      iat: NOW / 1000,
      exp: NOW / 1000 + 60,
      jti: 'jti-1',
    })
  })

  test('ASRT-9: nbf goes along where a provider expects it, and is iat', () => {
    expect(clientAssertion('app-1', AUD, NOW + 999, 'jti-1', 60, true)).toEqual({
      ...clientAssertion('app-1', AUD, NOW, 'jti-1', 60),
      nbf: NOW / 1000,
    })
  })

  test('ASRT-1, ASRT-2: any client_id and any audience come out as they went in, as strings', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (client_id, aud) => {
        const claims = clientAssertion(client_id, aud, NOW, 'j', 60)
        expect([claims.iss, claims.sub, claims.aud]).toEqual([client_id, client_id, aud])
      }),
    )
  })
})

describe('ASRT-8: iat is whole seconds, never ahead of the clock', () => {
  test.each([
    [NOW, 0],
    [NOW + 1, 0],
    [NOW + 999, 0],
    [NOW + 1000, 1],
    [NOW - 1, -1],
  ])('at %d ms', (now, seconds) => {
    expect(clientAssertion('a', AUD, now, 'j', 60).iat).toBe(NOW / 1000 + seconds)
  })

  test('for any clock', () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 4e12, noNaN: true }), now => {
        const { iat, exp } = clientAssertion('a', AUD, now, 'j', 60)
        expect(Number.isInteger(iat) && Number.isInteger(exp)).toBe(true)
        expect(iat * 1000).toBeLessThanOrEqual(now)
        expect(iat * 1000).toBeGreaterThan(now - 1000)
      }),
    )
  })
})

describe('ASRT-7: exp', () => {
  test.each([ASSERTION_LIFETIME_MIN_S, ASSERTION_LIFETIME_S, ASSERTION_LIFETIME_MAX_S])(
    'is iat and %s seconds',
    lifetime => {
      const { iat, exp } = clientAssertion('a', AUD, NOW, 'j', lifetime)
      expect(exp - iat).toBe(lifetime)
    },
  )

  test('the bounds are 15 and 120 seconds, the default is 60', () => {
    expect([ASSERTION_LIFETIME_MIN_S, ASSERTION_LIFETIME_S, ASSERTION_LIFETIME_MAX_S]).toEqual([15, 60, 120])
  })
})
