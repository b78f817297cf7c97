import { hasSession, type SessionClient } from '../../lib/config/client.ts'
import { inForce } from '../../lib/config/source.ts'
import { ProxyError } from '../../lib/errors.ts'
import { readQuery } from '../../lib/http/form.ts'
import { redirectReply } from '../../lib/http/reply.ts'
import { readAuthorizationResponse, withQuery } from '../../lib/oauth/authorization.ts'
import { required } from '../../lib/oauth/parameters.ts'
import { tagOf } from '../../lib/session/cookies.ts'
import type { Page, PageCall } from '../call.ts'
import { backToTheApp } from '../session/back.ts'
import { begun } from '../session/begin.ts'
import { keep } from '../session/keep.ts'
import { ticketOf } from '../session/ticket.ts'
import { forget, remembered } from '../session/transaction.ts'

/**
 * `GET /callback`: the provider's answer to our own request, and nobody else's. Only the browser that began has the sealed
 * transaction, and only the request that it began has its state (requirements CSRF-3, IDT-3); the ID token must have its
 * nonce (IDT-2). A web app gets its session and the browser, a native one a ticket.
 */
export const callback: Page = async call => {
  const query = readQuery(call.query)
  const state = required(query, 'state')
  const client = clientOfState(call, state)
  const transaction = await remembered(call, client, state)
  // Somebody else's browser, a second time, too late, or another tab's: whichever it is, that one's cookie stays.
  if (!transaction) throw new ProxyError('login_unknown')
  const { return_to, app_challenge } = transaction
  return backToTheApp(
    call,
    return_to,
    () => forget(call, client),
    async () => {
      const code = readAuthorizationResponse(query, client)
      const answered = { code, transaction }
      if (app_challenge !== undefined) {
        const ticket = await ticketOf(call, client, answered)
        forget(call, client)
        call.record.outcome = 'ticket'
        return redirectReply(withQuery(return_to, { ticket }))
      }
      await keep(call, client, await begun(call, client, answered))
      forget(call, client)
      call.record.outcome = 'session_begun'
      return redirectReply(return_to)
    },
  )
}

function clientOfState(call: PageCall, state: string): SessionClient {
  const [tag] = state.split('.')
  const client = inForce(call.configuration)
    .clients.filter(hasSession)
    .find(({ client_id }) => tagOf(client_id) === tag)
  if (!client) throw new ProxyError('login_unknown')
  call.record.client_id = client.client_id
  if (!client.enabled) throw new ProxyError('client_disabled')
  return client
}
