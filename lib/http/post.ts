import { ProxyError } from '../errors.ts'
import { PROVIDER_TOTAL_MS } from '../limits.ts'
import type { Agents } from './agents.ts'
import { type Answer, isTimeLeft, pendingInputRead, sendOnce } from './send.ts'

export type { Answer }

/**
 * Sends one form to a pinned URL and reads the answer. Never follows a redirect, never sends a request twice.
 * Rejects with ProxyError: `upstream_unreachable` (no byte of the request left), `upstream_timeout` and `upstream_lost`
 * (it may have been received: what it did is not known), `upstream_malformed` (an answer came that cannot be read).
 */
export type Post = (url: string, form: URLSearchParams, options?: PostExtras) => Promise<Answer>

export interface PostExtras {
  /** A DPoP proof (RFC 9449), as it goes into the header of that name. */
  dpop?: string | undefined
  /** Told once the whole request has been handed to the network. */
  onSent?: () => void
}

export interface PostOptions {
  agents: Agents
  userAgent: string
}

export function createPost({ agents, userAgent }: PostOptions): Post {
  return async (url, form, { dpop, onSent } = {}) => {
    const body = form.toString()
    // These and what HTTP itself needs: nothing of the caller's request travels on (requirements REQ-2 and REQ-7).
    const headers = {
      accept: 'application/json',
      'content-type': 'application/x-www-form-urlencoded',
      'content-length': String(Buffer.byteLength(body)),
      'user-agent': userAgent,
      ...(dpop !== undefined && { dpop }),
    }
    const until = performance.now() + PROVIDER_TOTAL_MS
    const send = async () => {
      await pendingInputRead()
      return sendOnce({ method: 'POST', url: new URL(url), headers, body }, agents, until, onSent)
    }
    try {
      return await send()
    } catch (error) {
      // A connection that never stood carried nothing, so opening another one spends nothing. Anything later is
      // never repeated: a code works once, and using it twice may revoke what it gave (RFC 6749 section 4.1.2).
      if (error instanceof ProxyError && error.reason === 'upstream_unreachable' && isTimeLeft(until)) {
        return await send()
      }
      throw error
    }
  }
}
