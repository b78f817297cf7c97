import type { Client } from '../../lib/config/client.ts'
import { ProxyError } from '../../lib/errors.ts'
import type { Form } from '../../lib/http/form.ts'
import { tokenParameters } from '../../lib/oauth/grants.ts'
import { client, REDIRECT_URI } from './client.ts'

export const VERIFIER = 'v'.repeat(43)
export const GOOD: Record<string, string | string[]> = {
  grant_type: 'authorization_code',
  code: 'code-1',
  redirect_uri: REDIRECT_URI,
  code_verifier: VERIFIER,
}

/** Parameters as they have been read. */
export function form(parameters: Record<string, string | string[] | undefined>): Form {
  return new Map(
    Object.entries(parameters).flatMap(([name, value]) =>
      value === undefined ? [] : [[name, [value].flat()] as const],
    ),
  )
}

/** What goes to the provider when `changes` are made to a good request. */
export function sent(
  changes: Record<string, string | string[] | undefined>,
  overrides: Partial<Client> = {},
): [string, string][] {
  return [...tokenParameters(form({ ...GOOD, ...changes }), client(overrides))]
}

/** The reason for which such a request is refused. */
export function refusal(
  changes: Record<string, string | string[] | undefined>,
  overrides: Partial<Client> = {},
): Pick<ProxyError, 'reason' | 'parameter'> {
  try {
    sent(changes, overrides)
  } catch (error) {
    if (error instanceof ProxyError) return { reason: error.reason, parameter: error.parameter }
    throw error
  }
  throw new Error('was not refused')
}
