import type { JsonWebKey } from 'node:crypto'
import type { Files } from '../bundles.ts'
import type { Key } from '../servers/kms.ts'

/** What is measured. `_es256`: the same with ES256 instead of RS256. */
export const VARIANTS = {
  ours: 'Countersign',
  ours_es256: 'Countersign, ES256',
  naive: 'the naive handler',
  openid_client: 'openid-client on node:http, key in memory',
  openid_client_es256: 'openid-client on node:http, ES256 key in memory',
  express: 'openid-client on express, key in memory',
  floor: 'forwarding alone, nothing signed',
} as const

export type Variant = keyof typeof VARIANTS

const ORIGIN = 'https://app.example.com'
const CLIENT_ID = '3f0c1f0e-5c1b-4c8a-9d3e-0a1b2c3d4e5f'
const REDIRECT_URI = `${ORIGIN}/callback`

/** The one request that is made of every variant, and of the provider itself. */
export const FORM = new URLSearchParams({
  grant_type: 'authorization_code',
  client_id: CLIENT_ID,
  code: 'c'.repeat(64),
  redirect_uri: REDIRECT_URI,
  code_verifier: 'v'.repeat(43),
}).toString()

export const HEADERS = {
  origin: ORIGIN,
  accept: 'application/json',
  'content-type': 'application/x-www-form-urlencoded',
  'content-length': String(Buffer.byteLength(FORM)),
}

/** Those that are Lambda handlers, with their file; the others are servers by themselves. */
export function handlerOf(variant: Variant, files: Files): string | undefined {
  switch (variant) {
    case 'ours':
    case 'ours_es256':
      return files.ours
    case 'naive':
      return files.naive
    case 'floor':
      return files.floor
    case 'openid_client':
    case 'openid_client_es256':
    case 'express':
      return undefined
  }
}

export function serverOf(variant: Variant, files: Files): string {
  return files.module(
    variant === 'express' ? 'variants/openid-client-express' : 'variants/openid-client-http',
  )
}

/** What a variant is configured with. */
export interface Surroundings {
  provider: string
  kms: string
  keys: Record<Key['alg'], Key>
  memoryKeys: Record<Key['alg'], JsonWebKey>
  certificateFile: string
}

/** The whole environment of a variant's process. `id` is the access key id, by which KMS counts. */
export function environmentOf(variant: Variant, id: string, around: Surroundings): Record<string, string> {
  const alg = variant.endsWith('_es256') ? 'ES256' : 'RS256'
  const token_endpoint = `${around.provider}/token`
  const common = {
    NODE_EXTRA_CA_CERTS: around.certificateFile,
    CLIENT_ID,
    ISSUER: around.provider,
    TOKEN_ENDPOINT: token_endpoint,
    ALLOWED_ORIGIN: ORIGIN,
    REDIRECT_URI,
  }
  const aws = {
    AWS_REGION: 'eu-central-1',
    AWS_ACCESS_KEY_ID: id,
    AWS_SECRET_ACCESS_KEY: 'local',
    AWS_ENDPOINT_URL_KMS: around.kms,
    // The SDK's own chain looks for files there: there are none in Lambda either.
    HOME: '/nonexistent',
  }
  const key = around.keys[alg]
  switch (variant) {
    case 'ours':
    case 'ours_es256':
      return {
        NODE_EXTRA_CA_CERTS: around.certificateFile,
        ...aws,
        COUNTERSIGN_CONFIG: JSON.stringify({
          version: 1,
          clients: [
            {
              client_id: CLIENT_ID,
              provider: 'generic',
              issuer: around.provider,
              token_endpoint,
              signing_keys: [{ ...key, state: 'active' }],
              allowed_origins: [ORIGIN],
              redirect_uris: [REDIRECT_URI],
            },
          ],
        }),
      }
    case 'naive':
      return { ...common, ...aws, KMS_KEY_ID: key.kms_key_arn, KEY_ID: String(key.public_jwk.kid) }
    case 'floor':
      return common
    case 'openid_client':
    case 'openid_client_es256':
    case 'express':
      return { ...common, PRIVATE_JWK: JSON.stringify(around.memoryKeys[alg]) }
  }
}
