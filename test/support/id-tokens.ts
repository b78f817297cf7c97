import { hash } from 'node:crypto'
import { type TestKey, testKey } from './keys.ts'

// ID tokens made by hand, so that nothing of what checks them makes them.

/** A key as a provider publishes it. */
export function published(key: TestKey, kid?: string): Record<string, unknown> {
  return { ...key.public_jwk, use: 'sig', alg: key.alg, ...(kid !== undefined && { kid }) }
}

/** The left half of a hash, as `at_hash` and `c_hash` have it. */
export function half(algorithm: 'sha256' | 'sha384' | 'sha512', value: string): string {
  const whole = hash(algorithm, value, 'buffer')
  return whole.subarray(0, whole.length / 2).toString('base64url')
}

const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')

export interface IdTokenParts {
  /** Members that are undefined are left out. */
  header?: Record<string, unknown>
  claims?: Record<string, unknown>
  /** Signs in place of the key; none: no signature. */
  sign?: (input: Buffer) => Buffer
}

/** An ID token of `issuer` for `app-1`, good for five minutes from `now` (milliseconds), with changes. */
export function idToken(
  issuer: string,
  now: number,
  { header, claims, sign }: IdTokenParts = {},
  key: TestKey = testKey('RS256', 'provider'),
): string {
  const iat = Math.floor(now / 1000)
  const good = { iss: issuer, sub: 'alice', aud: 'app-1', iat, exp: iat + 300, nonce: 'n-1' }
  const input = `${encode({ alg: key.alg, kid: 'kid-p', ...header })}.${encode({ ...good, ...claims })}`
  return `${input}.${(sign ?? key.sign)(Buffer.from(input)).toString('base64url')}`
}
