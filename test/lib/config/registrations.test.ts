import { describe, expect, test } from 'vitest'
import { ConfigurationError } from '../../../lib/config/problems.ts'
import { findClient, notices, parseRegistrations } from '../../../lib/config/registrations.ts'
import { ProxyError } from '../../../lib/errors.ts'
import { document, key, nativeClient, parse, problemsOf, problemsOfText, webClient } from './documents.ts'

describe('parseRegistrations', () => {
  test('a minimal PingOne client: every endpoint from its issuer, every default', () => {
    const { clients, ...rest } = parse(document(webClient()))
    const issuer = 'https://auth.pingone.eu/4c8f0d5e-env/as'
    expect(rest).toEqual({
      revision: 'r1',
      allowed_origins: new Set(['https://app.example.com']),
      credentialed_origins: new Set(),
      native: false,
    })
    expect(clients).toEqual([
      {
        client_id: 'web-client',
        provider: 'pingone',
        as: {
          issuer,
          authorization_endpoint: `${issuer}/authorize`,
          token_endpoint: `${issuer}/token`,
          revocation_endpoint: `${issuer}/revoke`,
          pushed_authorization_request_endpoint: `${issuer}/par`,
          device_authorization_endpoint: `${issuer}/device_authorization`,
          end_session_endpoint: `${issuer}/signoff`,
          jwks_uri: `${issuer}/jwks`,
        },
        signing_key: key('web-key'),
        signing_keys: [key('web-key')],
        assertion: { aud: 'issuer', typ: 'JWT', lifetime: 60, ahead: true },
        application_type: 'web',
        delivery: 'tokens',
        session_lifetime: 28_800,
        api_routes: [],
        post_logout_redirect_uris: [],
        revoke_withheld: false,
        authorization_response_iss_parameter_supported: false,
        allowed_origins: ['https://app.example.com'],
        redirect_uris: ['https://app.example.com/callback'],
        grant_types: ['authorization_code'],
        require_pkce: true,
        refresh: 'none',
        validate_id_token: true,
        enabled: true,
      },
    ])
  })

  test('a native client of another server: its endpoints and no others', () => {
    const client = parse(document(nativeClient({ scope: 'openid email', resource: ['urn:api'] }))).clients[0]!
    expect(client.as).toEqual({
      issuer: 'https://id.example.org',
      token_endpoint: 'https://id.example.org/oauth/token',
    })
    expect(client.assertion).toEqual({
      aud: 'issuer',
      typ: 'client-authentication+jwt',
      lifetime: 60,
      ahead: true,
    })
    expect(client).toMatchObject({
      application_type: 'native',
      allowed_origins: [],
      require_pkce: true,
      authorization_response_iss_parameter_supported: false,
      scope: ['openid', 'email'],
      resource: ['urn:api'],
    })
  })

  test('ASRT-4: members of the assertion override the preset one by one', () => {
    const assertion = { aud: 'https://as.example.com/x', lifetime: 30 }
    expect(parse(document(webClient({ assertion }))).clients[0]!.assertion).toEqual({
      ...assertion,
      typ: 'JWT',
      ahead: true,
    })
  })

  test('withheld refresh tokens are revoked where the registration says so', () => {
    const said = (over: object) => parse(document(webClient({ ...over }))).clients[0]!.revoke_withheld
    expect([said({ revoke_withheld: true }), said({ revoke_withheld: false }), said({})]).toEqual([
      true,
      false,
      false,
    ])
  })

  test('IDT-1: ID tokens of the one algorithm that the client is registered for', () => {
    const { clients } = parse(document(webClient({ id_token_signed_response_alg: 'ES256' })))
    expect(clients[0]!.id_token_algs).toEqual(['ES256'])
  })

  test('signing_key is the active one, the same object as in the list', () => {
    const signing_keys = [
      key('old', { state: 'retired' }),
      key('now', {}, 2),
      key('soon', { state: 'next' }, 3),
    ]
    const client = parse(document(webClient({ signing_keys }))).clients[0]!
    expect(client.signing_keys.map(({ state }) => state)).toEqual(['retired', 'active', 'next'])
    expect(client.signing_key).toBe(client.signing_keys[1])
  })

  test('origins are united over all clients, switched off ones too', () => {
    const second = webClient({
      client_id: 'second',
      enabled: false,
      allowed_origins: ['https://app.example.com', 'https://b.example.com'],
    })
    const registrations = parse(document(webClient(), second, nativeClient()))
    expect(registrations.allowed_origins).toEqual(
      new Set(['https://app.example.com', 'https://b.example.com']),
    )
    expect(registrations.native).toBe(true)
  })

  test('no clients at all', () => {
    expect(parse(document())).toEqual({
      revision: 'r1',
      clients: [],
      allowed_origins: new Set(),
      credentialed_origins: new Set(),
      native: false,
    })
  })

  test('the revision is the one that it is given', () => {
    expect(
      parseRegistrations('{"version":1,"clients":[]}', { revision: 'v7', onLambda: true }).revision,
    ).toBe('v7')
  })
})

