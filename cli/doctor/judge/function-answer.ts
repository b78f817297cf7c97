import { ProxyError, type Reason } from '../../../lib/errors.ts'
import { toWire } from '../../../lib/wire.ts'
import { type Heard, isAnswered } from '../facts/http.ts'

export interface Meaning {
  kind: /** The provider took us for the client, and refused the made-up code or revoked the made-up token. */
    | 'accepted'
    /** The provider refused it otherwise. */
    | 'refused'
    /** The provider did not take the assertion. */
    | 'not_the_client'
    | 'provider_failed'
    | 'unsigned'
    | 'origin_refused'
    /** Refused before anything was signed, or no answer of the function at all. */
    | 'other'
  /** For a person. */
  said: string
}

const KINDS: Partial<Record<Reason, Meaning['kind']>> = {
  upstream_refused: 'refused',
  upstream_refused_otherwise: 'refused',
  upstream_invalid_client: 'not_the_client',
  upstream_unreachable: 'provider_failed',
  upstream_timeout: 'provider_failed',
  upstream_unanswered: 'provider_failed',
  upstream_malformed: 'provider_failed',
  upstream_rate_limited: 'provider_failed',
  upstream_unavailable: 'provider_failed',
  signer_misconfigured: 'unsigned',
  signer_unavailable: 'unsigned',
  origin_refused: 'origin_refused',
}

/** What an answer of the function says of its way. Its texts are fixed, so they tell apart what a status does not. */
export function meaningOf(heard: Heard): Meaning {
  if (!isAnswered(heard)) return { kind: 'other', said: heard.error }
  // RFC 7009 section 2.2. The function's own answer is empty, and no made-up code gets a 200.
  if (heard.status === 200 && heard.body === '') return { kind: 'accepted', said: 'HTTP 200' }
  const { error, error_description } = heard.json
  const reason = (Object.keys(KINDS) as Reason[]).find(
    known => toWire(new ProxyError(known)).error_description === error_description,
  )
  const kind = reason === undefined ? 'other' : KINDS[reason]!
  const said = [`HTTP ${heard.status}`, error, error_description]
    .filter(part => typeof part === 'string')
    .join(' ')
  return { kind: kind === 'refused' && error === 'invalid_grant' ? 'accepted' : kind, said }
}
