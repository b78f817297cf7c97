import type { JWK } from 'jose'
import { describe, expect, test } from 'vitest'
import type { Alg } from '../../lib/jose/algorithms.ts'
import { thumbprint } from '../../lib/jose/jwks.ts'
import { verifyingFirst } from '../../lib/jose/signer.ts'
import { foreignVectors } from '../support/vectors.ts'

interface Jws {
  input: { key: JWK; alg: Alg }
  signing: { sig: string; 'sig-input': string }
}

const PUBLIC_MEMBERS = ['kty', 'n', 'e', 'crv', 'x', 'y', 'kid', 'use']

function publicHalf(key: JWK): JWK {
  return Object.fromEntries(Object.entries(key).filter(([name]) => PUBLIC_MEMBERS.includes(name))) as JWK
}

const KEYS: [publicFile: string, privateFile: string][] = [
  ['jwk_3_1.ec_public_key', 'jwk_3_2.ec_private_key'],
  ['jwk_3_3.rsa_public_key', 'jwk_3_4.rsa_private_key'],
]

describe('ASRT-16: thumbprints of the JOSE cookbook keys (RFC 7520)', () => {
  describe.each(KEYS)('%s', (publicFile, privateFile) => {
    const publicKey = foreignVectors<JWK>(`jose-cookbook/${publicFile}.json`)
    const privateKey = foreignVectors<JWK>(`jose-cookbook/${privateFile}.json`)
    const count = publicKey && privateKey ? 2 : 0

    test.skipIf(count === 0)(`${count} files: public and private half have one thumbprint`, async () => {
      expect(await thumbprint(publicKey!)).toBe(await thumbprint(privateKey!))
      expect(await thumbprint(publicKey!)).toMatch(/^[A-Za-z0-9_-]{43}$/)
    })
  })
})

const SIGNATURES = [
  'jws_4_1.rsa_v15_signature',
  'jws_4_2.rsa-pss_signature',
  'jws_4_3.ecdsa_signature',
  'curve25519_jws',
]

describe.each(SIGNATURES)('the first signature is held against the public key: %s', name => {
  const file = foreignVectors<Jws>(`jose-cookbook/${name}.json`)

  test.skipIf(!file)(`${file ? 1 : 0} file: taken as it stands, refused over another input`, async () => {
    const { key, alg } = file!.input
    const { sig, 'sig-input': text } = file!.signing
    const signer = { alg, kid: key.kid ?? '', sign: async () => Buffer.from(sig, 'base64url') }
    const input = Buffer.from(text)
    expect(await verifyingFirst(signer, publicHalf(key)).sign(input)).toEqual(Buffer.from(sig, 'base64url'))
    input[input.length - 1]! ^= 1
    await expect(verifyingFirst(signer, publicHalf(key)).sign(input)).rejects.toMatchObject({
      reason: 'signer_misconfigured',
    })
  })
})
