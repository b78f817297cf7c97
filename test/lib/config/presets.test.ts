import { describe, expect, test } from 'vitest'
import { PRESETS, type Preset, presetOf } from '../../../lib/config/presets.ts'
import { authorizationServer } from '../../../lib/config/providers.ts'
import { TOKENS, testFunction } from '../../support/function.ts'
import { GOLDEN_CASES, goldenClient, goldenEvent } from '../../support/golden.ts'
import { decode } from '../../support/keys.ts'
import { document, problemsOf } from './documents.ts'

const table: [string, Preset][] = Object.entries(PRESETS)

describe('the table', () => {
  test('ASRT-2, ASRT-15: aud and typ of each', () => {
    expect(Object.fromEntries(table.map(([name, { assertion }]) => [name, assertion]))).toEqual({
      pingone: { aud: 'issuer', typ: 'JWT' },
      'pingone-aic': { aud: 'token_endpoint', typ: 'JWT' },
      pingam: { aud: 'token_endpoint', typ: 'JWT' },
      okta: { aud: 'request_endpoint', typ: 'JWT' },
      auth0: { aud: 'issuer', typ: 'JWT' },
      entra: { aud: 'token_endpoint', typ: 'JWT', nbf: true, kid: false },
      keycloak: { aud: 'issuer', typ: 'JWT' },
      'login.gov': { aud: 'token_endpoint', typ: 'JWT' },
      'govuk-one-login': { aud: 'token_endpoint', typ: 'JWT' },
      smart: { aud: 'token_endpoint', typ: 'JWT' },
      'ibm-verify': { aud: 'issuer', typ: 'JWT' },
      generic: { aud: 'issuer', typ: 'client-authentication+jwt' },
      fapi2: { aud: 'issuer', typ: 'client-authentication+jwt' },
    })
  })

  test.each([
    ['pingone', true],
    ['login.gov', true],
    ['toString', false],
    ['', false],
    [undefined, false],
    [1, false],
  ])('presetOf(%j) is known: %j', (name, known) => {
    expect(presetOf(name) !== undefined).toBe(known)
  })
})

