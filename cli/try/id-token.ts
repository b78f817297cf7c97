import { decodeJwt, type JWTPayload } from 'jose'
import type { Client } from '../../lib/config/client.ts'
import { Failure } from '../failure.ts'
import { shown } from '../plain.ts'
import type { Started } from './request.ts'

/**
 * The claims of the ID token, with what only the app can check: that it answers this request. Its signature is the
 * endpoint's to verify. Undefined where none was asked for. Throws Failure.
 */
export function idTokenOf(
  { id_token }: Record<string, unknown>,
  { scope, nonce }: Started,
  { client_id, as }: Pick<Client, 'client_id' | 'as'>,
): JWTPayload | undefined {
  if (id_token === undefined) {
    if (!scope.split(' ').includes('openid')) return undefined
    throw new Failure('id_token_missing', 'The scope has openid, and the answer has no ID token.', {
      fix: 'Allow the scope openid in the application at the provider.',
    })
  }
  const claims = decoded(id_token)
  const wrong = [
    ...(claims.iss === as.issuer ? [] : [`its iss is ${shown(claims.iss)}, and not ${as.issuer}`]),
    ...([claims.aud].flat().includes(client_id)
      ? []
      : [`its aud is ${shown(claims.aud)}, and not ${client_id}`]),
    ...(claims.nonce === nonce ? [] : ['its nonce is not that of the request']),
  ]
  if (wrong.length === 0) return claims
  throw new Failure('id_token_invalid', `The ID token is not for this sign-in: ${wrong.join('; ')}`)
}

function decoded(id_token: unknown): JWTPayload {
  try {
    return decodeJwt(String(id_token))
  } catch {
    throw new Failure('id_token_invalid', 'The ID token is no signed JWT; perhaps an encrypted one.')
  }
}
