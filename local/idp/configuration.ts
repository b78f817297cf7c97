import { generateKeyPair, type JsonWebKey, randomBytes } from 'node:crypto'
import { promisify } from 'node:util'
import {
  type Client,
  type Configuration,
  errors,
  interactionPolicy,
  type KoaContextWithOIDC,
} from 'oidc-provider'
import { ALGORITHMS, type Alg } from '../../lib/jose/algorithms.ts'
import { HAS_ML_DSA } from '../ml-dsa.ts'
import { assertionRefusal, CLOCK_SKEW_S } from './assertion-policy.ts'
import { createMemoryAdapter } from './memory-adapter.ts'
import { deviceCodePage, deviceConfirmPage, errorPage, logoutPage, messagePage } from './pages.ts'

/** A registered client; members are spelled as RFC 7591 spells client metadata. */
export interface IdpClient {
  client_id: string
  redirect_uris: string[]
  /** Default web. */
  application_type?: 'web' | 'native'
  /** Public keys only. This, or where they are read: on loopback, and kept as long as the answer says (60 s at least). */
  jwks?: { keys: object[] }
  jwks_uri?: string
  /** token_endpoint_auth_signing_alg: the one algorithm that its assertions may have. Default: that of the key they name. */
  alg?: string
  /** Default true. */
  require_pkce?: boolean
  /** Default authorization_code and refresh_token. */
  grant_types?: string[]
  /** The scopes that it may ask for, space-separated. Default: all that this provider knows. */
  scope?: string
  post_logout_redirect_uris?: string[]
  /** RFC 9449 section 8: its proofs need a nonce. Default false. */
  require_dpop_nonce?: boolean
}

/** Where PingOne has its endpoints, below `/<environment id>/as`. */
export const ROUTES = {
  authorization: '/authorize',
  token: '/token',
  jwks: '/jwks',
  userinfo: '/userinfo',
  revocation: '/revoke',
  introspection: '/introspect',
  pushed_authorization_request: '/par',
  device_authorization: '/device_authorization',
  code_verification: '/device',
  end_session: '/signoff',
}

const HOUR_S = 3_600

const generate = promisify(generateKeyPair)

/** Fresh signing keys for ID tokens: RS256, which every client can verify, and ES256. */
async function freshKeys(): Promise<{ keys: JsonWebKey[] }> {
  const [rsa, ec] = await Promise.all([
    generate('rsa', { modulusLength: 2048 }),
    generate('ec', { namedCurve: 'P-256' }),
  ])
  return {
    keys: [
      { ...rsa.privateKey.export({ format: 'jwk' }), alg: 'RS256', use: 'sig' },
      { ...ec.privateKey.export({ format: 'jwk' }), alg: 'ES256', use: 'sig' },
    ],
  }
}

function clientMetadata(client: IdpClient) {
  const { client_id, redirect_uris, jwks, jwks_uri, alg, scope, grant_types, post_logout_redirect_uris } =
    client
  const { application_type = 'web' } = client
  return {
    client_id,
    redirect_uris,
    application_type,
    ...(jwks && { jwks: jwks as { keys: JsonWebKey[] } }),
    ...(jwks_uri !== undefined && { jwks_uri }),
    token_endpoint_auth_method: 'private_key_jwt' as const,
    ...(alg !== undefined && { token_endpoint_auth_signing_alg: alg as Alg }),
    grant_types: grant_types ?? ['authorization_code', 'refresh_token'],
    response_types: ['code' as const],
    ...(scope === undefined ? {} : { scope }),
    ...(post_logout_redirect_uris === undefined ? {} : { post_logout_redirect_uris }),
  }
}

/** Its clients' keys are all that it fetches. Its own dispatcher refuses loopback addresses, which here are the only ones. */
function fetchOf(clients: IdpClient[]): NonNullable<Configuration['fetch']> {
  const allowed = new Set(clients.map(({ jwks_uri }) => jwks_uri))
  return async (url, { dispatcher: _, ...options }: RequestInit & { dispatcher?: unknown } = {}) => {
    if (!allowed.has(String(url)))
      throw new Error('the local identity provider fetches the keys of its clients alone')
    return fetch(url, options)
  }
}

/** oidc-provider refuses to start with an algorithm that this Node does not have. */
function assertionAlgs(): Alg[] {
  return (Object.keys(ALGORITHMS) as Alg[]).filter(alg => HAS_ML_DSA || ALGORITHMS[alg].kty !== 'AKP')
}

/** Consent is given by signing in: the session's grant for this client, widened to what is asked for now. */
async function grantWithoutAsking(ctx: KoaContextWithOIDC) {
  const { provider, client, account, session, requestParamOIDCScopes } = ctx.oidc
  if (!client || !account || !session) return undefined
  const id = session.grantIdFor(client.clientId)
  const found = id === undefined ? undefined : await provider.Grant.find(id)
  const grant = found ?? new provider.Grant({ clientId: client.clientId, accountId: account.accountId })
  if (requestParamOIDCScopes.size > 0) grant.addOIDCScope([...requestParamOIDCScopes].join(' '))
  await grant.save()
  return grant
}

/** prompt=consent stays a known value (OIDC Core section 3.1.2.1) but never stops anybody. */
function policy() {
  const prompts = interactionPolicy.base()
  prompts.get('consent')?.checks.clear()
  return prompts
}

function deviceView(ctx: KoaContextWithOIDC, problem?: string) {
  const xsrf = String(ctx.oidc.session?.state?.secret ?? '')
  return { action: ctx.oidc.urlFor('code_verification'), xsrf, problem }
}

function deviceProblem(error: Error): string {
  return error.name === 'AbortedError' ? 'The device was not connected.' : 'This code is not valid here.'
}

