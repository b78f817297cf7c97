import type { Reply } from '../lib/http/reply.ts'
import { writeLog } from '../lib/log.ts'
import type { Call } from './call.ts'

/**
 * Writes the one line of a request, at its very end, for preflights and refusals too. Not a link of the chain: middy
 * skips every `after` where a `before` answers.
 */
export function accessLog({ record, deps, started }: Call, { status }: Reply): void {
  record.level = status >= 500 ? 'error' : status >= 400 ? 'warn' : 'info'
  record.status = status
  record.total_ms = Math.round(performance.now() - started)
  ;(deps?.log ?? writeLog)(record)
}
