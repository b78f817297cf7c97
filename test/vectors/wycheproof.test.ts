import { createPublicKey, verify } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { derToJose, type EcdsaAlg } from '../../lib/jose/ecdsa.ts'
import { foreignVectors } from '../support/vectors.ts'

interface File {
  numberOfTests: number
  testGroups: {
    publicKeyPem: string
    tests: {
      tcId: number
      comment: string
      flags: string[]
      msg: string
      sig: string
      result: 'valid' | 'invalid'
    }[]
  }[]
}

const FILES: [name: string, alg: EcdsaAlg, hash: string][] = [
  ['ecdsa_secp256r1_sha256', 'ES256', 'sha256'],
  ['ecdsa_secp384r1_sha384', 'ES384', 'sha384'],
  ['ecdsa_secp521r1_sha512', 'ES512', 'sha512'],
]

/** Wrong in its form, or its numbers out of range: refused before anybody verifies it. */
const OF_FORM = new Set([
  'BerEncodedSignature',
  'InvalidEncoding',
  'InvalidTypesInSignature',
  'MissingZero',
  'RangeCheck',
  'IntegerOverflow',
])

function parse(der: Uint8Array, alg: EcdsaAlg): Uint8Array | undefined {
  try {
    return derToJose(der, alg)
  } catch (error) {
    if (error instanceof RangeError || error instanceof SyntaxError) return undefined
    throw error
  }
}

describe.each(FILES)('KMS-2: Wycheproof %s', (name, alg, hash) => {
  const file = foreignVectors<File>(`wycheproof/${name}_test.json`)
  const plain = foreignVectors<File>(`wycheproof/${name}_p1363_test.json`)
  const count = (vectors: File | undefined) => `${vectors?.numberOfTests ?? 0} vectors`

  test.skipIf(!file)(`${count(file)}: strict DER in, a signature that verifies as R || S out`, () => {
    let ran = 0
    const wrong: string[] = []
    for (const { publicKeyPem, tests } of file!.testGroups) {
      const key = createPublicKey(publicKeyPem)
      for (const { tcId, comment, flags, msg, sig, result } of tests) {
        ran++
        const jose = parse(Buffer.from(sig, 'hex'), alg)
        const valid =
          jose !== undefined &&
          verify(hash, Buffer.from(msg, 'hex'), { key, dsaEncoding: 'ieee-p1363' }, jose)
        if (valid !== (result === 'valid')) wrong.push(`${tcId} ${comment}: ${valid}, not ${result}`)
        const badForm = flags.some(flag => OF_FORM.has(flag))
        if (badForm && jose !== undefined) wrong.push(`${tcId} ${comment} (${flags}): was taken`)
      }
    }
    expect(wrong).toEqual([])
    expect(ran).toBe(file!.numberOfTests)
  })

  test.skipIf(!file || !plain)(
    `${count(plain)}: what both files hold comes out as the plain form has it`,
    () => {
      const converted = new Set<string>()
      for (const { publicKeyPem, tests } of file!.testGroups) {
        for (const { msg, sig, result } of tests) {
          if (result !== 'valid') continue
          const jose = parse(Buffer.from(sig, 'hex'), alg)
          if (jose) converted.add(`${publicKeyPem} ${msg} ${Buffer.from(jose).toString('hex')}`)
        }
      }
      const missing: string[] = []
      let compared = 0
      for (const { publicKeyPem, tests } of plain!.testGroups) {
        for (const { tcId, comment, msg, sig, result } of tests) {
          if (result !== 'valid') continue
          compared++
          if (!converted.has(`${publicKeyPem} ${msg} ${sig}`)) missing.push(`${tcId} ${comment}`)
        }
      }
      expect(missing).toEqual([])
      expect(compared).toBeGreaterThan(100)
    },
  )
})
