import type { Reply } from '../lib/http/reply.ts'
import { createLog } from '../lib/log.ts'
import type { Call } from './call.ts'

/**
 * Writes the one line of a request, at its very end, for preflights and refusals too. Not a link of the chain: middy
 * skips every `after` where a `before` answers.
 *
 * @param function_name of the Lambda function, for where nothing else could be made to log with
 */
export function accessLog(
  { record, deps, started }: Call,
  { status: sent, failure: status = sent }: Reply,
  function_name?: string,
): void {
  record.level = status >= 500 ? 'error' : status >= 400 ? 'warn' : 'info'
  record.status = status
  record.total_ms = Math.round(performance.now() - started)
  const log = deps?.log ?? createLog(function_name)
  log(record)
}
