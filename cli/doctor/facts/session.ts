import { createHash, randomBytes } from 'node:crypto'
import type { SessionClient } from '../../../lib/config/client.ts'
import { type Ask, type Heard, isAnswered } from './http.ts'

/** What came of asking a deployment to begin a sign-in. */
export interface Begun {
  heard: Heard
  /** Where the browser would be sent. */
  location: URL | undefined
  /** Each `Set-Cookie` value. */
  cookies: readonly string[]
  /** Where it would come back to the app, whatever happens. */
  return_to: string
}

/** `GET /login`, as a browser comes to it. Nobody signs in: the provider is at most pushed a request. */
export async function beginSignIn(url: string, client: SessionClient, ask: Ask): Promise<Begun> {
  const native = client.application_type === 'native'
  const return_to = (native ? client.redirect_uris[0] : client.allowed_origins[0]) ?? ''
  const query = new URLSearchParams({
    client_id: client.client_id,
    return_to,
    ...(native && {
      // RFC 7636 section 4.2, of a verifier that nobody keeps.
      code_challenge: createHash('sha256').update(randomBytes(32)).digest('base64url'),
      code_challenge_method: 'S256',
    }),
  })
  const heard = await ask(`${url}/login?${query}`)
  if (!isAnswered(heard)) return { heard, location: undefined, cookies: [], return_to }
  const location = heard.headers.get('location') ?? ''
  return {
    heard,
    location: URL.canParse(location) ? new URL(location) : undefined,
    cookies: heard.headers.getSetCookie(),
    return_to,
  }
}
