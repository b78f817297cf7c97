import type { Registrations } from '../../../lib/config/client.ts'
import { ConfigurationError, type Problem } from '../../../lib/config/problems.ts'
import { parseRegistrations } from '../../../lib/config/registrations.ts'

export const ACCOUNT = '111122223333'

function arn(id: string, region = 'eu-central-1'): string {
  return `arn:aws:kms:${region}:${ACCOUNT}:key/${id}`
}

/** `length` bytes that never start with zero; `seed` makes one key differ from another. */
export function bytes(length: number, seed = 1): string {
  return Buffer.alloc(length, 0x80 + seed).toString('base64url')
}

export const rsaJwk = (seed = 1) => ({ kty: 'RSA', n: bytes(256, seed), e: 'AQAB' })
export const ecJwk = (crv: string, size: number, seed = 1) => ({
  kty: 'EC',
  crv,
  x: bytes(size, seed),
  y: bytes(size, seed + 1),
})
export const akpJwk = (alg: string, size: number, seed = 1) => ({ kty: 'AKP', alg, pub: bytes(size, seed) })
export const okpJwk = (seed = 1) => ({ kty: 'OKP', crv: 'Ed25519', x: bytes(32, seed) })

// biome-ignore lint/suspicious/noExplicitAny: tests put wrong things into every place of it
type Anything = any

export function key(id: string, over: Record<string, unknown> = {}, seed = 1): Anything {
  return { kms_key_arn: arn(id), alg: 'RS256', public_jwk: rsaJwk(seed), state: 'active', ...over }
}

/** A web client of PingOne with nothing but what is required. */
export function webClient(over: Record<string, unknown> = {}): Anything {
  return {
    client_id: 'web-client',
    provider: 'pingone',
    issuer: 'https://auth.pingone.eu/4c8f0d5e-env/as',
    signing_keys: [key('web-key')],
    allowed_origins: ['https://app.example.com'],
    redirect_uris: ['https://app.example.com/callback'],
    ...over,
  }
}

/** A native client of another server, under another key. */
export function nativeClient(over: Record<string, unknown> = {}): Anything {
  return {
    client_id: 'native-client',
    provider: 'generic',
    issuer: 'https://id.example.org',
    token_endpoint: 'https://id.example.org/oauth/token',
    signing_keys: [key('native-key', { alg: 'ES256', public_jwk: ecJwk('P-256', 32, 20) })],
    application_type: 'native',
    redirect_uris: ['com.example.app:/callback'],
    ...over,
  }
}

export function document(...clients: unknown[]): Anything {
  return { version: 1, clients }
}

export function parse(value: unknown, onLambda = false): Registrations {
  return parseRegistrations(JSON.stringify(value), { revision: 'r1', onLambda })
}

/** The problems of a document, none where it is taken. */
export function problemsOf(value: unknown, onLambda = false): readonly Problem[] {
  return problemsOfText(JSON.stringify(value), onLambda)
}

export function problemsOfText(text: string, onLambda = false): readonly Problem[] {
  try {
    parseRegistrations(text, { revision: 'r1', onLambda })
    return []
  } catch (error) {
    if (error instanceof ConfigurationError) return error.problems
    throw error
  }
}
