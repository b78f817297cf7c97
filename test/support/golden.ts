import { ecJwk, rsaJwk } from '../lib/config/documents.ts'
import { ARN, event, GOOD, registration } from './function.ts'
import { ownVectors } from './vectors.ts'

/** What a registration of one provider says, and the request that follows from it. */
export interface Golden {
  registration: Record<string, unknown>
  /** Without its ARN, public half and state, none of which shows in the request. */
  signing_key: { alg: string; kid: string; 'x5t#S256'?: string }
  request: {
    url: string
    /** But for the assertion. */
    body: Record<string, string>
    assertion: { header: object; claims: Record<string, unknown> }
  }
}

export interface GoldenFile {
  now: string
  /** Of every request, beside Host and Content-Length. */
  headers: Record<string, string>
  presets: Record<string, Golden>
}

/** Written from the providers' documentation and not by the code. */
export const GOLDEN = ownVectors<GoldenFile>('presets.json')

export const GOLDEN_CASES = Object.entries(GOLDEN.presets).map(([name, golden]) => ({ name, ...golden }))

const JWKS: Record<string, object> = { ES256: ecJwk('P-256', 32), ES384: ecJwk('P-384', 48) }

/** The whole registration, with whatever a test changes. */
export function goldenClient(golden: Golden, overrides: Record<string, unknown> = {}) {
  const public_jwk = JWKS[golden.signing_key.alg] ?? rsaJwk()
  const signing_keys = [{ ...golden.signing_key, kms_key_arn: ARN, public_jwk, state: 'active' }]
  return registration({ ...golden.registration, signing_keys, ...overrides })
}

/** What the app sends. */
export function goldenEvent(
  { registration: { client_id } }: Golden,
  parameters: Record<string, string> = {},
) {
  return event({ ...GOOD, client_id: String(client_id), ...parameters })
}
