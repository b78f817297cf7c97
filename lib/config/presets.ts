import type { Alg, IdTokenAlg } from '../jose/algorithms.ts'
import type { AssertionRules, AuthorizationServer } from './client.ts'

/** The endpoints by their RFC 8414 (or OpenID Connect) names. */
export type Endpoints = Partial<Omit<AuthorizationServer, 'issuer'>>

/** What is known of one kind of provider. No member can loosen a rule that is Countersign's own (requirement PRESET-3). */
export interface Preset {
  /** How the provider's issuers end. Another end is no error (a custom domain may do otherwise), but a notice. */
  issuer_end?: string
  /** From the issuer, less one trailing slash, to what the paths are appended to; without it, that issuer itself. */
  base?(issuer: string): string
  /** By name, what is appended. What is not here is given by the registration, or is not used. */
  paths: Endpoints
  /** What is not set here has the usual value (providers.ts). `nbf`, `kid`: as in AssertionRules. */
  assertion: Pick<AssertionRules, 'aud' | 'typ' | 'nbf' | 'kid'>
  /** What a registration cannot change, because the specification leaves no choice. */
  fixed?: readonly ('aud' | 'typ')[]
  /** The algorithms, where the documentation is exhaustive: another one is a configuration error. */
  algs?: readonly Alg[]
  /** Those that ID tokens may have, where the specification narrows them. */
  id_token_algs?: readonly IdTokenAlg[]
  /** The algorithms that are documented beyond doubt, where another one may work too: it is a notice. */
  confirmed_algs?: readonly Alg[]
  /** `assertion.aud` rests on documentation that contradicts itself: a notice, which says how. */
  unconfirmed_aud?: string
  /** Every key needs the hash of its certificate. */
  certificate?: true
  /** `require_pkce: false` is an error. */
  pkce?: true
  /** Every authorization response has `iss` (RFC 9207): to say that it has not is an error. */
  iss?: true
  /** Members of a token response that are passed on beside those that every provider has. */
  response_members?: readonly string[]
}

const RS = ['RS256', 'RS384', 'RS512'] as const
const PS = ['PS256', 'PS384', 'PS512'] as const
const ES = ['ES256', 'ES384', 'ES512'] as const

/** FAPI 2.0 Security Profile section 5.4.1, of every JWT that is made or taken. */
const FAPI = ['PS256', 'ES256', 'EdDSA', 'Ed25519'] as const

const OWN_TYPE = 'client-authentication+jwt'

/** PingAM, and so PingOne Advanced Identity Cloud, which is one: `…/am/oauth2/realms/root/realms/alpha`. */
const PINGAM: Preset = {
  paths: {
    authorization_endpoint: '/authorize',
    token_endpoint: '/access_token',
    revocation_endpoint: '/token/revoke',
    pushed_authorization_request_endpoint: '/par',
    device_authorization_endpoint: '/device/code',
    end_session_endpoint: '/connect/endSession',
    jwks_uri: '/connect/jwk_uri',
  },
  // The issuer only where the provider's "Additional Audience Values" have it.
  assertion: { aud: 'token_endpoint', typ: 'JWT' },
}

