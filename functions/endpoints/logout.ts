import type { SessionClient } from '../../lib/config/client.ts'
import { causeName, type ProxyError } from '../../lib/errors.ts'
import { jsonReply } from '../../lib/http/reply.ts'
import { logoutUrl } from '../../lib/oauth/authorization.ts'
import type { Session } from '../../lib/session/session.ts'
import type { Endpoint, ReadyCall } from '../call.ts'
import { sessionClientOf } from '../client.ts'
import { revokeTokens } from '../exchange.ts'
import { end, held } from '../session/keep.ts'
import { ended } from '../session/refresh.ts'

/**
 * `POST /logout`: revokes what the session holds, takes it out of the browser whatever becomes of that (requirement REV-2),
 * and says where the browser ends the provider's own session (LOUT-1). Without a session there is nothing to revoke, and the
 * answer is the same.
 */
export const logout: Endpoint = async call => {
  // Also of a client that is switched off: its users can always leave.
  const client = sessionClientOf(call, { evenDisabled: true })
  const logout_url = logoutUrl(call.form, client)
  const session = await found(call, client)
  // First: whatever becomes of the rest, the browser has it no more.
  end(call, client)
  // What a refresh in another tab is bringing just now is this session, too.
  if (session && client.enabled) await revokeTokens(call, client, await ended(call, client, session))
  else if (session) call.record.revocation = 'failed'
  call.record.outcome = session ? 'logged_out' : 'logged_out_already'
  return jsonReply(200, logout_url === undefined ? {} : { logout_url })
}

/** The session, where there is one that can be opened. Throws ProxyError `cookie_repeated`. */
async function found(call: ReadyCall, client: SessionClient): Promise<Session | undefined> {
  try {
    return await held(call, client)
  } catch (error) {
    const { reason } = error as Partial<ProxyError>
    if (reason === 'session_missing' || reason === 'session_unreadable') return undefined
    if (reason === 'cookie_repeated') throw error
    // The keys of sessions are not to be had, so nobody can say what there was to revoke.
    call.record.revocation = 'failed'
    call.record.error_name = reason ?? causeName(error)
    return undefined
  }
}
