import { describe, expect, test } from 'vitest'
import { ALGORITHMS } from '../../../lib/jose/algorithms.ts'
import { thumbprint } from '../../../lib/jose/jwks.ts'
import { ALGS, testEachAlg, testKey } from '../../support/keys.ts'

describe('ASRT-16: the kid of a key that was given none', () => {
  test('is its thumbprint: the example of RFC 7638 section 3.1', async () => {
    const jwk = {
      kty: 'RSA',
      n: '0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw',
      e: 'AQAB',
      alg: 'RS256',
      kid: '2011-04-29',
    }
    expect(await thumbprint(jwk)).toBe('NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs')
  })

  testEachAlg('%s: 43 characters of base64url, the same for the same key, another for another', async alg => {
    const { public_jwk } = testKey(alg)
    const kid = await thumbprint(public_jwk)
    expect(kid).toMatch(/^[A-Za-z0-9_-]{43}$/)
    expect(await thumbprint({ ...public_jwk, alg, use: 'sig', kid: 'x' })).toBe(kid)
    expect(await thumbprint(testKey(alg, 'another').public_jwk)).not.toBe(kid)
  })
})

describe('KMS-1: the table of algorithms', () => {
  test('names asymmetric signatures alone: no none, no HMAC, no secp256k1', () => {
    expect(Object.keys(ALGORITHMS)).toEqual(ALGS)
  })

  testEachAlg('%s fits the key that it is made with', alg => {
    const { public_jwk } = testKey(alg)
    const needs: { kty: string; crv?: string; size?: number; pub?: number } = ALGORITHMS[alg]
    expect([needs.kty, needs.crv]).toEqual([public_jwk.kty, public_jwk.crv])
    if (public_jwk.kty === 'AKP') expect(needs.pub).toBe(Buffer.from(public_jwk.pub!, 'base64url').length)
    if (public_jwk.kty === 'EC') expect(needs.size).toBe(Buffer.from(public_jwk.x!, 'base64url').length)
  })
})
