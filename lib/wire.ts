import type { ProxyError } from './errors.ts'
import { RETRY_AFTER_REFRESH_S, RETRY_AFTER_SIGNER_S } from './limits.ts'

/** What the caller sees: RFC 6749 section 5.2 (`error`, `error_description`), with fixed descriptions. */
export interface Wire {
  status: number
  error: string
  error_description: string
  headers: Record<string, string>
}

function wire(
  status: number,
  error: string,
  error_description: string,
  headers: Record<string, string> = {},
): Wire {
  return { status, error, error_description, headers }
}

function retryAfter(seconds: number | undefined): Record<string, string> {
  return seconds === undefined ? {} : { 'retry-after': String(seconds) }
}

/** Of every refusal that is the provider's own, and of no other. */
export const REFUSED_BY_PROVIDER = 'The identity provider refused the request.'

/** OpenID Connect Core 3.1.2.6: what an app has to do, whatever the reason. */
const LOGIN_REQUIRED = 'login_required'

const OUTCOME_UNKNOWN =
  'The exchange may or may not have happened. It is not repeated, because a code or a token may be spent by it: start the sign-in again.'

/** Exhaustive and without a default: a new reason does not compile until someone decides what the caller sees. */
export function toWire(error: ProxyError): Wire {
  const named = error.parameter ?? 'parameter'
  switch (error.reason) {
    case 'route_unknown':
      return wire(404, 'invalid_request', 'There is no such endpoint here.')
    case 'method_not_allowed': {
      const allow = error.allow ?? 'POST, OPTIONS'
      return wire(405, 'invalid_request', `This endpoint takes ${allow.split(',', 1)[0]}.`, { allow })
    }
    case 'origin_refused':
      return wire(403, 'invalid_request', 'This origin may not use this endpoint.')
    case 'origin_missing':
      return wire(403, 'invalid_request', 'A web client must send an Origin header.')
    case 'body_too_large':
      return wire(413, 'invalid_request', 'The body is too large.')
    case 'content_type_unsupported':
      return wire(
        400,
        'invalid_request',
        'The content-type must be application/x-www-form-urlencoded or application/json.',
      )
    case 'body_malformed':
      return wire(
        400,
        'invalid_request',
        'The body must be a well-formed form or one flat JSON object of strings, with no parameter too long or too many.',
      )
    case 'parameter_missing':
      return wire(400, 'invalid_request', `${named} is missing.`)
    case 'parameter_repeated':
      return wire(400, 'invalid_request', `${named} is repeated.`)
    case 'parameter_malformed':
      return wire(400, 'invalid_request', `${named} is malformed.`)
    case 'parameter_refused':
      return wire(
        400,
        'invalid_request',
        `${named} must not be sent: the client is authenticated by this endpoint.`,
      )
    case 'parameter_unsupported':
      return wire(400, 'invalid_request', `${named} is not taken here.`)
    case 'dpop_malformed':
      return wire(
        400,
        'invalid_dpop_proof',
        'The DPoP header must hold one proof, a compact JWS of 4 KiB at most.',
      )
    case 'dpop_target_wrong':
      return wire(
        400,
        'invalid_dpop_proof',
        "The proof is passed on: its htm must be POST, and its htu the URL of this endpoint in the identity provider's own metadata, not this URL.",
      )
    case 'dpop_missing':
      return wire(400, 'invalid_dpop_proof', 'This client may refresh with a DPoP proof only.')
    case 'client_unknown':
      return wire(400, 'invalid_request', 'client_id is not known here.')
    case 'client_disabled':
      return wire(503, 'temporarily_unavailable', 'This client is switched off.')
    case 'grant_refused':
      return wire(400, 'unsupported_grant_type', 'This grant_type is not allowed here.')
    case 'response_type_refused':
      return wire(400, 'unsupported_response_type', 'response_type must be code.')
    case 'endpoint_missing':
      return wire(400, 'invalid_request', 'This client has no such endpoint at its identity provider.')
    case 'poll_too_fast':
      return wire(400, 'slow_down', 'Wait for the interval, and five seconds more from now on.')
    case 'redirect_uri_refused':
      return wire(400, 'invalid_grant', 'redirect_uri is not registered for this client.')
    case 'scope_refused':
      return wire(400, 'invalid_scope', 'scope asks for more than this client may have.')
    case 'resource_refused':
      return wire(400, 'invalid_target', 'resource is not one of those that this client may name.')

    case 'delivery_refused':
      return wire(400, 'invalid_request', 'This endpoint is not for the delivery of this client.')

    case 'csrf_header_missing':
      return wire(403, 'invalid_request', 'The header X-CSRF: 1 is missing.')
    case 'fetch_site_refused':
      return wire(403, 'invalid_request', 'This request may not come from there.')
    case 'cookie_repeated':
      return wire(400, 'invalid_request', 'A cookie of this endpoint came twice. It has been cleared.')
    case 'return_to_refused':
      return wire(400, 'invalid_request', 'return_to is not an address of this client.')
    case 'login_unknown':
      return wire(
        400,
        'invalid_request',
        'This sign-in is not known here, has been used, or took too long. Start it again from the app.',
      )
    case 'issuer_mismatch':
      return wire(
        400,
        'server_error',
        'The answer to the sign-in is not from the identity provider of this client.',
      )
    case 'authorization_refused':
      return wire(
        400,
        error.upstream?.error ?? 'server_error',
        'The identity provider did not sign the user in.',
      )
    case 'ticket_refused':
      return wire(400, 'invalid_grant', 'The ticket is not valid, or not for this code_verifier.')
    case 'session_missing':
    case 'session_unreadable':
      return wire(401, LOGIN_REQUIRED, 'There is no session here. Sign in.')
    case 'session_ended':
      return wire(401, LOGIN_REQUIRED, 'The session has ended. Sign in again.')
    case 'session_too_large':
      return wire(502, 'server_error', 'The tokens of this user do not fit into a session.')
    case 'refresh_under_way':
      return wire(
        503,
        'temporarily_unavailable',
        'The session is being refreshed. Try again.',
        retryAfter(RETRY_AFTER_REFRESH_S),
      )

    case 'api_route_refused':
      return wire(
        403,
        'invalid_request',
        'This path or method of the API is not among those that may be called.',
      )

    case 'session_key_unknown':
    case 'sessions_unavailable':
      return wire(
        503,
        'temporarily_unavailable',
        'Sessions cannot be opened at the moment.',
        retryAfter(RETRY_AFTER_REFRESH_S),
      )
    case 'configuration_unavailable':
    case 'configuration_expired':
      return wire(503, 'temporarily_unavailable', 'The configuration cannot be read at the moment.')
    case 'signer_unavailable':
      return wire(
        503,
        'temporarily_unavailable',
        'The request could not be signed at the moment. Nothing was sent: try again.',
        retryAfter(RETRY_AFTER_SIGNER_S),
      )
    case 'signer_misconfigured':
      return wire(500, 'server_error', 'The request could not be signed. Nothing was sent.')
    case 'internal':
      return wire(500, 'server_error', 'Something went wrong here.')

    case 'upstream_refused': {
      // RFC 9449 section 8: a nonce challenge keeps its 401 where the provider gave one.
      const code = error.upstream?.error ?? 'invalid_request'
      const challenge = code === 'use_dpop_nonce' || code === 'invalid_dpop_proof'
      const status = challenge && error.upstream?.status === 401 ? 401 : 400
      // ERR-10: the one answer with a nonce. With any other, a library would take our own refusal for a challenge.
      const nonce: Record<string, string> =
        error.dpopNonce === undefined ? {} : { 'dpop-nonce': error.dpopNonce }
      return wire(status, code, REFUSED_BY_PROVIDER, nonce)
    }
    case 'upstream_refused_otherwise':
      return wire(400, 'invalid_request', REFUSED_BY_PROVIDER)
    case 'upstream_invalid_client':
      return wire(502, 'server_error', 'The identity provider did not accept this service as the client.')
    case 'upstream_rate_limited':
      return wire(
        429,
        'temporarily_unavailable',
        'The identity provider asks for fewer requests.',
        retryAfter(error.retryAfter),
      )
    case 'upstream_unavailable':
      return wire(
        503,
        'temporarily_unavailable',
        'The identity provider is not available at the moment.',
        retryAfter(error.retryAfter),
      )
    case 'upstream_unreachable':
      return wire(502, 'server_error', 'The identity provider could not be reached. Nothing was sent.')
    case 'upstream_timeout':
      return wire(504, 'exchange_outcome_unknown', OUTCOME_UNKNOWN)
    case 'upstream_lost':
      return wire(502, 'exchange_outcome_unknown', OUTCOME_UNKNOWN)
    case 'upstream_unanswered':
      return wire(
        504,
        'temporarily_unavailable',
        'The identity provider did not answer. The request may be repeated.',
      )
    case 'dpop_downgraded':
      return wire(
        502,
        'server_error',
        'The identity provider did not bind the token to the key of the proof.',
      )
    case 'upstream_malformed':
      return wire(502, 'server_error', 'The identity provider gave an answer that cannot be used.')
    case 'id_token_invalid':
      return wire(502, 'server_error', 'The identity provider gave an ID token that is not valid.')
    case 'id_token_unverifiable':
      return wire(
        502,
        'exchange_outcome_unknown',
        'There were tokens, but they could not be checked and are not passed on: start the sign-in again.',
      )
  }
}
