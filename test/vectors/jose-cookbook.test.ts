import type { JWK } from 'jose'
import { describe, expect } from 'vitest'
import type { Alg } from '../../lib/jose/algorithms.ts'
import { keySet, thumbprint } from '../../lib/jose/jwks.ts'
import { verifyingFirst } from '../../lib/jose/signer.ts'
import { readKeySet, verifyJwt } from '../../lib/jose/verify.ts'
import { foreignVectors, testVectors } from '../support/vectors.ts'

interface Jws {
  input: { key: JWK | JWK[]; alg: Alg }
  signing: { sig: string; 'sig-input': string }
  output: { compact?: string; json: object; json_flat?: object }
}

const PUBLIC_MEMBERS = ['kty', 'n', 'e', 'crv', 'x', 'y', 'kid', 'use']

function publicHalf(key: JWK): JWK {
  return Object.fromEntries(Object.entries(key).filter(([name]) => PUBLIC_MEMBERS.includes(name))) as JWK
}

async function codeOf(jws: string, keys: JWK[]): Promise<string> {
  const rules = { issuer: 'https://as.example.com', audience: 'c', now: 0, tolerance: 0 }
  return verifyJwt(jws, readKeySet({ keys }), rules).then(
    () => 'OK',
    (error: { code: string }) => error.code,
  )
}

const HALVES: Record<string, string> = {
  'jwk_3_2.ec_private_key': 'jwk_3_1.ec_public_key',
  'jwk_3_4.rsa_private_key': 'jwk_3_3.rsa_public_key',
}

describe.each(Object.entries(HALVES))('ASRT-16, VEC-3: %s', (privateFile, publicFile) => {
  const publicKey = foreignVectors<JWK>(`jose-cookbook/${publicFile}.json`)

  testVectors<JWK>(
    `jose-cookbook/${privateFile}.json`,
    'has the thumbprint of its public half',
    async privateKey => {
      expect(await thumbprint(privateKey)).toBe(await thumbprint(publicKey!))
      expect(await thumbprint(privateKey)).toMatch(/^[A-Za-z0-9_-]{43}$/)
      return { run: 1 }
    },
  )
})

const KEYS: [file: string, material: string[]][] = [
  ['jwk_3_1.ec_public_key', ['crv', 'x', 'y']],
  ['jwk_3_2.ec_private_key', ['crv', 'x', 'y']],
  ['jwk_3_3.rsa_public_key', ['n', 'e']],
  ['jwk_3_4.rsa_private_key', ['n', 'e']],
  // Nothing of a secret is public.
  ['jwk_3_5.symmetric_key_mac_computation', []],
  ['jwk_3_6.symmetric_key_encryption', []],
]

describe.each(KEYS)('JWKS-1, VEC-3: %s', (file, material) => {
  testVectors<JWK>(
    `jose-cookbook/${file}.json`,
    'what is published of it is its public half alone',
    async jwk => {
      const { keys } = await keySet([{ public_jwk: jwk, alg: 'RS256' }])
      expect(Object.keys(keys[0]!).sort()).toEqual(['alg', 'kid', 'kty', 'use', ...material].sort())
      return { run: 1 }
    },
  )
})

const SIGNATURES = [
  'jws_4_1.rsa_v15_signature',
  'jws_4_2.rsa-pss_signature',
  'jws_4_3.ecdsa_signature',
  'curve25519_jws',
]

describe.each(SIGNATURES)('ASRT-19, IDT-1, VEC-3: %s', name => {
  testVectors<Jws>(
    `jose-cookbook/${name}.json`,
    'as the first signature of a container it is taken as it stands, and refused over another input',
    async ({ input: { key, alg }, signing: { sig, 'sig-input': text } }) => {
      const jwk = key as JWK
      const signer = { alg, kid: jwk.kid ?? '', sign: async () => Buffer.from(sig, 'base64url') }
      const input = Buffer.from(text)
      expect(await verifyingFirst(signer, publicHalf(jwk)).sign(input)).toEqual(Buffer.from(sig, 'base64url'))
      input[input.length - 1]! ^= 1
      await expect(verifyingFirst(signer, publicHalf(jwk)).sign(input)).rejects.toMatchObject({
        reason: 'signer_misconfigured',
      })
      return { run: 1 }
    },
  )

  testVectors<Jws>(
    `jose-cookbook/${name}.json`,
    'as an ID token its signature holds, but it has no claims; and changed it does not hold',
    async ({ input: { key }, output }) => {
      const jwk = publicHalf(key as JWK)
      const compact = output.compact!
      expect(await codeOf(compact, [jwk])).toBe('FORM')
      const [header, payload = '', signature] = compact.split('.')
      const changed = `${payload.slice(0, -1)}${payload.endsWith('A') ? 'B' : 'A'}`
      expect(await codeOf([header, changed, signature].join('.'), [jwk])).toMatch(/^(SIGNATURE|KEY)$/)
      expect(await codeOf(JSON.stringify(output.json), [jwk])).toBe('FORM')
      return { run: 1 }
    },
  )
})

const REFUSED: [name: string, compact: string | undefined][] = [
  ['jws_4_4.hmac-sha2_integrity_protection', 'ALG'],
  // Its content is elsewhere. HMAC besides.
  ['jws_4_5.signature_with_detached_content', 'ALG'],
  ['jws_4_6.protecting_specific_header_fields', undefined],
  ['jws_4_7.protecting_content_only', undefined],
  ['jws_4_8.multiple_signatures', undefined],
]

describe.each(REFUSED)('IDT-1, VEC-3: %s', (name, code) => {
  testVectors<Jws>(
    `jose-cookbook/${name}.json`,
    'is good, and no ID token: by HMAC, or in JSON',
    async ({ input: { key }, output: { compact, json, json_flat } }) => {
      const keys = [key].flat()
      if (compact === undefined) expect(code).toBeUndefined()
      else expect(await codeOf(compact, keys)).toBe(code)
      for (const one of [json, json_flat]) {
        if (one) expect(await codeOf(JSON.stringify(one), keys)).toBe('FORM')
      }
      return { run: 1 }
    },
  )
})
