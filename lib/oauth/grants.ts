import type { Client } from '../config/client.ts'
import { ProxyError } from '../errors.ts'
import type { Form } from '../http/form.ts'
import { opaque, required, single } from './parameters.ts'
import { addLimits, registeredRedirectUri } from './registered.ts'

/** RFC 8628 section 3.4. */
export const DEVICE_CODE = 'urn:ietf:params:oauth:grant-type:device_code'

/** RFC 7636 section 4.1: 43 to 128 characters of the unreserved set. */
export const CODE_VERIFIER = /^[A-Za-z0-9\-._~]{43,128}$/

/**
 * The parameters of a token request as they go to the provider: these and no others. Throws ProxyError; every check is
 * free.
 *
 * RFC 6749 section 4.4 and its like hand a confidential client's own rights to whoever asks: an anonymous caller must
 * never reach them, so the grants are named in code, and the configuration can only take away.
 */
export function tokenParameters(form: Form, client: Client): URLSearchParams {
  const grant_type = required(form, 'grant_type')
  if (!client.grant_types.includes(grant_type)) throw new ProxyError('grant_refused')
  switch (grant_type) {
    case 'authorization_code':
      return codeParameters(form, client)
    case 'refresh_token':
      return refreshParameters(form, client)
    case DEVICE_CODE:
      return new URLSearchParams({ grant_type, device_code: opaque(form, 'device_code') })
    default:
      throw new ProxyError('grant_refused')
  }
}

/** RFC 6749 section 4.1.3, RFC 7636 section 4.5, RFC 8707 section 2.2. */
function codeParameters(form: Form, client: Client): URLSearchParams {
  const code = opaque(form, 'code')
  const redirect_uri = registeredRedirectUri(form, client)
  const parameters = new URLSearchParams({ grant_type: 'authorization_code', code, redirect_uri })
  const code_verifier = verifier(form, client)
  if (code_verifier !== undefined) parameters.set('code_verifier', code_verifier)
  return addLimits(parameters, form, client)
}

/** RFC 6749 section 6. A redirect_uri, which some libraries send along, has no meaning here and stays behind. */
function refreshParameters(form: Form, client: Client): URLSearchParams {
  // A refresh token that this endpoint does not give out, it does not redeem either: whoever has one has it from elsewhere.
  if (client.refresh === 'none') throw new ProxyError('grant_refused')
  const refresh_token = opaque(form, 'refresh_token')
  return addLimits(new URLSearchParams({ grant_type: 'refresh_token', refresh_token }), form, client)
}

function verifier(form: Form, client: Client): string | undefined {
  const code_verifier = single(form, 'code_verifier')
  if (code_verifier === undefined) {
    if (client.require_pkce) throw new ProxyError('parameter_missing', { parameter: 'code_verifier' })
    return undefined
  }
  if (!CODE_VERIFIER.test(code_verifier))
    throw new ProxyError('parameter_malformed', { parameter: 'code_verifier' })
  return code_verifier
}
