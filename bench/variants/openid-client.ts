import type { JsonWebKey } from 'node:crypto'
import { Configuration, genericGrantRequest, PrivateKeyJwt } from 'openid-client'

// What the two servers share: the exchange by openid-client, which signs in process with a key in memory.

const {
  CLIENT_ID = '',
  ISSUER = '',
  TOKEN_ENDPOINT = '',
  ALLOWED_ORIGIN = '',
  PRIVATE_JWK = '{}',
} = process.env

const jwk = JSON.parse(PRIVATE_JWK) as JsonWebKey & { alg: 'RS256' | 'ES256'; kid: string }
const key = await crypto.subtle.importKey(
  'jwk',
  jwk,
  jwk.alg === 'RS256'
    ? { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' }
    : { name: 'ECDSA', namedCurve: 'P-256' },
  false,
  ['sign'],
)
const configuration = new Configuration(
  { issuer: ISSUER, token_endpoint: TOKEN_ENDPOINT },
  CLIENT_ID,
  undefined,
  PrivateKeyJwt({ key, kid: jwk.kid }),
)

export const ORIGIN = ALLOWED_ORIGIN

export const HEADERS = {
  'content-type': 'application/json',
  'cache-control': 'no-store',
  'access-control-allow-origin': ALLOWED_ORIGIN,
  vary: 'Origin',
}

/** Exchanges what the browser sent; returns the body of the answer. Nothing is checked that the library does not check. */
export async function exchange({ code = '', redirect_uri = '', code_verifier = '' }): Promise<string> {
  const parameters = { code, redirect_uri, code_verifier }
  return JSON.stringify(await genericGrantRequest(configuration, 'authorization_code', parameters))
}