function show(ctx: KoaContextWithOIDC, html: string): void {
  ctx.type = 'html'
  ctx.body = html
}

/**
 * OIDC Core section 11 lets a server have other conditions for offline_access than prompt=consent: here, none. This is for
 * a pushed request (provider.ts does the same for one in a URL), at the last moment before its parameters are taken up.
 */
function withConsent({ oidc }: KoaContextWithOIDC): void {
  const { route, body } = oidc
  if (route !== 'pushed_authorization_request' || !body || body.prompt !== undefined) return
  if (String(body.scope).split(' ').includes('offline_access')) body.prompt = 'consent'
}

const ownTokenOnly = (_ctx: KoaContextWithOIDC, client: Client, token: { clientId?: string | undefined }) =>
  token.clientId === client.clientId

/**
 * The whole configuration of oidc-provider. `prefix` is the path of the issuer (`/<environment id>/as`), `pages`
 * the path below it of the sign-in page. Every default that would warn on the console or fetch something is
 * replaced; no two calls share state. For `refresh_grace_s` see MemoryAdapterOptions.
 */
export async function providerConfiguration(
  clients: IdpClient[],
  prefix: string,
  pages: string,
  refresh_grace_s = 0,
): Promise<Configuration> {
  const withNonce = new Set(clients.filter(client => client.require_dpop_nonce).map(c => c.client_id))
  const withoutPkce = new Set(clients.filter(client => client.require_pkce === false).map(c => c.client_id))
  const cookie = { httpOnly: true, sameSite: 'lax', signed: true } as const
  const scopes = clients.flatMap(client => client.scope?.split(' ') ?? [])

  return {
    adapter: createMemoryAdapter({ refresh_grace_s }),
    clients: clients.map(clientMetadata),
    jwks: await freshKeys(),
    routes: ROUTES,
    scopes: [...new Set(['openid', 'offline_access', 'profile', 'email', ...scopes])],
    claims: { openid: ['sub'], profile: ['name', 'preferred_username'], email: ['email', 'email_verified'] },
    responseTypes: ['code'],
    clientAuthMethods: ['private_key_jwt'],
    enabledJWA: {
      clientAuthSigningAlgValues: assertionAlgs(),
      idTokenSigningAlgValues: ['RS256', 'ES256'],
    },
    clockTolerance: CLOCK_SKEW_S,
    // RFC 7636; oidc-provider knows no other method than S256.
    pkce: { required: (_ctx, client) => !withoutPkce.has(client.clientId) },
    // RFC 6749 section 4.1.3: redirect_uri is required where the authorization request had one, and it always has.
    allowOmittingSingleRegisteredRedirectUri: false,
    assertJwtClientAuthClaimsAndHeader: (ctx, claims, _header, client) => {
      withConsent(ctx)
      const refusal = assertionRefusal(claims, client.clientId, Math.floor(Date.now() / 1000))
      if (refusal !== undefined) throw new errors.InvalidClientAuth(refusal)
    },
    // Every other cross-origin use is refused: an app in a browser needs the exchange in the middle.
    clientBasedCORS: ctx => ctx.oidc.route === 'userinfo',
    cookies: {
      keys: [randomBytes(32).toString('base64url')],
      // Cookies know no ports: the path keeps them from the other servers on this host.
      long: { ...cookie, path: prefix },
      short: cookie,
    },
    interactions: { policy: policy(), url: (_ctx, interaction) => `${prefix}${pages}/${interaction.uid}` },
    loadExistingGrant: grantWithoutAsking,
    findAccount: (_ctx, sub) => ({
      accountId: sub,
      claims: () => ({
        sub,
        name: sub,
        preferred_username: sub,
        email: sub.includes('@') ? sub : `${encodeURIComponent(sub)}@example.com`,
        email_verified: false,
      }),
    }),
    issueRefreshToken: (_ctx, client, source) =>
      client.grantTypeAllowed('refresh_token') && source.scopes.has('offline_access'),
    rotateRefreshToken: true,
    renderError: (ctx, out) => show(ctx, errorPage(out.error, out.error_description)),
    fetch: fetchOf(clients),
    features: {
      devInteractions: { enabled: false },
      // RFC 8707 is not offered: a `resource` is ignored.
      resourceIndicators: { enabled: false },
      introspection: { enabled: true, allowedPolicy: ownTokenOnly },
      revocation: { enabled: true, allowedPolicy: ownTokenOnly },
      dPoP: {
        enabled: true,
        nonceSecret: randomBytes(32),
        requireNonce: ctx => withNonce.has(ctx.oidc.client?.clientId ?? ''),
      },
      deviceFlow: {
        enabled: true,
        userCodeInputSource: (ctx, _form, _out, err) =>
          show(ctx, deviceCodePage(deviceView(ctx, err && deviceProblem(err)))),
        userCodeConfirmSource: (ctx, _form, client, _device, userCode) =>
          show(ctx, deviceConfirmPage(deviceView(ctx), client.clientId, userCode)),
        successSource: ctx =>
          show(ctx, messagePage('Device connected', 'You can close this page and go on at the device.')),
      },
      rpInitiatedLogout: {
        enabled: true,
        logoutSource: ctx =>
          show(
            ctx,
            logoutPage(ctx.oidc.urlFor('end_session_confirm'), String(ctx.oidc.session?.state?.secret)),
          ),
        postLogoutSuccessSource: ctx => show(ctx, messagePage('Signed out', 'You can close this page.')),
      },
    },
    ttl: {
      AccessToken: HOUR_S,
      AuthorizationCode: 60,
      DeviceCode: 10 * 60,
      Grant: 24 * HOUR_S,
      IdToken: HOUR_S,
      Interaction: HOUR_S,
      RefreshToken: 24 * HOUR_S,
      Session: 24 * HOUR_S,
    },
  }
}
