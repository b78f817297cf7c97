import { ProxyError } from '../errors.ts'
import type { Form } from '../http/form.ts'

/** RFC 6749 appendix A: what codes, tokens and client_ids are made of, visible characters and spaces. */
const VSCHARS = /^[\x20-\x7e]+$/

/**
 * What authenticates the client is ours to add. A caller that brings some of it (RFC 6749 section 2.3: one method
 * and no more) is confused or is trying to have an assertion of its own sent on.
 */
const CREDENTIALS = ['client_secret', 'client_assertion', 'client_assertion_type'] as const

/** RFC 8707 section 2: the one parameter of a request that may stand there several times. */
export const REPEATABLE = 'resource'

const NAMED_IN_ERRORS: ReadonlySet<string> = new Set([
  ...CREDENTIALS,
  'client_id',
  'code',
  'code_challenge',
  'code_challenge_method',
  'code_verifier',
  'device_code',
  'grant_type',
  'redirect_uri',
  'refresh_token',
  'response_type',
  'scope',
  'state',
  'ticket',
  'token',
])

/**
 * Refuses what no request may hold, whoever the client is: a second authentication of the client (requirement IN-6)
 * and repeated parameters (RFC 6749 section 3.2). Throws ProxyError `parameter_refused` or `parameter_repeated`.
 */
export function refuseMisuse(form: Form, headers: Readonly<Record<string, string | undefined>>): void {
  if (headers.authorization !== undefined)
    throw new ProxyError('parameter_refused', { parameter: 'Authorization' })
  for (const parameter of CREDENTIALS) {
    if (form.has(parameter)) throw new ProxyError('parameter_refused', { parameter })
  }
  for (const [name, values] of form) {
    if (values.length > 1 && name !== REPEATABLE) {
      // An unknown name is the caller's own text and is not repeated to it.
      throw new ProxyError('parameter_repeated', NAMED_IN_ERRORS.has(name) ? { parameter: name } : {})
    }
  }
}

/** The value of a parameter that stands there at most once. */
export function single(form: Form, name: string): string | undefined {
  return form.get(name)?.[0]
}

/** The same of one that has to be there. Throws ProxyError `parameter_missing`. */
export function required(form: Form, parameter: string): string {
  const value = single(form, parameter)
  if (value === undefined) throw new ProxyError('parameter_missing', { parameter })
  return value
}

/** A code or a token: opaque, but of visible characters. Throws ProxyError `parameter_missing` or `parameter_malformed`. */
export function opaque(form: Form, parameter: string): string {
  const value = required(form, parameter)
  if (!VSCHARS.test(value)) throw new ProxyError('parameter_malformed', { parameter })
  return value
}
