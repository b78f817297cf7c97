import type { SessionClient } from '../../lib/config/client.ts'
import { ProxyError } from '../../lib/errors.ts'
import {
  clearCookies,
  partsOf,
  readCookie,
  sessionCookie,
  setCookies,
  tagOf,
} from '../../lib/session/cookies.ts'
import { handleFor, readHandle } from '../../lib/session/handle.ts'
import { open, seal } from '../../lib/session/seal.ts'
import type { Session } from '../../lib/session/session.ts'
import type { PageCall } from '../call.ts'
import { revokeTokens } from '../exchange.ts'

// Where a session is while nobody asks: in the browser's cookie, or with the native app, which sends it as a bearer token.

/**
 * Gives the session to whoever is to hold it: as cookies of the answer, or as the handle that is returned. Where it is too
 * large for that, or cannot be sealed, its tokens are revoked: rejects with ProxyError `session_too_large`, and as `seal` does.
 */
export async function keep(
  call: PageCall,
  client: SessionClient,
  session: Session,
): Promise<{ handle?: string }> {
  const { seals } = call.deps
  const native = client.application_type === 'native'
  try {
    const sealed = await seal(seals, native ? 'handle' : 'session', client, session)
    if (native) return { handle: handleFor(client.client_id, sealed) }
    const max_age = session.exp - now(call)
    const name = sessionCookie(client.client_id)
    call.setCookies.push(...setCookies(name, sealed, { max_age, same_site: 'Strict' }))
  } catch (error) {
    await revokeTokens(call, client, session)
    end(call, client)
    throw error
  }
  return {}
}

/**
 * The session of a request. Throws ProxyError `session_missing`, or `session_unreadable` where one came that cannot be opened: what
 * cannot is cleared; and `cookie_repeated`.
 */
export async function held(call: PageCall, client: SessionClient): Promise<Session> {
  const native = client.application_type === 'native'
  const sealed = native ? handleOf(call, client) : cookieOf(call, client)
  const { seals } = call.deps
  const session =
    sealed === undefined
      ? undefined
      : await open<Session>(seals, native ? 'handle' : 'session', client, sealed, now(call))
  if (session) return session
  const came = native
    ? call.headers.authorization !== undefined
    : partsOf(call.cookies, sessionCookie(client.client_id)).length > 0
  end(call, client)
  // To the app it is one and the same; in the log, something that came and could not be opened is another thing than nothing.
  throw new ProxyError(came ? 'session_unreadable' : 'session_missing')
}

/** Takes the session out of the browser. */
export function end(call: PageCall, { client_id }: SessionClient): void {
  call.setCookies.length = 0
  call.setCookies.push(...clearCookies(partsOf(call.cookies, sessionCookie(client_id)), 'Strict'))
}

function cookieOf(call: PageCall, client: SessionClient): string | undefined {
  try {
    return readCookie(call.cookies, sessionCookie(client.client_id))
  } catch (error) {
    end(call, client)
    throw error
  }
}

function handleOf({ headers }: PageCall, { client_id }: SessionClient): string | undefined {
  const handle = readHandle(headers.authorization)
  return handle?.tag === tagOf(client_id) ? handle.sealed : undefined
}

/** Seconds since the epoch. */
export function now({ deps }: PageCall): number {
  return Math.floor(deps.now() / 1000)
}
