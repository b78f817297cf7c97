import type { MiddlewareObj } from '@middy/core'
import { ProxyError } from '../../lib/errors.ts'
import { emptyReply, READABLE, type Reply } from '../../lib/http/reply.ts'
import { PREFLIGHT_MAX_AGE_S } from '../../lib/limits.ts'
import type { Call } from '../call.ts'

const ALLOW = 'GET, HEAD, OPTIONS'

const PREFLIGHT = {
  ...READABLE,
  'access-control-allow-methods': 'GET, HEAD',
  'access-control-allow-headers': 'if-none-match',
  'access-control-max-age': String(PREFLIGHT_MAX_AGE_S),
}

/** GET and HEAD from anywhere; a preflight ends here. */
export function readable(route: string): MiddlewareObj<Call, Reply> {
  return {
    before({ event: call }) {
      // By our own name for it: behind a function URL the path is a caller's text.
      if (call.route !== route) throw new ProxyError('route_unknown')
      call.record.route = route
      if (call.method === 'OPTIONS') {
        call.record.outcome = 'preflight'
        return emptyReply(204, PREFLIGHT)
      }
      if (call.method !== 'GET' && call.method !== 'HEAD')
        throw new ProxyError('method_not_allowed', { allow: ALLOW })
    },
    after({ event: call, response }) {
      if (response && call.method === 'HEAD') response.body = undefined
    },
    onError({ response }) {
      if (response) Object.assign(response.headers, READABLE)
    },
  }
}
