import { type Reply, redirectReply } from '../../lib/http/reply.ts'
import { withQuery } from '../../lib/oauth/authorization.ts'
import { toWire } from '../../lib/wire.ts'
import type { PageCall } from '../call.ts'
import { recorded } from '../middleware/errors.ts'

/**
 * Does the work of a navigation whose app is known: where it fails, the browser goes back there and the app is told, as the
 * provider itself would tell it (RFC 6749 section 4.1.2.1). Never rejects.
 *
 * @param undo what has to be taken back then
 */
export async function backToTheApp(
  call: PageCall,
  return_to: string,
  undo: () => void,
  work: () => Promise<Reply>,
): Promise<Reply> {
  try {
    return await work()
  } catch (error) {
    call.setCookies.length = 0
    undo()
    const { status, error: code, error_description } = toWire(recorded(error, call))
    return { ...redirectReply(withQuery(return_to, { error: code, error_description })), failure: status }
  }
}
