import type { SigningKey } from '../../lib/config/client.ts'
import { ConfigurationError, problemLine } from '../../lib/config/problems.ts'
import { notices, parseRegistrations } from '../../lib/config/registrations.ts'
import type { RawClient, RawDocument } from '../document.ts'
import { Failure } from '../failure.ts'
import type { Answers } from './answers.ts'
import { deliveryMembers } from './delivery.ts'
import type { Pinned } from './endpoints.ts'
import type { Flags } from './options.ts'

const CODE = 'authorization_code'
const REFRESH = 'refresh_token'

/** The client as the document has it. */
export function registration(
  answers: Answers,
  endpoints: Pinned,
  { scope, refresh = 'none', 'grant-type': grants = [] }: Flags,
  signing_keys: SigningKey[],
  iss_supported = false,
): RawClient {
  const { provider, issuer, client_id, application_type, redirect_uris, allowed_origins } = answers
  return {
    client_id,
    provider,
    issuer,
    ...endpoints,
    ...(iss_supported && { authorization_response_iss_parameter_supported: true }),
    signing_keys,
    application_type,
    ...(allowed_origins.length > 0 && { allowed_origins }),
    ...deliveryMembers(answers),
    ...(redirect_uris.length > 0 && { redirect_uris }),
    grant_types: [...new Set([CODE, ...grants, ...(refresh === 'none' ? [] : [REFRESH])])],
    ...(scope !== undefined && { scope }),
    refresh,
  }
}

/** The document with the client, in the place of the one that has its id or at the end. */
export function withClient(document: RawDocument, client: RawClient): RawDocument {
  const { clients } = document
  const at = placeOf(document, client.client_id)
  return { ...document, clients: [...clients.slice(0, at), client, ...clients.slice(at + 1)] }
}

export function placeOf({ clients }: RawDocument, client_id: string): number {
  const at = clients.findIndex(client => client.client_id === client_id)
  return at === -1 ? clients.length : at
}

/**
 * Throws Failure where the document is not valid: before a key is made, so `keyless` passes over that there is none yet.
 * Returns what is allowed and should be heard of all the same.
 */
export function requireValid(
  document: RawDocument,
  at: number,
  { onLambda, keyless }: { onLambda: boolean; keyless: boolean },
): string[] {
  const path = `clients[${at}]`
  try {
    const registrations = parseRegistrations(JSON.stringify(document), { revision: '', onLambda })
    return notices(registrations).flatMap(notice =>
      notice.startsWith(`${path}.`) ? [notice.slice(path.length + 1)] : [],
    )
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error
    const problems = error.problems.filter(problem => !(keyless && problem.path === `${path}.signing_keys`))
    if (problems.length === 0) return []
    throw new Failure(
      'configuration_invalid',
      `The configuration would not be valid, and was not written:\n${problems.map(problemLine).join('\n')}`,
    )
  }
}

/** What the client that is replaced had, and the new one has not: it may have been set for a reason. */
export function leftOut(previous: RawClient, client: RawClient): string[] {
  const names = Object.keys(previous).filter(name => !(name in client))
  return names.length === 0 ? [] : [`not taken over from the client that is replaced: ${names.join(', ')}`]
}
