import type { JWK } from 'jose'
import { describe, expect, test } from 'vitest'
import { thumbprint } from '../../lib/jose/jwks.ts'
import { ownVectors } from '../support/vectors.ts'

const vectors = ownVectors<{ comment: string; jwk: JWK; thumbprint: string }[]>('jwk.json')

describe(`VEC-1: jwk.json, ${vectors.length} thumbprints (RFC 7638)`, () => {
  test.each(vectors)('$jwk.kty $comment', async ({ jwk, thumbprint: expected }) => {
    expect(await thumbprint(jwk)).toBe(expected)
  })
})
