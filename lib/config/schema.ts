import * as v from 'valibot'
import { ID_TOKEN_ALGORITHMS, type IdTokenAlg } from '../jose/algorithms.ts'
import { ASSERTION_LIFETIME_MAX_S, ASSERTION_LIFETIME_MIN_S, CLIENT_ID_MAX } from '../limits.ts'
import { signingKey } from './keys.ts'
import { isRaw, list, members, oneOf, text } from './members.ts'
import { PRESETS, type Provider, presetOf } from './presets.ts'
import { sessionMembers } from './session-members.ts'
import {
  audienceProblem,
  endpointProblem,
  issuerProblem,
  nativeRedirectProblem,
  originProblem,
  resourceProblem,
  webRedirectProblem,
} from './urls.ts'

/** The newest version of the document that is understood. */
export const VERSION = 1

/** The document: shape, and every rule that concerns one client. What joins several clients is in rules.ts. */
export function documentSchema(onLambda: boolean) {
  const clients = v.array(clientSchema(onLambda))
  return members(() => ({ version: v.literal(VERSION, `must be ${VERSION}`), clients }))
}

/** Members are spelled as RFC 7591 section 2 and RFC 8414 section 2 spell them. */
function clientSchema(onLambda: boolean) {
  const endpoint = text(url => endpointProblem(url, onLambda))
  const optionalEndpoint = v.exactOptional(endpoint)
  return members(raw => {
    const native = raw.application_type === 'native'
    const cookie = raw.delivery === 'mediated' || raw.delivery === 'session'
    const redirectUris = (problem?: (uris: readonly unknown[]) => string | undefined) =>
      list(
        text(uri => (native ? nativeRedirectProblem(uri) : webRedirectProblem(uri, onLambda))),
        problem ?? (() => undefined),
      )
    const derived = presetOf(raw.provider)?.paths
    return {
      client_id: text(clientIdProblem),
      provider: oneOf(Object.keys(PRESETS) as Provider[]),
      issuer: text(url => issuerProblem(url, onLambda)),
      // Required where the preset cannot derive it; while the provider itself is wrong, nobody can say.
      token_endpoint: derived && !derived.token_endpoint ? endpoint : optionalEndpoint,
      authorization_endpoint: optionalEndpoint,
      revocation_endpoint: optionalEndpoint,
      pushed_authorization_request_endpoint: optionalEndpoint,
      device_authorization_endpoint: optionalEndpoint,
      end_session_endpoint: optionalEndpoint,
      jwks_uri: optionalEndpoint,
      signing_keys: list(signingKey, activeProblem),
      assertion: v.optional(assertion, {}),
      application_type: v.optional(oneOf(['web', 'native']), 'web'),
      delivery: v.optional(oneOf(['tokens', 'mediated', 'session']), 'tokens'),
      allowed_origins: native ? v.optional(noOrigins, []) : origins(onLambda),
      // A web client whose sign-in begins here has none of its own.
      redirect_uris: cookie && !native ? v.optional(redirectUris(), []) : redirectUris(atLeastOne),
      grant_types: v.optional(cookie ? browserGrants : grantTypes, ['authorization_code']),
      scope: v.exactOptional(text(scopeProblem)),
      resource: v.exactOptional(v.array(text(resourceProblem))),
      require_pkce: v.optional(
        native ? v.literal(true, NATIVE_PKCE) : cookie ? v.literal(true, ALWAYS) : v.boolean(),
        true,
      ),
      refresh: v.optional(
        cookie ? v.literal('none', TOKENS_ONLY) : oneOf(['none', 'rotating', 'dpop']),
        'none',
      ),
      validate_id_token: v.optional(cookie ? v.literal(true, ALWAYS) : v.boolean(), true),
      authorization_response_iss_parameter_supported: v.exactOptional(v.boolean()),
      ...sessionMembers(raw, onLambda),
      id_token_signed_response_alg: v.exactOptional(oneOf(Object.keys(ID_TOKEN_ALGORITHMS) as IdTokenAlg[])),
      enabled: v.optional(v.boolean(), true),
    }
  })
}

const TOKENS_ONLY = 'is for the delivery "tokens": in the others the app gets no refresh token'
const ALWAYS = 'must be true in this delivery'
// RFC 8252 section 8.1: public native app clients MUST implement PKCE, and servers MUST support it.
const NATIVE_PKCE = 'must be true for a native client (RFC 8252 section 8.1)'
const LIFETIME = `must be a whole number of seconds from ${ASSERTION_LIFETIME_MIN_S} to ${ASSERTION_LIFETIME_MAX_S}`

const assertion = members(() => ({
  aud: v.exactOptional(text(audienceProblem)),
  typ: v.exactOptional(oneOf(['JWT', 'client-authentication+jwt'])),
  lifetime: v.exactOptional(
    v.pipe(
      v.number(LIFETIME),
      v.check(
        s => Number.isInteger(s) && s >= ASSERTION_LIFETIME_MIN_S && s <= ASSERTION_LIFETIME_MAX_S,
        LIFETIME,
      ),
    ),
  ),
  ahead: v.exactOptional(v.boolean()),
}))

/** RFC 8628 section 3.4. */
const DEVICE_CODE = 'urn:ietf:params:oauth:grant-type:device_code'

// No other grant has a code and a verifier to hold against the caller: the function would sign for anybody.
const grantTypes = list(oneOf(['authorization_code', 'refresh_token', DEVICE_CODE]), items =>
  items.includes('authorization_code') ? undefined : 'must contain "authorization_code"',
)

// With a session the sign-in is a browser's: a device that asks without one would begin the session of nobody.
const browserGrants = list(oneOf(['authorization_code', 'refresh_token']), items =>
  items.includes('authorization_code') ? undefined : 'must contain "authorization_code"',
)

// RFC 8252: the requests of a native app carry no Origin, and a browser has no business with its client.
const noOrigins = v.pipe(v.array(v.string()), v.maxLength(0, 'must be absent or empty for a native client'))

function origins(onLambda: boolean) {
  return list(
    text(origin => originProblem(origin, onLambda)),
    atLeastOne,
  )
}

function atLeastOne(items: readonly unknown[]): string | undefined {
  return items.length > 0 ? undefined : 'must not be empty'
}

function activeProblem(keys: readonly unknown[]): string | undefined {
  const active = keys.filter(key => isRaw(key) && key.state === 'active')
  return active.length === 1 ? undefined : 'must hold exactly one key whose state is "active"'
}

/** RFC 6749 appendix A.1: VSCHAR. */
function clientIdProblem(client_id: string): string | undefined {
  const fits = /^[\x20-\x7e]+$/.test(client_id) && client_id.length <= CLIENT_ID_MAX
  return fits ? undefined : `must be 1 to ${CLIENT_ID_MAX} printable ASCII characters`
}

/** RFC 6749 section 3.3: scope-token *( SP scope-token ). */
function scopeProblem(scope: string): string | undefined {
  return scope.split(' ').every(token => /^[\x21\x23-\x5b\x5d-\x7e]+$/.test(token))
    ? undefined
    : 'must be scope tokens with one space between them (RFC 6749 section 3.3)'
}
