import { compactVerify, type JWK } from 'jose'
import { describe, expect, test } from 'vitest'
import type { Alg } from '../../lib/jose/algorithms.ts'
import { thumbprint } from '../../lib/jose/jwks.ts'
import { ASSERTION_LIFETIME_S } from '../../lib/limits.ts'
import { signedInTime } from '../../lib/oauth/client-assertion.ts'
import { CLIENT_ASSERTION_TYPE, privateKeyJwt } from '../../lib/oauth/client-auth.ts'
import { ownVectors } from '../support/vectors.ts'

/** The keys were made for these vectors, and their private halves thrown away: the signatures are what is left of them. */
interface Vector {
  comment: string
  alg: Alg
  public_jwk: JWK
  input: { client_id: string; aud: string; now: number; jti: string; lifetime?: number; typ: string }
  header: string
  claims: string
  jws: string
}

const vectors = ownVectors<Vector[]>('assertion.json')

describe(`VEC-1: assertion.json, ${vectors.length} assertions byte for byte`, () => {
  test.each(vectors)('$alg: $comment', async ({ alg, public_jwk, input, header, claims, jws }) => {
    const signature = Buffer.from(jws.split('.')[2]!, 'base64url')
    let signed = ''
    const signer = {
      alg,
      kid: await thumbprint(public_jwk),
      sign: async (bytes: Uint8Array) => {
        signed = Buffer.from(bytes).toString('utf8')
        return signature
      },
    }
    const { client_id, aud, now, jti, lifetime, typ } = input
    const options = { client_id, typ, lifetime: lifetime ?? ASSERTION_LIFETIME_S }
    const assertions = signedInTime(signer, { ...options, now: () => now, randomId: () => jti })
    const authenticate = privateKeyJwt(assertions, { aud })
    const body = new URLSearchParams()
    await authenticate({ issuer: 'https://another.example.com' }, { client_id }, body)

    // ASRT-17: compact JSON in UTF-8, base64url without padding.
    const text = (part = '') => Buffer.from(part, 'base64url').toString('utf8')
    expect(signed.split('.').map(text)).toEqual([header, claims])
    expect(signed).not.toMatch(/[=+/]/)
    expect(Object.fromEntries(body)).toEqual({
      client_id,
      client_assertion_type: CLIENT_ASSERTION_TYPE,
      client_assertion: jws,
    })
    // The recorded signature is a real one.
    await expect(compactVerify(jws, public_jwk, { algorithms: [alg] })).resolves.toBeDefined()
  })
})