describe('documents that are none', () => {
  test.each([
    ['', '(document)', 'is not JSON'],
    ['{"version": 1, "clients": [}', '(document)', 'is not JSON'],
    // The engine quotes what stands there: that is not a position.
    ['x (line 7 column 7)', '(document)', 'is not JSON'],
    ['[]', '(document)', 'must be a JSON object'],
    ['null', '(document)', 'must be a JSON object'],
    ['"{}"', '(document)', 'must be a JSON object'],
  ])('%j', (text, path, message) => {
    expect(problemsOfText(text)).toEqual([{ path, message }])
  })

  test('a syntax error says where, and quotes nothing', () => {
    const [problem] = problemsOfText(`{"version": 1,\n"clients": [{"client_id": "sentinel" "x"]}`)
    expect(problem).toEqual({ path: '(document)', message: 'is not JSON (line 2 column 38)' })
    expect(problemsOfText(`{${'\n'.repeat(11)}"version": 1 x}`)).toEqual([
      { path: '(document)', message: 'is not JSON (line 12 column 14)' },
    ])
  })

  test('a newer version is the one thing that is said', () => {
    expect(problemsOf({ version: 2, clients: 'whatever', routes: [] })).toEqual([
      { path: 'version', message: 'is newer than this version of Countersign, which reads version 1' },
    ])
  })
})

describe('everything at once', () => {
  const bad = () =>
    document(
      webClient({ issuer: 'http://auth.example.com', redirect_uris: ['https://app.example.com/*'] }),
      nativeClient({ client_id: 'web-client', token_endpoint: undefined, signing_keys: [key('web-key')] }),
    )

  test('the problems of each client and those between clients, each with its path', () => {
    expect(problemsOf(bad()).map(({ path }) => path)).toEqual([
      'clients[0].issuer',
      'clients[0].redirect_uris[0]',
      'clients[1].token_endpoint',
      'clients[1].client_id',
      'clients[1].signing_keys[0].kms_key_arn',
    ])
  })

  test('the message lists one problem a line', () => {
    const read = () => parse(bad())
    expect(read).toThrow(ConfigurationError)
    expect(read).toThrow(
      /^clients\[0\]\.issuer: must be https[^\n]*\nclients\[0\]\.redirect_uris\[0\]: must not [^\n]*\n/,
    )
    expect(problemsOf(bad())).toHaveLength(5)
  })
})

describe('findClient', () => {
  const both = parse(document(webClient(), nativeClient({ enabled: false })))

  test('by exact match, a switched off one too', () => {
    expect(findClient(both, 'web-client').client_id).toBe('web-client')
    expect(findClient(both, 'native-client').enabled).toBe(false)
  })

  test('the only client where none is named', () => {
    expect(findClient(parse(document(webClient())), undefined).client_id).toBe('web-client')
  })

  test.each([['Web-Client'], ['web-client '], ['web-clien'], [''], ['__proto__']])(
    '%j is not known',
    client_id => {
      expect(reasonOf(() => findClient(both, client_id))).toEqual(['client_unknown', undefined])
    },
  )

  test('none named, of two or of none: client_id is missing', () => {
    expect(reasonOf(() => findClient(both, undefined))).toEqual(['parameter_missing', 'client_id'])
    expect(reasonOf(() => findClient(parse(document()), undefined))).toEqual([
      'parameter_missing',
      'client_id',
    ])
  })

  function reasonOf(find: () => unknown): unknown {
    try {
      return find()
    } catch (error) {
      return error instanceof ProxyError ? [error.reason, error.parameter] : error
    }
  }
})

describe('notices', () => {
  test.each([
    [['authorization_code'], 'rotating', 'grant_types: lacks refresh_token'],
    [['authorization_code', 'refresh_token'], 'none', 'refresh: is none'],
    [['authorization_code', 'refresh_token'], 'rotating', undefined],
    [['authorization_code'], 'none', undefined],
  ])('TOK-1: grant_types %j with refresh %s: %s', (grant_types, refresh, expected) => {
    const said = notices(parse(document(webClient({ grant_types, refresh })))).filter(line =>
      /refresh/.test(line),
    )
    expect(said.map(line => line.startsWith(`clients[0].${expected}`))).toEqual(expected ? [true] : [])
  })

  test('IN-10: a web client without PKCE is told at start-up, by its path', () => {
    const second = webClient({ client_id: 'second', require_pkce: false })
    const lines = notices(parse(document(webClient(), second)))
    expect(lines).toEqual([expect.stringMatching(/^clients\[1\]\.require_pkce: is false/)])
    expect(lines.join()).not.toContain('second')
  })

  test('otherwise there are none', () => {
    const jwks_uri = 'https://id.example.org/keys'
    expect(notices(parse(document(webClient(), nativeClient({ jwks_uri }))))).toEqual([])
  })

  test('IDT-1: a client whose ID tokens cannot be validated is told, and one where that is meant is not', () => {
    expect(notices(parse(document(webClient(), nativeClient())))).toEqual([
      'clients[1].jwks_uri: is absent: ID tokens are passed on without being validated',
    ])
    const meant = nativeClient({ validate_id_token: false })
    expect(notices(parse(document(webClient({ validate_id_token: false }), meant)))).toEqual([])
  })
})

test('a member that stands twice is refused, at any depth: JSON.parse would keep the last in silence', () => {
  const text = JSON.stringify(document(webClient()))
  for (const twice of [
    text.replace('"client_id"', '"enabled":false,"enabled":true,"client_id"'),
    text.replace('"alg"', '"state":"next","state":"active","alg"').replace(/,"state":"active"}/, '}'),
  ]) {
    expect(() => parseRegistrations(twice, { revision: 'r', onLambda: true })).toThrow('has a member twice')
  }
})
