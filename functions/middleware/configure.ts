import type { MiddlewareObj } from '@middy/core'
import type { Reply } from '../../lib/http/reply.ts'
import type { Reader } from '../../lib/reader.ts'
import type { Call } from '../call.ts'
import { timed } from '../timed.ts'

/** Gives the call what it works with: the container's parts and the configuration, read if it has not been yet. */
export function configure(runtime: () => Reader): MiddlewareObj<Call, Reply> {
  return {
    async before({ event: call }) {
      call.deps = runtime()
      call.configuration = await timed(call.record, 'configuration_ms', call.deps.configuration)()
    },
  }
}
