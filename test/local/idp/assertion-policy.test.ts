import { describe, expect, test } from 'vitest'
import { assertionRefusal } from '../../../local/idp/assertion-policy.ts'

const NOW = 1_800_000_000
const GOOD = { iss: 'app', sub: 'app', aud: 'https://idp.example/as', iat: NOW, exp: NOW + 60 }

describe('assertionRefusal', () => {
  test.each([
    ['an ordinary assertion', {}],
    ['a life of exactly five minutes', { exp: NOW + 300 }],
    ['a clock five seconds ahead', { iat: NOW + 5 }],
    ['an old iat: its exp is for others to check', { iat: NOW - 200, exp: NOW + 60 }],
  ])('takes %s', (_name, change) => {
    expect(assertionRefusal({ ...GOOD, ...change }, 'app', NOW)).toBeUndefined()
  })

  test.each([
    ['another iss', { iss: 'other' }, 'iss must be the client_id'],
    ['another sub', { sub: 'other' }, 'sub must be the client_id'],
    ['a sub that differs in case', { sub: 'App' }, 'sub must be the client_id'],
    ['no sub', { sub: undefined }, 'sub must be the client_id'],
    ['an array aud', { aud: ['https://idp.example/as'] }, 'aud must be one string, not an array'],
    ['no aud', { aud: undefined }, 'aud must be one string, not an array'],
    ['no iat', { iat: undefined }, 'iat is missing'],
    ['an iat that is a string', { iat: String(NOW) }, 'iat is missing'],
    ['a clock six seconds ahead', { iat: NOW + 6 }, 'iat is in the future'],
    ['a life of 301 seconds', { exp: NOW + 301 }, 'exp is more than 300 seconds after iat'],
    ['no exp', { exp: undefined }, 'exp is more than 300 seconds after iat'],
  ])('refuses %s', (_name, change, reason) => {
    expect(assertionRefusal({ ...GOOD, ...change }, 'app', NOW)).toBe(reason)
  })
})
