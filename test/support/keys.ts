import { generateKeyPairSync, type KeyObject, constants as padding, sign, verify } from 'node:crypto'
import type { JWK } from 'jose'
import { test } from 'vitest'
import type { Alg } from '../../lib/jose/algorithms.ts'
import type { Signer } from '../../lib/jose/signer.ts'
import { HAS_ML_DSA } from '../../local/ml-dsa.ts'

/** What `node:crypto` has to be told to sign as each algorithm says; the hash is in the name. */
export interface Scheme {
  hash: string | null
  options: { padding?: number; saltLength?: number; dsaEncoding?: 'der' | 'ieee-p1363' }
  generate(): { publicKey: KeyObject; privateKey: KeyObject }
}

function rsa(bits: number, pss: boolean): Scheme {
  return {
    hash: `sha${bits}`,
    // RFC 7518 section 3.5: the salt is as long as the hash.
    options: pss ? { padding: padding.RSA_PKCS1_PSS_PADDING, saltLength: bits / 8 } : {},
    generate: () => generateKeyPairSync('rsa', { modulusLength: 2048 }),
  }
}

function ec(bits: number, namedCurve: string): Scheme {
  return {
    hash: `sha${bits}`,
    options: { dsaEncoding: 'ieee-p1363' },
    generate: () => generateKeyPairSync('ec', { namedCurve }),
  }
}

const ed25519: Scheme = { hash: null, options: {}, generate: () => generateKeyPairSync('ed25519') }

function mlDsa(type: 'ml-dsa-44' | 'ml-dsa-65' | 'ml-dsa-87'): Scheme {
  return { hash: null, options: {}, generate: () => generateKeyPairSync(type) }
}

/** A second table beside that of lib/jose, written from RFC 7518, RFC 8037 and RFC 9964, so that neither checks itself. */
const SCHEMES: Record<Alg, Scheme> = {
  RS256: rsa(256, false),
  RS384: rsa(384, false),
  RS512: rsa(512, false),
  PS256: rsa(256, true),
  PS384: rsa(384, true),
  PS512: rsa(512, true),
  ES256: ec(256, 'P-256'),
  ES384: ec(384, 'P-384'),
  ES512: ec(512, 'P-521'),
  EdDSA: ed25519,
  Ed25519: ed25519,
  'ML-DSA-44': mlDsa('ml-dsa-44'),
  'ML-DSA-65': mlDsa('ml-dsa-65'),
  'ML-DSA-87': mlDsa('ml-dsa-87'),
}

export const ALGS = Object.keys(SCHEMES) as Alg[]
export const ML_DSA_ALGS = ALGS.filter(alg => alg.startsWith('ML-DSA'))
/** Those that this Node can sign and verify with. */
export const ALGS_HERE = ALGS.filter(alg => HAS_ML_DSA || !ML_DSA_ALGS.includes(alg))

/** One test for each algorithm; what this Node lacks is skipped, and so counted as such. */
export function testEachAlg(name: string, run: (alg: Alg) => unknown, algs: readonly Alg[] = ALGS): void {
  for (const alg of algs) {
    test.skipIf(!ALGS_HERE.includes(alg))(name.replace('%s', alg), async () => {
      await run(alg)
    })
  }
}

export interface TestKey {
  alg: Alg
  publicKey: KeyObject
  public_jwk: JWK
  /** Signs in JOSE form, or for ECDSA in DER where asked, as KMS does. */
  sign(input: Uint8Array, dsaEncoding?: 'der' | 'ieee-p1363'): Buffer
  verify(input: Uint8Array, signature: Uint8Array): boolean
}

const pairs = new Map<string, ReturnType<Scheme['generate']>>()

/** A key in memory. One pair for each `name` and kind of key: RSA keys take long to make. */
export function testKey(alg: Alg, name = ''): TestKey {
  const { hash, options, generate } = SCHEMES[alg]
  const id = `${name}:${/^(ES|ML)/.test(alg) ? alg : alg.slice(0, 1)}`
  const pair = pairs.get(id) ?? generate()
  pairs.set(id, pair)
  return {
    alg,
    publicKey: pair.publicKey,
    public_jwk: pair.publicKey.export({ format: 'jwk' }) as JWK,
    sign(input, dsaEncoding) {
      return sign(hash, input, { key: pair.privateKey, ...options, ...(dsaEncoding && { dsaEncoding }) })
    },
    verify: (input, signature) => verify(hash, input, { key: pair.publicKey, ...options }, signature),
  }
}

export interface CountingSigner extends Signer {
  calls: number
}

/** A signer over a key in memory, which counts. */
export function testSigner(key: TestKey, kid = 'kid-1'): CountingSigner {
  return {
    alg: key.alg,
    kid,
    calls: 0,
    async sign(input) {
      this.calls++
      return key.sign(input)
    },
  }
}

/** Header and claims of a compact JWS, unverified, and its parts. */
export function decode(jws: string): {
  header: Record<string, unknown>
  claims: Record<string, unknown>
  input: Buffer
  signature: Buffer
} {
  const [header = '', payload = '', signature = '', ...more] = jws.split('.')
  if (more.length > 0) throw new Error('not a compact JWS')
  const json = (part: string) => JSON.parse(Buffer.from(part, 'base64url').toString('utf8'))
  return {
    header: json(header),
    claims: json(payload),
    input: Buffer.from(`${header}.${payload}`),
    signature: Buffer.from(signature, 'base64url'),
  }
}
