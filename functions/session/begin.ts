import type { SessionClient } from '../../lib/config/client.ts'
import { newSession, type Session } from '../../lib/session/session.ts'
import type { PageCall } from '../call.ts'
import { exchange } from '../exchange.ts'
import { now } from './keep.ts'
import type { Transaction } from './transaction.ts'

/** Where the provider sends the browser back to. */
export function callbackUri({ public_url }: SessionClient): string {
  return `${public_url}/callback`
}

/** The session that a code begins, whose sign-in was ours. Rejects as `exchange` does. */
export async function begun(
  call: PageCall,
  client: SessionClient,
  { code, transaction }: { code: string; transaction: Transaction },
): Promise<Session> {
  const { code_verifier, nonce, scope, max_age } = transaction
  call.record.grant_type = 'authorization_code'
  call.record.pkce = true
  const parameters = new URLSearchParams({
    grant_type: 'authorization_code',
    code,
    redirect_uri: callbackUri(client),
    code_verifier,
  })
  const { tokens, claims } = await exchange(call, { client, parameters, expected: { nonce, max_age } })
  return newSession(tokens, claims, { scope, lifetime: client.session_lifetime, now_s: now(call) })
}