/** One entry a provider; docs/providers.md says where each fact is from. A registration's own members go before these. */
export const PRESETS = {
  // https://auth.pingone.<region>/<environment>/as, or a custom domain: so no check of the host.
  pingone: {
    issuer_end: '/as',
    paths: {
      authorization_endpoint: '/authorize',
      token_endpoint: '/token',
      revocation_endpoint: '/revoke',
      pushed_authorization_request_endpoint: '/par',
      device_authorization_endpoint: '/device_authorization',
      end_session_endpoint: '/signoff',
      jwks_uri: '/jwks',
    },
    assertion: { aud: 'issuer', typ: 'JWT' },
    // The API reference names these; the workflow pages add ES256, ES384 and ES512.
    confirmed_algs: RS,
  },
  'pingone-aic': PINGAM,
  pingam: PINGAM,
  // A custom authorization server is https://<org>/oauth2/<id>; the org's own is https://<org>.
  okta: {
    base: issuer => (issuer.includes('/oauth2/') ? issuer : `${issuer}/oauth2`),
    paths: {
      authorization_endpoint: '/v1/authorize',
      token_endpoint: '/v1/token',
      revocation_endpoint: '/v1/revoke',
      pushed_authorization_request_endpoint: '/v1/par',
      device_authorization_endpoint: '/v1/device/authorize',
      end_session_endpoint: '/v1/logout',
      jwks_uri: '/v1/keys',
    },
    assertion: { aud: 'request_endpoint', typ: 'JWT' },
    algs: [...RS, ...ES],
  },
  // https://<tenant>/ or https://<custom domain>/: the audience has the slash.
  auth0: {
    issuer_end: '/',
    paths: {
      authorization_endpoint: '/authorize',
      token_endpoint: '/oauth/token',
      revocation_endpoint: '/oauth/revoke',
      pushed_authorization_request_endpoint: '/oauth/par',
      device_authorization_endpoint: '/oauth/device/code',
      end_session_endpoint: '/oidc/logout',
      jwks_uri: '/.well-known/jwks.json',
    },
    assertion: { aud: 'issuer', typ: 'JWT' },
    confirmed_algs: ['RS256', 'RS384', 'PS256'],
  },
  // https://login.microsoftonline.com/<tenant>/v2.0, in national clouds another host. No revocation, no PAR.
  entra: {
    issuer_end: '/v2.0',
    base: issuer => issuer.replace(/\/v2\.0$/, ''),
    paths: {
      authorization_endpoint: '/oauth2/v2.0/authorize',
      token_endpoint: '/oauth2/v2.0/token',
      device_authorization_endpoint: '/oauth2/v2.0/devicecode',
      end_session_endpoint: '/oauth2/v2.0/logout',
      jwks_uri: '/discovery/v2.0/keys',
    },
    // The key is found by its certificate. A kid is no part of the documented header, and none of ours is known there.
    assertion: { aud: 'token_endpoint', typ: 'JWT', nbf: true, kid: false },
    confirmed_algs: ['PS256'],
    certificate: true,
  },
  // https://<host>/realms/<realm>
  keycloak: {
    base: issuer => `${issuer}/protocol/openid-connect`,
    paths: {
      authorization_endpoint: '/auth',
      token_endpoint: '/token',
      revocation_endpoint: '/revoke',
      pushed_authorization_request_endpoint: '/ext/par/request',
      device_authorization_endpoint: '/auth/device',
      end_session_endpoint: '/logout',
      jwks_uri: '/certs',
    },
    assertion: { aud: 'issuer', typ: 'JWT' },
  },
  // https://secure.login.gov/ and https://idp.int.identitysandbox.gov/
  'login.gov': {
    paths: {
      authorization_endpoint: '/openid_connect/authorize',
      token_endpoint: '/api/openid_connect/token',
      end_session_endpoint: '/openid_connect/logout',
      jwks_uri: '/api/openid_connect/certs',
    },
    assertion: { aud: 'token_endpoint', typ: 'JWT' },
    algs: ['RS256'],
  },
  // https://oidc.account.gov.uk/ and https://oidc.integration.account.gov.uk/
  'govuk-one-login': {
    paths: {
      authorization_endpoint: '/authorize',
      token_endpoint: '/token',
      end_session_endpoint: '/logout',
      jwks_uri: '/.well-known/jwks.json',
    },
    assertion: { aud: 'token_endpoint', typ: 'JWT' },
    algs: [...RS, ...PS],
  },
  // SMART App Launch 2.2: "typ" is fixed to JWT, "aud" is the token URL.
  smart: {
    paths: {},
    assertion: { aud: 'token_endpoint', typ: 'JWT' },
    fixed: ['aud', 'typ'],
    // What a server has to know at least one of.
    confirmed_algs: ['RS384', 'ES384'],
    // Its launch context parameters.
    response_members: [
      'patient',
      'encounter',
      'fhirContext',
      'need_patient_banner',
      'intent',
      'smart_style_url',
      'tenant',
    ],
  },
  'ibm-verify': {
    paths: {},
    assertion: { aud: 'issuer', typ: 'JWT' },
    unconfirmed_aud: 'the documentation names the issuer, its example the token endpoint',
    algs: [...RS, ...PS],
  },
  // RFC 10070: the issuer as the only audience, and an explicit type.
  generic: { paths: {}, assertion: { aud: 'issuer', typ: OWN_TYPE } },
  // FAPI 2.0 Security Profile: the issuer as a string, four algorithms, PKCE, and the issuer in every authorization response.
  fapi2: {
    paths: {},
    assertion: { aud: 'issuer', typ: OWN_TYPE },
    fixed: ['aud'],
    algs: FAPI,
    id_token_algs: FAPI,
    pkce: true,
    iss: true,
  },
} as const satisfies Record<string, Preset>

export type Provider = keyof typeof PRESETS

/** The preset of a provider's name as it stands in a document, which may be anything. */
export function presetOf(name: unknown): Preset | undefined {
  return typeof name === 'string' && Object.hasOwn(PRESETS, name) ? PRESETS[name as Provider] : undefined
}
