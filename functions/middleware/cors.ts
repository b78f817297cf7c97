import type { MiddlewareObj, Request } from '@middy/core'
import { ProxyError } from '../../lib/errors.ts'
import { decideCors, VARY } from '../../lib/http/cors.ts'
import { emptyReply, type Reply } from '../../lib/http/reply.ts'
import type { Call } from '../call.ts'

/**
 * Refuses foreign origins before anything else is looked at, answers preflights, and puts the CORS headers on every
 * other answer. They are taken off again where a client's own list refuses the origin: such an answer is nobody's to read.
 */
export function cors(): MiddlewareObj<Call, Reply> {
  const addHeaders = ({ event: call, response, error }: Request<Call, Reply>) => {
    if (!response) return
    const refused =
      error instanceof ProxyError && (error.reason === 'origin_refused' || error.reason === 'origin_missing')
    Object.assign(response.headers, refused ? VARY : (call.corsHeaders ?? VARY))
  }
  return {
    before({ event: call }) {
      const { registrations } = call.configuration!
      const { origin } = call.headers
      const decision = decideCors(call.method, origin, registrations)
      if (origin !== undefined)
        call.record.origin = registrations.allowed_origins.has(origin) ? origin : 'other'
      if (decision.kind === 'refused') throw new ProxyError(decision.reason)
      call.corsHeaders = decision.headers
      if (decision.kind === 'preflight') {
        call.record.outcome = 'preflight'
        return emptyReply(204, decision.headers)
      }
    },
    after: addHeaders,
    onError: addHeaders,
  }
}
