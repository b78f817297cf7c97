import type { Alg, IdTokenAlg } from '../jose/algorithms.ts'

// What the rest of the code knows of the configuration, once it has been checked.

/** RFC 7517, 7518 and 9964: the public members only. */
export interface PublicJwk {
  kty: string
  n?: string
  e?: string
  crv?: string
  x?: string
  y?: string
  pub?: string
  kid?: string
  use?: string
  alg?: string
}

export interface SigningKey {
  kms_key_arn: string
  /** The same multi-Region key in other Regions: a function signs by the one of its own, where there is one. */
  replicas?: readonly string[]
  alg: Alg
  /** What an experimental `alg` has to have beside it. */
  experimental?: boolean
  public_jwk: PublicJwk
  /** As configured, here or in `public_jwk`; without one the key's RFC 7638 thumbprint is its kid. */
  kid?: string
  /** RFC 7517 section 4.9: of the certificate that the provider has of this key. */
  'x5t#S256'?: string
  state: 'next' | 'active' | 'retired'
  /** RFC 3339. When it reached each state, as far as whoever wrote the document says; nothing at run time looks at them. */
  created_at?: string
  published_at?: string
  activated_at?: string
  retired_at?: string
}

/** RFC 8414 section 2; `end_session_endpoint` as in OpenID Connect RP-Initiated Logout. All pinned, byte for byte. */
export interface AuthorizationServer {
  issuer: string
  token_endpoint: string
  authorization_endpoint?: string
  revocation_endpoint?: string
  pushed_authorization_request_endpoint?: string
  device_authorization_endpoint?: string
  end_session_endpoint?: string
  jwks_uri?: string
}

export interface AssertionRules {
  /** `issuer`, `token_endpoint`, `request_endpoint`, or else the audience itself. */
  aud: string
  typ: string
  /** Seconds. */
  lifetime: number
  /** Sign before the request comes, where traffic makes it worth it. */
  ahead: boolean
  /** `nbf`, the same as `iat`, goes along. */
  nbf?: boolean
  /** False: the header has no `kid`. */
  kid?: boolean
}

/** A method and a path of the API behind. */
export interface ApiRoute {
  /** Upper case, or `*`. */
  method: string
  path: string
  /** Everything beneath the path, too. */
  beneath: boolean
}

export interface Client {
  client_id: string
  /** The name of a preset. */
  provider: string
  as: AuthorizationServer
  /** The active one of `signing_keys`, the same object. */
  signing_key: SigningKey
  signing_keys: readonly SigningKey[]
  assertion: AssertionRules
  application_type: 'web' | 'native'
  /** What the app gets: the provider's tokens; an access token alone; or none. The last two live by a sealed cookie. */
  delivery: 'tokens' | 'mediated' | 'session'
  /** The origin under which the app reaches this deployment; there in the deliveries that set a cookie. */
  public_url?: string
  /** Seconds that a session lasts at most. */
  session_lifetime: number
  /** What of the API may be called with a session's access token; delivery `session`. */
  api_routes: readonly ApiRoute[]
  /** OpenID Connect RP-Initiated Logout section 3.1. */
  post_logout_redirect_uris: readonly string[]
  /** Delivery `tokens`: a refresh token that the app does not get is revoked. */
  revoke_withheld: boolean
  /** RFC 9207 section 3: every authorization response of the server has `iss`. */
  authorization_response_iss_parameter_supported: boolean
  allowed_origins: readonly string[]
  redirect_uris: readonly string[]
  grant_types: readonly string[]
  /** Absent: unrestricted. */
  scope?: readonly string[]
  /** RFC 8707. Absent: unrestricted. */
  resource?: readonly string[]
  require_pkce: boolean
  refresh: 'none' | 'rotating' | 'dpop'
  /** Of a token response, beside those that every provider has. */
  response_members?: readonly string[]
  /** Where the server's `jwks_uri` is known. */
  validate_id_token: boolean
  /** What ID tokens may be signed with: the registration's one, or those of the preset. Absent: any of ID_TOKEN_ALGORITHMS. */
  id_token_algs?: readonly IdTokenAlg[]
  enabled: boolean
}

export interface Registrations {
  /** Of the document: the secret's version id, or a hash of the inline text. */
  revision: string
  clients: readonly Client[]
  /** Of all clients, also of those that are switched off: their callers are told so, under CORS. */
  allowed_origins: ReadonlySet<string>
  /** Those from which cookies may come along: of the clients whose delivery sets one. */
  credentialed_origins: ReadonlySet<string>
  /** Some client is native, so that a request without an Origin can be meant. */
  native: boolean
}

/** A client whose app holds no refresh token: it stands in a sealed cookie, or in a native app's handle. */
export type SessionClient = Client & { delivery: 'mediated' | 'session'; public_url: string }

export function hasSession(client: Client): client is SessionClient {
  return client.delivery !== 'tokens'
}
