import { describe, expect, test } from 'vitest'
import { derToJose, type EcdsaAlg } from '../../lib/jose/ecdsa.ts'
import { ownVectors } from '../support/vectors.ts'

interface Vector {
  comment: string
  alg: EcdsaAlg
  der: string
  /** Null where the DER has to be refused. */
  jose: string | null
}

const vectors = ownVectors<Vector[]>('der.json')
const valid = vectors.filter(({ jose }) => jose !== null)
const invalid = vectors.filter(({ jose }) => jose === null)

describe(`VEC-1: der.json, ${valid.length} valid and ${invalid.length} invalid`, () => {
  test.each(valid)('$alg is converted: $comment', ({ alg, der, jose }) => {
    expect(Buffer.from(derToJose(Buffer.from(der, 'hex'), alg)).toString('hex')).toBe(jose)
  })

  test.each(invalid)('$alg is refused: $comment', ({ alg, der }) => {
    const bytes = Buffer.from(der, 'hex')
    expect(() => derToJose(bytes, alg)).toThrow(/^(DER|ECDSA): /)
  })
})
