import * as v from 'valibot'
import { ALGORITHMS, type Alg, isExperimental } from '../jose/algorithms.ts'
import { KID_MAX, RSA_BITS_MIN } from '../limits.ts'
import type { PublicJwk } from './client.ts'
import { isRaw, list, members, oneOf, type Raw, text } from './members.ts'

const ALGS = Object.keys(ALGORITHMS) as Alg[]
const NEEDS_EXPERIMENTAL =
  'is experimental, and no listed provider documents support for it: "experimental": true beside it allows it'
const NOTHING_EXPERIMENTAL = 'must be absent or false: the alg of this key is not experimental'

function isAlg(alg: unknown): alg is Alg {
  return ALGS.includes(alg as Alg)
}

/** One signing key: the KMS key by its ARN, and beside it the public half, so that nothing here has to ask KMS. */
export const signingKey = members(raw => ({
  kms_key_arn: text(keyArnProblem),
  replicas: v.exactOptional(
    list(
      text(arn => keyArnProblem(arn) ?? replicaProblem(arn, raw)),
      regionsProblem(raw),
    ),
  ),
  alg: v.pipe(
    oneOf(ALGS),
    v.check(alg => !isExperimental(alg) || raw.experimental === true, NEEDS_EXPERIMENTAL),
  ),
  // Refused where it permits nothing: left behind, it would let a later alg in that nobody asked for.
  experimental: v.exactOptional(
    v.pipe(
      v.boolean(),
      v.check(on => !on || !isAlg(raw.alg) || isExperimental(raw.alg), NOTHING_EXPERIMENTAL),
    ),
  ),
  public_jwk: publicJwk(raw),
  kid: v.exactOptional(text(kid => kidProblem(kid, raw) ?? kidDisagreement(kid, raw))),
  'x5t#S256': v.exactOptional(text(certificateHashProblem)),
  state: oneOf(['next', 'active', 'retired']),
  created_at: v.exactOptional(text(timeProblem)),
  published_at: v.exactOptional(text(timeProblem)),
  activated_at: v.exactOptional(text(timeProblem)),
  retired_at: v.exactOptional(text(timeProblem)),
}))

/** `arn:<partition>:kms:<region>:<account>:key/<id>`, an `mrk-` id included. */
const KEY_ARN = /^arn:aws(?:-[a-z]+)*:kms:[a-z0-9-]+:\d{12}:key\/[A-Za-z0-9-]{1,64}$/

function keyArnProblem(arn: string): string | undefined {
  if (KEY_ARN.test(arn)) return undefined
  // An alias can be pointed at another key, with eventual consistency: the assertion would name the wrong one.
  const why = 'sign by key ARN (arn:…:kms:…:key/…), so that kid and key cannot disagree'
  return /(?:^|:)alias\//.test(arn)
    ? `must not be an alias: ${why}`
    : `must be the ARN of one KMS key: ${why}`
}

/** Region, and what is the same in every Region: partition, account and id (`mrk-…`) of a multi-Region key. */
function partsOf(arn: unknown): { region: string; rest: string } {
  const [, partition, , region = '', account, key] = typeof arn === 'string' ? arn.split(':') : []
  return { region, rest: `${partition}:${account}:${key}` }
}

/** KMS developer guide, "Multi-Region keys": the same id means the same key material, so the same public_jwk and kid. */
function replicaProblem(arn: string, { kms_key_arn }: Raw): string | undefined {
  const { rest } = partsOf(arn)
  if (!rest.includes(':key/mrk-')) return 'must be a multi-Region key: its id begins with mrk-'
  return rest === partsOf(kms_key_arn).rest
    ? undefined
    : 'must be the key of kms_key_arn in another Region: the same account and the same mrk- id'
}

function regionsProblem({ kms_key_arn }: Raw): (replicas: readonly unknown[]) => string | undefined {
  return replicas => {
    const regions = [kms_key_arn, ...replicas].map(arn => partsOf(arn).region)
    return new Set(regions).size === regions.length ? undefined : 'must name each Region once'
  }
}

