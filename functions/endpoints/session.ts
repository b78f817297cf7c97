import type { SessionClient } from '../../lib/config/client.ts'
import { ProxyError } from '../../lib/errors.ts'
import { jsonReply, type Reply } from '../../lib/http/reply.ts'
import { single } from '../../lib/oauth/parameters.ts'
import { narrowedScope } from '../../lib/oauth/registered.ts'
import {
  accessLeft,
  accessRunsOut,
  grantedScope,
  isFor,
  isWithin,
  type Session,
} from '../../lib/session/session.ts'
import { toWire } from '../../lib/wire.ts'
import type { Endpoint, ReadyCall } from '../call.ts'
import { sessionClientOf } from '../client.ts'
import { recorded } from '../middleware/errors.ts'
import { end, held, keep, now } from '../session/keep.ts'
import { refreshed } from '../session/refresh.ts'
import { redeemed } from '../session/ticket.ts'

/**
 * `POST /session`: who is signed in, and (delivery `mediated`) the access token (RFC 10017, check-session and token
 * endpoints in one). Signs nothing and asks nobody, unless the access token has run out, `force` is `true`, or less scope is
 * asked for than it has.
 */
export const session: Endpoint = async call => {
  const { form, headers, record } = call
  const client = sessionClientOf(call)
  const wanted = narrowedScope(form, client)
  if (form.has('ticket')) {
    if (client.application_type !== 'native' || headers.authorization !== undefined) {
      throw new ProxyError('parameter_unsupported', { parameter: 'ticket' })
    }
    const begun = await redeemed(call, client)
    record.outcome = 'session_begun'
    return answer(call, client, begun, await keep(call, client, begun))
  }
  const before = await held(call, client)
  const after = await current(call, client, before, wanted).catch(error => {
    if (error instanceof ProxyError && error.reason === 'session_ended') end(call, client)
    throw error
  })
  record.outcome = after === before ? 'session' : 'session_refreshed'
  // What has not changed is not written again: the browser's copy is the newest.
  const kept = after === before && client.application_type === 'web' ? {} : await keep(call, client, after)
  if (wanted !== undefined && !isWithin(after.scope, wanted)) return widened(call, kept)
  return answer(call, client, after, kept)
}

/** The session as it is, or with a new access token where it has to be. */
async function current(
  call: ReadyCall,
  client: SessionClient,
  before: Session,
  wanted: string | undefined,
): Promise<Session> {
  const granted = grantedScope(before)
  requireGranted(wanted, granted)
  const scope = wanted ?? granted
  const isGood = (session: Session) =>
    // TMB-2: an access token with more than was asked for is not handed out because it happens to be there.
    (scope === undefined || isFor(session, scope)) && !accessRunsOut(session, now(call))
  const force = single(call.form, 'force') === 'true'
  if (isGood(before) && (!force || before.refresh_token === undefined)) return before
  if (before.refresh_token === undefined && !accessRunsOut(before, now(call))) {
    throw new ProxyError('scope_refused')
  }
  let session = before
  for (let tries = 0; tries < TRIES; tries++) {
    const { session: after, own } = await refreshed(call, client, session, wanted)
    if (own || isGood(after)) return after
    // Somebody else's: of another scope, or it has run out since. It can be refreshed in turn.
    session = after
  }
  throw new ProxyError('refresh_under_way')
}

/** Others who come in between, with other wishes: nobody waits for all of them. */
const TRIES = 3

/** The provider gave more than it was asked for. The session goes on by what it gave, and the app does not get it. */
function widened(call: ReadyCall, kept: { handle?: string }): Reply {
  const { status, error, error_description } = toWire(recorded(new ProxyError('scope_refused'), call))
  return jsonReply(status, { error, error_description, ...kept })
}

function requireGranted(wanted: string | undefined, granted: string | undefined): void {
  if (wanted !== undefined && granted !== undefined && !isWithin(wanted, granted)) {
    throw new ProxyError('scope_refused')
  }
}

function answer(call: ReadyCall, client: SessionClient, session: Session, kept: { handle?: string }) {
  const left = accessLeft(session, now(call))
  const { access_token, token_type, scope, claims } = session
  return jsonReply(200, {
    // COOKIE-12: in the delivery `session` no token leaves.
    ...(client.delivery === 'mediated' && { access_token, token_type }),
    ...(left !== undefined && { expires_in: Math.max(left, 0) }),
    ...(scope !== undefined && { scope }),
    claims,
    session_expires_in: session.exp - now(call),
    ...kept,
  })
}
