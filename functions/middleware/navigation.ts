import type { MiddlewareObj } from '@middy/core'
import { ProxyError } from '../../lib/errors.ts'
import { requireNavigation } from '../../lib/http/csrf.ts'
import type { Reply } from '../../lib/http/reply.ts'
import type { Call } from '../call.ts'

/** A GET, and a navigation as far as the browser says. Whether another site may begin it is for the route to know. */
export function navigation(): MiddlewareObj<Call, Reply> {
  return {
    before({ event: { method, headers } }) {
      if (method !== 'GET') throw new ProxyError('method_not_allowed', { allow: 'GET' })
      requireNavigation(headers, { fromOtherSites: true })
    },
  }
}
