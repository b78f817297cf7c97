import type { MiddlewareObj } from '@middy/core'
import { ProxyError } from '../../lib/errors.ts'
import type { Reply } from '../../lib/http/reply.ts'
import type { Deps } from '../../lib/runtime.ts'
import type { Call, Endpoint } from '../call.ts'

/** Hands the call what it works with, and refuses a path that is none of ours; behind an HTTP API the gateway has already done so. */
export function route(
  routes: Readonly<Record<string, Endpoint>>,
  runtime: () => Deps,
): MiddlewareObj<Call, Reply> {
  return {
    before({ event: call }) {
      call.deps = runtime()
      if (!Object.hasOwn(routes, call.route)) throw new ProxyError('route_unknown')
      call.record.route = call.route
    },
  }
}
