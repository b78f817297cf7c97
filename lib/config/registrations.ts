import { ProxyError } from '../errors.ts'
import { isExperimental } from '../jose/algorithms.ts'
import { hasRepeatedMembers } from '../json.ts'
import { SESSION_LIFETIME_S } from '../limits.ts'
import { type Client, hasSession, type Registrations, type SigningKey } from './client.ts'
import { check, isRaw, type Raw } from './members.ts'
import { presetNotices, presetProblems } from './preset-rules.ts'
import { PRESETS, type Preset } from './presets.ts'
import { ConfigurationError, DOCUMENT } from './problems.ts'
import { assertionRules, authorizationServer } from './providers.ts'
import { crossProblems } from './rules.ts'
import { documentSchema, VERSION } from './schema.ts'
import { toApiRoute } from './session-members.ts'
import { sessionNotices, sessionProblems } from './session-rules.ts'

/** Reads the configuration document. Throws ConfigurationError with every problem that it has. */
export function parseRegistrations(
  text: string,
  { revision, onLambda }: { revision: string; onLambda: boolean },
): Registrations {
  const document = parseJson(text)
  const checked = check(documentSchema(onLambda), document)
  const problems = [
    ...('problems' in checked ? checked.problems : []),
    ...crossProblems(document),
    ...presetProblems(document),
    ...sessionProblems(document),
  ]
  if (!('output' in checked) || problems.length > 0) throw new ConfigurationError(problems)
  const clients = checked.output.clients.map(toClient)
  return {
    revision,
    clients,
    allowed_origins: new Set(clients.flatMap(({ allowed_origins }) => allowed_origins)),
    credentialed_origins: new Set(
      clients.filter(hasSession).flatMap(({ allowed_origins }) => allowed_origins),
    ),
    native: clients.some(({ application_type }) => application_type === 'native'),
  }
}

function parseJson(text: string): Raw {
  const document = jsonOf(text)
  if (!isRaw(document)) throw new ConfigurationError([{ path: DOCUMENT, message: 'must be a JSON object' }])
  if (hasRepeatedMembers(text, document)) {
    throw new ConfigurationError([{ path: DOCUMENT, message: 'has a member twice in one object' }])
  }
  // A newer document has members of its own: to list them all as unknown would hide the one thing to say.
  const version = document.version
  if (typeof version === 'number' && version > VERSION) {
    const message = `is newer than this version of Countersign, which reads version ${VERSION}`
    throw new ConfigurationError([{ path: 'version', message }])
  }
  return document
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    // The engine's message quotes the text around the error: only the position is taken from its end.
    const at = /\(line \d+ column \d+\)$/.exec(error instanceof Error ? error.message : '')?.[0]
    throw new ConfigurationError([{ path: DOCUMENT, message: at ? `is not JSON ${at}` : 'is not JSON' }])
  }
}

type Registration = Extract<
  ReturnType<typeof check<ReturnType<typeof documentSchema>>>,
  { output: unknown }
>['output']['clients'][number]

function toClient(registration: Registration): Client {
  const preset: Preset = PRESETS[registration.provider]
  const signing_keys = registration.signing_keys.map(toSigningKey)
  const { scope, resource, id_token_signed_response_alg: alg } = registration
  const id_token_algs = alg === undefined ? preset.id_token_algs : [alg]
  return {
    client_id: registration.client_id,
    provider: registration.provider,
    as: authorizationServer(preset, registration),
    // The schema has seen to it that there is exactly one.
    signing_key: signing_keys.find(({ state }) => state === 'active')!,
    signing_keys,
    assertion: assertionRules(preset, registration.assertion),
    application_type: registration.application_type,
    delivery: registration.delivery,
    ...(registration.public_url !== undefined && { public_url: registration.public_url }),
    session_lifetime: registration.session_lifetime ?? SESSION_LIFETIME_S,
    api_routes: (registration.api_routes ?? []).map(toApiRoute),
    post_logout_redirect_uris: registration.post_logout_redirect_uris ?? [],
    revoke_withheld: registration.revoke_withheld ?? false,
    authorization_response_iss_parameter_supported:
      registration.authorization_response_iss_parameter_supported ?? preset.iss ?? false,
    allowed_origins: registration.allowed_origins,
    redirect_uris: registration.redirect_uris,
    grant_types: registration.grant_types,
    ...(scope !== undefined && { scope: scope.split(' ') }),
    ...(resource !== undefined && { resource }),
    require_pkce: registration.require_pkce,
    refresh: registration.refresh,
    ...(preset.response_members && { response_members: preset.response_members }),
    validate_id_token: registration.validate_id_token,
    ...(id_token_algs !== undefined && { id_token_algs }),
    enabled: registration.enabled,
  }
}

function toSigningKey(key: Registration['signing_keys'][number]): SigningKey {
  const kid = key.kid ?? key.public_jwk.kid
  return kid === undefined ? key : { ...key, kid }
}

/**
 * The client that a request names, by exact match. Where it names none, the only client, if there is exactly one;
 * otherwise ProxyError `parameter_missing`. A name that is not registered is ProxyError `client_unknown`.
 */
export function findClient({ clients }: Registrations, client_id: string | undefined): Client {
  if (client_id === undefined) {
    if (clients.length === 1) return clients[0]!
    throw new ProxyError('parameter_missing', { parameter: 'client_id' })
  }
  const client = clients.find(candidate => candidate.client_id === client_id)
  if (client === undefined) throw new ProxyError('client_unknown')
  return client
}

/** What an operator should hear at start-up although it is allowed. Fixed texts with their paths, no values. */
export function notices({ clients }: Registrations): string[] {
  return clients.flatMap((client, index) => [
    ...(client.require_pkce
      ? []
      : [
          `clients[${index}].require_pkce: is false: a stolen code is enough to get tokens (RFC 9700 section 2.1.1)`,
        ]),
    ...refreshNotices(client, `clients[${index}]`),
    ...presetNotices(client, `clients[${index}]`),
    ...sessionNotices(client, `clients[${index}]`),
    ...(client.validate_id_token && client.as.jwks_uri === undefined
      ? [`clients[${index}].jwks_uri: is absent: ID tokens are passed on without being validated`]
      : []),
    ...client.signing_keys.flatMap(({ alg }, k) =>
      isExperimental(alg)
        ? [
            `clients[${index}].signing_keys[${k}].alg: is experimental: no listed provider documents support for it`,
          ]
        : [],
    ),
  ])
}

/** The two members say together what becomes of refresh tokens; one without the other does nothing. */
function refreshNotices({ refresh, grant_types }: Client, path: string): string[] {
  const redeemed = grant_types.includes('refresh_token')
  if (refresh !== 'none' && !redeemed) {
    return [`${path}.grant_types: lacks refresh_token: refresh tokens are given out and not redeemed here`]
  }
  return refresh === 'none' && redeemed
    ? [`${path}.refresh: is none: the grant refresh_token is refused, and no refresh token is given out`]
    : []
}
