import type { MiddlewareObj } from '@middy/core'
import { ProxyError } from '../../lib/errors.ts'
import type { Reply } from '../../lib/http/reply.ts'
import type { Call } from '../call.ts'

/** Refuses a path that is none of ours; behind an HTTP API the gateway has already done so. */
export function route(routes: Readonly<Record<string, unknown>>): MiddlewareObj<Call, Reply> {
  return {
    before({ event: call }) {
      if (!Object.hasOwn(routes, call.route)) throw new ProxyError('route_unknown')
      call.record.route = call.route
    },
  }
}
