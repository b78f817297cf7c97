import type { AuthorizationServer, Client } from '../config/client.ts'
import type { Answer, Post } from '../http/post.ts'
import type { ClientAuth } from './client-auth.ts'

/**
 * The audience of an assertion for one endpoint, by the client's own rule. Providers differ even between their own
 * endpoints; the rule is written down for each client and never guessed or tried out, since an assertion for one
 * server's URL must not be usable at another (the audience injection that RFC 10070 answers).
 */
export function audience(rule: string, as: AuthorizationServer, endpoint: string): string {
  switch (rule) {
    case 'issuer':
      return as.issuer
    case 'token_endpoint':
      return as.token_endpoint
    case 'request_endpoint':
      return endpoint
    default:
      return rule
  }
}

/** Authenticates the client and sends its parameters: signing comes first, and only then a byte to the provider. */
export async function authenticatedRequest(
  endpoint: string,
  client: Client,
  authenticate: ClientAuth,
  parameters: URLSearchParams,
  post: Post,
): Promise<Answer> {
  const body = new URLSearchParams(parameters)
  await authenticate(client.as, client, body)
  return post(endpoint, body)
}
