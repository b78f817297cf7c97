import { ProxyError } from '../errors.ts'
import { HANDLE_MAX_B } from '../limits.ts'
import { tagOf } from './cookies.ts'

/** What a native app sends in place of a cookie, as a bearer token (RFC 6750 section 2.1). */
export interface Handle {
  /** Whose it is, for who has not been told the client: which key opens it depends on that. */
  tag: string
  sealed: string
}

const BEARER = /^Bearer ([A-Za-z0-9_-]{8})\.([A-Za-z0-9_.-]+)$/i

/** Throws ProxyError `session_too_large`: one that fits into no request is worth nothing, and its tokens would live on. */
export function handleFor(client_id: string, sealed: string): string {
  const handle = `${tagOf(client_id)}.${sealed}`
  if (handle.length > HANDLE_MAX_B) throw new ProxyError('session_too_large')
  return handle
}

/** The handle in an Authorization header, where there is one. */
export function readHandle(authorization: string | undefined): Handle | undefined {
  const found = BEARER.exec(authorization ?? '')
  return found ? { tag: found[1]!, sealed: found[2]! } : undefined
}