// Every endpoint by its path, from the issuer as the provider's own discovery document has it.
describe('ASRT-5: what follows from the issuer', () => {
  const derived = (preset: Preset, issuer: string) => {
    const { issuer: same, ...endpoints } = authorizationServer(preset, { issuer })
    expect(same).toBe(issuer)
    return endpoints
  }

  test.each(['com', 'eu', 'ca', 'asia', 'com.au', 'sg'])('PingOne in the region .%s', region => {
    const issuer = `https://auth.pingone.${region}/5f3c1a2b-0000-4000-8000-000000000000/as`
    expect(derived(PRESETS.pingone, issuer)).toEqual({
      authorization_endpoint: `${issuer}/authorize`,
      token_endpoint: `${issuer}/token`,
      revocation_endpoint: `${issuer}/revoke`,
      pushed_authorization_request_endpoint: `${issuer}/par`,
      device_authorization_endpoint: `${issuer}/device_authorization`,
      end_session_endpoint: `${issuer}/signoff`,
      jwks_uri: `${issuer}/jwks`,
    })
  })

  test('PingOne under a custom domain', () => {
    const { token_endpoint } = derived(PRESETS.pingone, 'https://login.example.com/as')
    expect(token_endpoint).toBe('https://login.example.com/as/token')
  })

  test.each([
    ['pingone-aic', 'https://openam-x.forgeblocks.com:443/am/oauth2/realms/root/realms/alpha'],
    ['pingam', 'https://am.example.com:8443/am/oauth2'],
  ] as const)('%s', (name, issuer) => {
    expect(derived(PRESETS[name], issuer)).toEqual({
      authorization_endpoint: `${issuer}/authorize`,
      token_endpoint: `${issuer}/access_token`,
      revocation_endpoint: `${issuer}/token/revoke`,
      pushed_authorization_request_endpoint: `${issuer}/par`,
      device_authorization_endpoint: `${issuer}/device/code`,
      end_session_endpoint: `${issuer}/connect/endSession`,
      jwks_uri: `${issuer}/connect/jwk_uri`,
    })
  })

  test.each([
    ['a custom authorization server', 'https://example.okta.com/oauth2/default', ''],
    ["the org's own", 'https://example.okta.com', '/oauth2'],
  ])('Okta, %s', (_, issuer, between) => {
    expect(derived(PRESETS.okta, issuer)).toEqual({
      authorization_endpoint: `${issuer}${between}/v1/authorize`,
      token_endpoint: `${issuer}${between}/v1/token`,
      revocation_endpoint: `${issuer}${between}/v1/revoke`,
      pushed_authorization_request_endpoint: `${issuer}${between}/v1/par`,
      device_authorization_endpoint: `${issuer}${between}/v1/device/authorize`,
      end_session_endpoint: `${issuer}${between}/v1/logout`,
      jwks_uri: `${issuer}${between}/v1/keys`,
    })
  })

  test('Auth0', () => {
    expect(derived(PRESETS.auth0, 'https://example.eu.auth0.com/')).toEqual({
      authorization_endpoint: 'https://example.eu.auth0.com/authorize',
      token_endpoint: 'https://example.eu.auth0.com/oauth/token',
      revocation_endpoint: 'https://example.eu.auth0.com/oauth/revoke',
      pushed_authorization_request_endpoint: 'https://example.eu.auth0.com/oauth/par',
      device_authorization_endpoint: 'https://example.eu.auth0.com/oauth/device/code',
      end_session_endpoint: 'https://example.eu.auth0.com/oidc/logout',
      jwks_uri: 'https://example.eu.auth0.com/.well-known/jwks.json',
    })
  })

  test.each(['login.microsoftonline.com', 'login.microsoftonline.us'])('Entra ID at %s', host => {
    const tenant = `https://${host}/5f3c1a2b-0000-4000-8000-000000000000`
    expect(derived(PRESETS.entra, `${tenant}/v2.0`)).toEqual({
      authorization_endpoint: `${tenant}/oauth2/v2.0/authorize`,
      token_endpoint: `${tenant}/oauth2/v2.0/token`,
      device_authorization_endpoint: `${tenant}/oauth2/v2.0/devicecode`,
      end_session_endpoint: `${tenant}/oauth2/v2.0/logout`,
      jwks_uri: `${tenant}/discovery/v2.0/keys`,
    })
  })

  test('Keycloak', () => {
    const issuer = 'https://sso.example.com/realms/staff'
    expect(derived(PRESETS.keycloak, issuer)).toEqual({
      authorization_endpoint: `${issuer}/protocol/openid-connect/auth`,
      token_endpoint: `${issuer}/protocol/openid-connect/token`,
      revocation_endpoint: `${issuer}/protocol/openid-connect/revoke`,
      pushed_authorization_request_endpoint: `${issuer}/protocol/openid-connect/ext/par/request`,
      device_authorization_endpoint: `${issuer}/protocol/openid-connect/auth/device`,
      end_session_endpoint: `${issuer}/protocol/openid-connect/logout`,
      jwks_uri: `${issuer}/protocol/openid-connect/certs`,
    })
  })

  test.each(['https://secure.login.gov/', 'https://idp.int.identitysandbox.gov/'])(
    'Login.gov, %s',
    issuer => {
      expect(derived(PRESETS['login.gov'], issuer)).toEqual({
        authorization_endpoint: `${issuer}openid_connect/authorize`,
        token_endpoint: `${issuer}api/openid_connect/token`,
        end_session_endpoint: `${issuer}openid_connect/logout`,
        jwks_uri: `${issuer}api/openid_connect/certs`,
      })
    },
  )

  test('GOV.UK One Login', () => {
    expect(derived(PRESETS['govuk-one-login'], 'https://oidc.account.gov.uk/')).toEqual({
      authorization_endpoint: 'https://oidc.account.gov.uk/authorize',
      token_endpoint: 'https://oidc.account.gov.uk/token',
      end_session_endpoint: 'https://oidc.account.gov.uk/logout',
      jwks_uri: 'https://oidc.account.gov.uk/.well-known/jwks.json',
    })
  })

  test.each(['smart', 'ibm-verify', 'generic', 'fapi2'] as const)('%s: nothing', name => {
    const given = { issuer: 'https://id.example.org', token_endpoint: 'https://id.example.org/t' }
    expect(authorizationServer(PRESETS[name], given)).toEqual(given)
    const client = goldenClient(GOLDEN_CASES.find(golden => golden.name === name)!, {
      token_endpoint: undefined,
    })
    expect(problemsOf(document(client))).toEqual([
      { path: 'clients[0].token_endpoint', message: 'is required' },
    ])
  })
})

