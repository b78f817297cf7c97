import { ProxyError } from '../../lib/errors.ts'
import { jsonReply } from '../../lib/http/reply.ts'
import { logoutUrl } from '../../lib/oauth/authorization.ts'
import type { Endpoint } from '../call.ts'
import { sessionClientOf } from '../client.ts'
import { revokeTokens } from '../exchange.ts'
import { end, held } from '../session/keep.ts'

/**
 * `POST /logout`: revokes what the session holds, takes it out of the browser whatever becomes of that (requirement REV-2),
 * and says where the browser ends the provider's own session (LOUT-1). Without a session there is nothing to revoke, and the
 * answer is the same.
 */
export const logout: Endpoint = async call => {
  const client = sessionClientOf(call)
  const logout_url = logoutUrl(call.form, client)
  const session = await held(call, client).catch(error => {
    if (error instanceof ProxyError && error.reason === 'session_missing') return undefined
    throw error
  })
  if (session) await revokeTokens(call, client, session)
  end(call, client)
  call.record.outcome = session ? 'logged_out' : 'logged_out_already'
  return jsonReply(200, logout_url === undefined ? {} : { logout_url })
}
