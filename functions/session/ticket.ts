import { createHash } from 'node:crypto'
import type { SessionClient } from '../../lib/config/client.ts'
import { ProxyError } from '../../lib/errors.ts'
import { TICKET_S } from '../../lib/limits.ts'
import { CODE_VERIFIER } from '../../lib/oauth/grants.ts'
import { required } from '../../lib/oauth/parameters.ts'
import { open, seal } from '../../lib/session/seal.ts'
import type { Session } from '../../lib/session/session.ts'
import type { PageCall, ReadyCall } from '../call.ts'
import { begun } from './begin.ts'
import { now } from './keep.ts'
import type { Transaction } from './transaction.ts'

/** What `/callback` knows of a native app's sign-in, and what the app must show that it was its own. */
interface Ticket {
  code: string
  transaction: Transaction
}

/**
 * What goes back to a native app instead of a session: the system's browser has the cookies, and the app does not get them.
 * Nothing is exchanged yet, so a ticket that another app caught is worth nothing to it.
 */
export async function ticketOf(call: PageCall, client: SessionClient, ticket: Ticket): Promise<string> {
  const iat = now(call)
  return seal(call.deps.seals, 'ticket', client, { ...ticket, iat, exp: iat + TICKET_S })
}

/**
 * The session that a ticket stands for, once its app has shown the verifier of its challenge (RFC 7636 section 4.6). The
 * provider's code works once, and so does the ticket. Rejects with ProxyError `ticket_refused`, and as `begun` does.
 */
export async function redeemed(call: ReadyCall, client: SessionClient): Promise<Session> {
  const { form } = call
  const verifier = required(form, 'code_verifier')
  if (!CODE_VERIFIER.test(verifier))
    throw new ProxyError('parameter_malformed', { parameter: 'code_verifier' })
  const ticket = await open<Ticket>(call.deps.seals, 'ticket', client, required(form, 'ticket'), now(call))
  if (!ticket || challengeOf(verifier) !== ticket.transaction.app_challenge) {
    throw new ProxyError('ticket_refused')
  }
  return begun(call, client, ticket)
}

/** S256 (RFC 7636 section 4.2). */
export function challengeOf(verifier: string): string {
  return createHash('sha256').update(verifier).digest('base64url')
}