describe.each(GOLDEN_CASES)('PRESET-3: $name loosens nothing', golden => {
  const preset = PRESETS[golden.name as keyof typeof PRESETS] as Preset

  test('a preset has a say in these matters and no others', () => {
    const { assertion, paths, response_members = [], ...others } = preset
    expect(Object.keys(assertion).filter(name => !['aud', 'typ', 'nbf', 'kid'].includes(name))).toEqual([])
    const known = [
      'issuer_end',
      'base',
      'fixed',
      'algs',
      'id_token_algs',
      'confirmed_algs',
      'unconfirmed_aud',
      'certificate',
      'pkce',
      'iss',
    ]
    expect(Object.keys(others).filter(name => !known.includes(name))).toEqual([])
    // REQ-3: under the issuer's own origin, whatever that is.
    for (const path of Object.values(paths)) expect(path).toMatch(/^\/[\w./-]+$/)
    // TOK-1: nor a way around what is decided about the usual members.
    expect(response_members).not.toContain('refresh_token')
  })

  test('ASRT-2, ASRT-10: aud is one string, and each request has a jti of its own', async () => {
    const fn = testFunction(goldenClient(golden, { assertion: { ahead: false } }))
    for (let n = 0; n < 3; n++) await fn.handler(goldenEvent(golden))
    const claims = fn.sent.map(({ form }) => decode(form.get('client_assertion')!).claims)
    for (const { aud } of claims) expect(typeof aud).toBe('string')
    expect(new Set(claims.map(({ jti }) => jti)).size).toBe(3)
  })

  test('REQ-4: an issuer or an endpoint without TLS is refused', () => {
    const plain = { issuer: 'http://id.example.org', token_endpoint: 'http://id.example.org/token' }
    expect(problemsOf(document(goldenClient(golden, plain)), true).map(({ path }) => path)).toEqual([
      'clients[0].issuer',
      'clients[0].token_endpoint',
    ])
  })

  test('REQ-5: a redirect is the end', async () => {
    const fn = testFunction(goldenClient(golden))
    fn.answer = { ...TOKENS, status: 307, headers: { location: 'https://evil.example/token' } }
    expect((await fn.handler(goldenEvent(golden))).statusCode).toBe(502)
    expect(fn.sent.map(({ url }) => url)).toEqual([golden.request.url])
  })

  test.each([
    'client_credentials',
    'password',
    'urn:ietf:params:oauth:grant-type:jwt-bearer',
    'urn:ietf:params:oauth:grant-type:saml2-bearer',
    'urn:openid:params:grant-type:ciba',
    'refresh_token',
  ])('IN-8: %s is refused before anything is signed', async grant_type => {
    const fn = testFunction(goldenClient(golden))
    const { statusCode } = await fn.handler(goldenEvent(golden, { grant_type, refresh_token: 'rt-1' }))
    expect([statusCode, fn.signed, fn.sent.length]).toEqual([400, 0, 0])
  })
})
