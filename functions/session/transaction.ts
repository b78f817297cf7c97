import type { SessionClient } from '../../lib/config/client.ts'
import { ProxyError } from '../../lib/errors.ts'
import { COOKIE_MAX_B, LOGIN_S } from '../../lib/limits.ts'
import { clearCookies, loginCookie, partsOf, readCookie, setCookies } from '../../lib/session/cookies.ts'
import { open, seal } from '../../lib/session/seal.ts'
import type { PageCall } from '../call.ts'
import { now } from './keep.ts'

/** A sign-in under way, as its browser holds it: sealed, for ten minutes (requirement BFF-1). */
export interface Transaction {
  state: string
  nonce: string
  code_verifier: string
  return_to: string
  /** As it was asked for. */
  scope: string
  /** Seconds, where it was asked for. */
  max_age?: number
  /** A native app's own. */
  app_challenge?: string
}

/** Lax: it has to come along when the provider sends the browser back. */
const SAME_SITE = 'Lax'

/** Gives it to the browser. Throws ProxyError `body_too_large`. One at a time: a sign-in that is begun in another tab takes its place. */
export async function remember(
  call: PageCall,
  client: SessionClient,
  transaction: Transaction,
): Promise<void> {
  const iat = now(call)
  const sealed = await seal(call.deps.seals, 'login', client, { ...transaction, iat, exp: iat + LOGIN_S })
  const name = loginCookie(client.client_id)
  // In one piece, always: it stands beside a session in requests whose headers are limited, and is taken back by its name.
  if (name.length + sealed.length > COOKIE_MAX_B) throw new ProxyError('body_too_large')
  call.setCookies.push(...setCookies(name, sealed, { max_age: LOGIN_S, same_site: SAME_SITE }).slice(0, 1))
}

/** The one that the browser has, if its state is this. Throws ProxyError `cookie_repeated`. */
export async function remembered(
  call: PageCall,
  client: SessionClient,
  state: string,
): Promise<Transaction | undefined> {
  const value = sealedIn(call, client)
  if (value === undefined) return undefined
  const transaction = await open<Transaction>(call.deps.seals, 'login', client, value, now(call))
  return transaction?.state === state ? transaction : undefined
}

function sealedIn(call: PageCall, client: SessionClient): string | undefined {
  try {
    return readCookie(call.cookies, loginCookie(client.client_id))
  } catch (error) {
    forget(call, client)
    throw error
  }
}

/** Takes it back: it works once. */
export function forget(call: PageCall, { client_id }: SessionClient): void {
  const name = loginCookie(client_id)
  call.setCookies.push(...clearCookies([...new Set([name, ...partsOf(call.cookies, name)])], SAME_SITE))
}
