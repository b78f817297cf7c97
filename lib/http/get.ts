import { ProxyError } from '../errors.ts'
import { JWKS_TOTAL_MS } from '../limits.ts'
import type { PostOptions } from './post.ts'
import { type Answer, isTimeLeft, pendingInputRead, sendOnce } from './send.ts'

/**
 * Reads a document at a pinned URL, within JWKS_TOTAL_MS. Never follows a redirect. Rejects with ProxyError as `Post`
 * does; the answer's status and type are for the caller to judge.
 */
export type Get = (url: string) => Promise<Answer>

export function createGet({ agents, userAgent }: PostOptions): Get {
  return async url => {
    const headers = { accept: 'application/json, application/jwk-set+json', 'user-agent': userAgent }
    const until = performance.now() + JWKS_TOTAL_MS
    const send = async () => {
      await pendingInputRead()
      return sendOnce({ method: 'GET', url: new URL(url), headers }, agents, until)
    }
    try {
      return await send()
    } catch (error) {
      // Unlike a code, a GET spends nothing (RFC 9110 section 9.2.2), so it is also sent again where its connection was
      // lost: once, and within the one deadline.
      const broken =
        error instanceof ProxyError &&
        (error.reason === 'upstream_unreachable' || error.reason === 'upstream_lost')
      if (broken && isTimeLeft(until)) return await send()
      throw error
    }
  }
}
