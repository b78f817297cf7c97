import type { SessionClient } from '../../lib/config/client.ts'
import { readQuery } from '../../lib/http/form.ts'
import { redirectReply } from '../../lib/http/reply.ts'
import { appChallenge, authorizationParameters, returnTo, withQuery } from '../../lib/oauth/authorization.ts'
import { readParResponse } from '../../lib/oauth/par.ts'
import { tagOf } from '../../lib/session/cookies.ts'
import type { Page, PageCall } from '../call.ts'
import { endpointOf, pageClientOf } from '../client.ts'
import { backToTheApp } from '../session/back.ts'
import { callbackUri } from '../session/begin.ts'
import { challengeOf } from '../session/ticket.ts'
import { forget, remember } from '../session/transaction.ts'
import { sendRepeatable } from '../upstream.ts'

/**
 * `GET /login`: begins a sign-in (OpenID Connect Core 3.1.2.1) and sends the browser to the provider, by a pushed request
 * where the provider takes one (RFC 9126). State, nonce and verifier are made here and stay here (requirement BFF-1).
 */
export const login: Page = async call => {
  const query = readQuery(call.query)
  const client = pageClientOf(call, query)
  const return_to = returnTo(query, client)
  const native = client.application_type === 'native' ? { app_challenge: appChallenge(query) } : {}
  const { randomId } = call.deps
  // The callback names no client: its state does.
  const state = `${tagOf(client.client_id)}.${randomId()}`
  const nonce = randomId()
  const code_verifier = `${randomId()}${randomId()}`
  const code_challenge = challengeOf(code_verifier)
  const parameters = authorizationParameters(query, client, {
    state,
    nonce,
    code_challenge,
    redirect_uri: callbackUri(client),
  })
  const scope = parameters.get('scope') as string
  const asked = parameters.get('max_age')
  const max_age = asked === null ? {} : { max_age: Number(asked) }
  await remember(call, client, { state, nonce, code_verifier, return_to, scope, ...max_age, ...native })
  return backToTheApp(
    call,
    return_to,
    () => forget(call, client),
    async () => {
      const location = await authorizationUrl(call, client, parameters)
      call.record.outcome = 'login_begun'
      return redirectReply(location)
    },
  )
}

async function authorizationUrl(
  call: PageCall,
  client: SessionClient,
  parameters: URLSearchParams,
): Promise<string> {
  const { client_id } = client
  const url = endpointOf(client, 'authorization_endpoint')
  const endpoint = client.as.pushed_authorization_request_endpoint
  if (endpoint === undefined) return withQuery(url, [['client_id', client_id], ...parameters])
  const { request_uri } = readParResponse(await sendRepeatable(call, { client, endpoint, parameters }))
  return withQuery(url, { client_id, request_uri })
}
