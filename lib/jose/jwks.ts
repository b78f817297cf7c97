import { calculateJwkThumbprint, type JWK } from 'jose'

/** The `kid` of a key that was given none: its RFC 7638 SHA-256 thumbprint, base64url, 43 characters. */
export function thumbprint(publicJwk: JWK): Promise<string> {
  return calculateJwkThumbprint(publicJwk, 'sha256')
}
