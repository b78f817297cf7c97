import { createPublicKey, verify } from 'node:crypto'
import { describe, expect } from 'vitest'
import { derToJose, type EcdsaAlg } from '../../lib/jose/ecdsa.ts'
import { testVectors } from '../support/vectors.ts'

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

describe.each(FILES)('KMS-2, VEC-3: Wycheproof %s', (name, alg, hash) => {
  const holds = (publicKeyPem: string, msg: string, jose: Uint8Array) =>
    verify(
      hash,
      Buffer.from(msg, 'hex'),
      { key: createPublicKey(publicKeyPem), dsaEncoding: 'ieee-p1363' },
      jose,
    )

  testVectors<File>(
    `wycheproof/${name}_test.json`,
    'strict DER in, a signature that verifies as R || S out',
    async file => {
      let run = 0
      const wrong: string[] = []
      for (const { publicKeyPem, tests } of file.testGroups) {
        for (const { tcId, comment, flags, msg, sig, result } of tests) {
          run++
          const jose = parse(Buffer.from(sig, 'hex'), alg)
          const valid = jose !== undefined && holds(publicKeyPem, msg, jose)
          if (valid !== (result === 'valid')) wrong.push(`${tcId} ${comment}: ${valid}, not ${result}`)
          const badForm = flags.some(flag => OF_FORM.has(flag))
          if (badForm && jose !== undefined) wrong.push(`${tcId} ${comment} (${flags}): was taken`)
        }
      }
      expect(wrong).toEqual([])
      expect(run).toBe(file.numberOfTests)
      return { run }
    },
  )

  testVectors<File>(
    `wycheproof/${name}_p1363_test.json`,
    'R and S as DER in, the very bytes out where they are good',
    async file => {
      let run = 0
      const wrong: string[] = []
      for (const { publicKeyPem, tests } of file.testGroups) {
        for (const { tcId, comment, msg, sig, result } of tests) {
          run++
          const plain = Buffer.from(sig, 'hex')
          const half = plain.length >> 1
          const jose = parse(asDer(plain.subarray(0, half), plain.subarray(half)), alg)
          // One that was written too long or too short has the right form again once it has been DER.
          const same = jose !== undefined && Buffer.from(jose).equals(plain)
          const valid = same && holds(publicKeyPem, msg, jose)
          if (valid !== (result === 'valid')) wrong.push(`${tcId} ${comment}: ${valid}, not ${result}`)
        }
      }
      expect(wrong).toEqual([])
      expect(run).toBe(file.numberOfTests)
      return { run }
    },
  )
})

/** Two unsigned integers as KMS would write them (RFC 3279 section 2.2.3). */
function asDer(...integers: Buffer[]): Buffer {
  const element = (tag: number, content: Buffer) =>
    Buffer.concat([
      Buffer.from(content.length < 0x80 ? [tag, content.length] : [tag, 0x81, content.length]),
      content,
    ])
  const shortest = (integer: Buffer) => {
    const first = integer.findIndex(byte => byte !== 0)
    const bytes = first === -1 ? Buffer.of(0) : integer.subarray(first)
    return bytes[0]! < 0x80 ? bytes : Buffer.concat([Buffer.of(0), bytes])
  }
  return element(0x30, Buffer.concat(integers.map(integer => element(0x02, shortest(integer)))))
}
