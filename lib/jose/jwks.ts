import { calculateJwkThumbprint, type JWK } from 'jose'
import type { Alg } from './algorithms.ts'

/** The `kid` of a key that was given none: its RFC 7638 SHA-256 thumbprint, base64url, 43 characters. */
export function thumbprint(publicJwk: JWK): Promise<string> {
  return calculateJwkThumbprint(publicJwk, 'sha256')
}

/** The `kid` of a key: its own, else the one in its JWK, else its thumbprint. */
export async function kidOf({ kid, public_jwk }: { kid?: string; public_jwk: JWK }): Promise<string> {
  return kid ?? public_jwk.kid ?? thumbprint(public_jwk)
}

/** The members that a public key consists of (RFC 7518 section 6, RFC 8037 section 2, RFC 9964 section 3). */
const MATERIAL = ['n', 'e', 'crv', 'x', 'y', 'pub'] as const

/** A key as it is published: nothing of it but what verifies, and what it is for. */
export type PublishedKey = { kty: string; kid: string; use: 'sig'; alg: Alg } & Partial<
  Record<(typeof MATERIAL)[number], string>
>

interface Publishable {
  public_jwk: JWK
  alg: Alg
  kid?: string
}

/**
 * A JWK Set (RFC 7517 section 5) of keys, each once: by an allow-list of members, so that nothing private can come along.
 * A key that several clients share stands there once, under its one `kid`.
 */
export async function keySet(keys: readonly Publishable[]): Promise<{ keys: PublishedKey[] }> {
  const published = new Map<string, PublishedKey>()
  for (const key of keys) {
    const { public_jwk, alg } = key
    const kid = await kidOf(key)
    const material = MATERIAL.flatMap(name =>
      public_jwk[name] === undefined ? [] : [[name, public_jwk[name]]],
    )
    const one = {
      kty: public_jwk.kty!,
      ...Object.fromEntries(material),
      kid,
      use: 'sig',
      alg,
    } as PublishedKey
    if (!published.has(kid)) published.set(kid, one)
  }
  return { keys: [...published.values()] }
}