/** A `kid` is published: never a KMS ARN (it holds the account id), key id or alias. */
function kidProblem(kid: string, key: Raw): string | undefined {
  if (!/^[\x20-\x7e]+$/.test(kid) || kid.length > KID_MAX)
    return `must be 1 to ${KID_MAX} printable ASCII characters`
  if (/arn:|alias\//i.test(kid)) return 'must not be an ARN or an alias: a kid is published'
  const arn = typeof key.kms_key_arn === 'string' ? key.kms_key_arn : ''
  const [account, id] = arn.split(':key/').map(part => part.split(':').at(-1)!.toLowerCase())
  return [account, id].some(secret => secret && kid.toLowerCase().includes(secret))
    ? 'must not hold the account or the id of the KMS key: a kid is published'
    : undefined
}

function kidDisagreement(kid: string, key: Raw): string | undefined {
  const other = isRaw(key.public_jwk) ? key.public_jwk.kid : undefined
  return other === undefined || other === kid ? undefined : 'must be the same as the kid in public_jwk'
}

/** RFC 3339, in UTC and whole seconds: one way to write a time, so that two can be compared as text. */
function timeProblem(time: string): string | undefined {
  const parsed = Date.parse(time)
  // The day that a month does not have is moved into the next one: then it is written otherwise.
  return !Number.isNaN(parsed) && new Date(parsed).toISOString().replace('.000Z', 'Z') === time
    ? undefined
    : 'must be a time in UTC and whole seconds, such as 2026-11-24T12:00:00Z (RFC 3339)'
}

/** RFC 7517 section 4.9: base64url of the SHA-256 of the certificate in DER. Often it is given as 64 hex digits. */
function certificateHashProblem(hash: string): string | undefined {
  return bytesOf(hash)?.length === 32
    ? undefined
    : 'must be the SHA-256 of the certificate in DER, as base64url: 43 characters (RFC 7517 section 4.9)'
}

/** RFC 7518 sections 6.2.2, 6.3.2 and 6.4.1, RFC 8037 section 2, RFC 9964 (`priv`). */
const PRIVATE_MEMBERS = new Set(['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k', 'priv'])

function unknownJwkMember(name: string): string {
  return PRIVATE_MEMBERS.has(name)
    ? 'is a member of a private key: a private key never belongs here, and this one should be replaced'
    : 'is not a member that a public key of this kty has here'
}

/**
 * The public key of `key`, whose `alg` decides what it must be (RFC 8725 section 3.1). Which members there are depends
 * on `kty`; the inferred type cannot follow that, so it is stated.
 */
function publicJwk(key: Raw) {
  const needs = algorithmOf(key.alg)
  const fits = (wanted: string | undefined, given: string) =>
    wanted === undefined || wanted === given ? undefined : 'does not fit the alg of the key'
  const sameAlg = text(alg => (alg === key.alg ? undefined : 'must be the same as the alg of the key'))
  const schema: v.GenericSchema = members<v.ObjectEntries>(
    raw => ({
      kty: text(kty => (KTYS.includes(kty) ? fits(needs?.kty, kty) : 'must be "RSA", "EC", "OKP" or "AKP"')),
      // Where the kty does not fit, that is the problem, and not the curve as well.
      ...keyMaterial(raw, crv => (raw.kty === needs?.kty ? fits(needs?.crv, crv) : undefined)),
      kid: v.exactOptional(text(kid => kidProblem(kid, key))),
      use: v.exactOptional(oneOf(['sig'])),
      // What WebCrypto's exportKey adds; it says nothing here.
      key_ops: v.exactOptional(v.array(v.string())),
      ext: v.exactOptional(v.boolean()),
      // RFC 9964 section 3: required of an AKP key, whose kty alone does not say what it is for.
      alg: raw.kty === 'AKP' ? sameAlg : v.exactOptional(sameAlg),
    }),
    unknownJwkMember,
  )
  return schema as v.GenericSchema<unknown, PublicJwk>
}

function algorithmOf(alg: unknown): { kty: string; crv?: string } | undefined {
  return isAlg(alg) ? ALGORITHMS[alg] : undefined
}

const KTYS = ['RSA', 'EC', 'OKP', 'AKP']

/** Bytes of a coordinate: the full size for the curve (RFC 7518 section 6.2.1.2), 32 for Ed25519 (RFC 8032). */
function coordinateSize(crv: unknown): number | undefined {
  const needs = Object.values(ALGORITHMS).find(candidate => 'crv' in candidate && candidate.crv === crv)
  return needs && ('size' in needs ? needs.size : 32)
}

/** Bytes of the public key of an ML-DSA `alg` (FIPS 204, table 2). */
function pubSize(alg: unknown): number | undefined {
  const needs = isAlg(alg) ? ALGORITHMS[alg] : undefined
  return needs?.kty === 'AKP' ? needs.pub : undefined
}

/** The members that hold the key itself: of RSA n and e, of EC crv, x and y, of OKP crv and x, of AKP pub. */
function keyMaterial({ kty, crv, alg }: Raw, crvProblem: (crv: string) => string | undefined) {
  const coordinate = text(value => sizeProblem(value, coordinateSize(crv), 'curve'))
  switch (kty) {
    case 'RSA':
      return { n: text(modulusProblem), e: text(exponentProblem) }
    case 'EC':
      return { crv: text(crvProblem), x: coordinate, y: coordinate }
    case 'OKP':
      return { crv: text(crvProblem), x: coordinate }
    case 'AKP':
      return { pub: text(value => sizeProblem(value, pubSize(alg), 'alg')) }
    default: {
      // The kty is the problem; what it would have asked of the others is not known.
      const any = v.exactOptional(v.string())
      return { n: any, e: any, crv: any, x: any, y: any, pub: any }
    }
  }
}

const NOT_BASE64URL = 'must be base64url without padding (RFC 7515 section 2)'

/** The bytes of a base64url text, undefined where it is not the one way to write them. */
function bytesOf(text: string): Buffer | undefined {
  const bytes = Buffer.from(text, 'base64url')
  return text !== '' && bytes.toString('base64url') === text ? bytes : undefined
}

function sizeProblem(value: string, size: number | undefined, by: 'curve' | 'alg'): string | undefined {
  const bytes = bytesOf(value)
  if (bytes === undefined) return NOT_BASE64URL
  return size === undefined || bytes.length === size
    ? undefined
    : `must have the exact length that its ${by} asks for`
}

/** RFC 7518 section 6.3.1.1: the minimum number of octets, so no leading zero. */
function modulusProblem(value: string): string | undefined {
  const bytes = bytesOf(value)
  if (bytes === undefined) return NOT_BASE64URL
  if (bytes[0] === 0) return 'must not start with a zero byte (RFC 7518 section 6.3.1.1)'
  const bits = bytes.length * 8 - Math.clz32(bytes[0]!) + 24
  return bits < RSA_BITS_MIN ? `must have at least ${RSA_BITS_MIN} bits` : undefined
}

function exponentProblem(value: string): string | undefined {
  const bytes = bytesOf(value)
  if (bytes === undefined) return NOT_BASE64URL
  if (bytes[0] === 0) return 'must not start with a zero byte (RFC 7518 section 6.3.1.2)'
  // With 1 for an exponent everybody could sign (RFC 8017 section 3.1: from 3, and necessarily odd).
  return value === 'AQ' || bytes.at(-1)! % 2 === 0 ? 'must be an odd number above 1' : undefined
}
