import type { MiddlewareObj } from '@middy/core'
import { requireOwnPage } from '../../lib/http/csrf.ts'
import type { Reply } from '../../lib/http/reply.ts'
import type { Call } from '../call.ts'

/** The routes that a cookie authenticates. */
const BY_COOKIE: ReadonlySet<string> = new Set(['/session', '/logout'])

/**
 * Before anything else is looked at where a cookie may speak for its user (requirement CSRF-1). Without an Origin it is no
 * browser, and a native app has no cookie: its handle does not come along by itself.
 */
export function ownPage(): MiddlewareObj<Call, Reply> {
  return {
    before({ event: { route, method, headers } }) {
      if (BY_COOKIE.has(route) && method === 'POST' && headers.origin !== undefined) requireOwnPage(headers)
    },
  }
}
