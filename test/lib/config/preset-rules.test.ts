import { describe, expect, test } from 'vitest'
import { presetProblems } from '../../../lib/config/preset-rules.ts'
import { PRESETS, type Preset, type Provider } from '../../../lib/config/presets.ts'
import { notices } from '../../../lib/config/registrations.ts'
import { ALGORITHMS } from '../../../lib/jose/algorithms.ts'
import { document, ecJwk, key, okpJwk, parse, problemsOf, webClient } from './documents.ts'

const CURVES: Record<string, number> = { 'P-256': 32, 'P-384': 48, 'P-521': 66 }
const X5T = 'A'.repeat(43)

/** A key of that algorithm, whose public half is only asked for its shape. `state` may be another one. */
function keyOf(alg: string, over: Record<string, unknown> = {}) {
  const needs: { kty: string; crv?: string } = ALGORITHMS[alg as keyof typeof ALGORITHMS]
  const size = CURVES[needs.crv ?? '']
  const jwk = size ? ecJwk(needs.crv!, size) : needs.kty === 'OKP' ? okpJwk() : undefined
  return key('k1', { alg, ...(jwk && { public_jwk: jwk }), ...over })
}

/** A client of that provider for which nothing is missing. */
function clientOf(provider: string, alg: string, over: Record<string, unknown> = {}) {
  const issuer = 'https://id.example.org/as'
  const signing_keys = [keyOf(alg, provider === 'entra' ? { 'x5t#S256': X5T } : {})]
  const given = { issuer, token_endpoint: `${issuer}/token`, jwks_uri: `${issuer}/jwks` }
  return webClient({ provider, ...given, signing_keys, ...over })
}

const ALGS = Object.keys(ALGORITHMS).filter(alg => /^(?:RS|PS|ES|Ed)/.test(alg))

describe('ASRT-13: an algorithm that the provider does not take is an error, where that is documented', () => {
  const documented = {
    okta: ['RS256', 'RS384', 'RS512', 'ES256', 'ES384', 'ES512'],
    'login.gov': ['RS256'],
    'govuk-one-login': ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'],
    'ibm-verify': ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'],
    fapi2: ['PS256', 'ES256', 'EdDSA', 'Ed25519'],
  }

  test('these, and no others', () => {
    const restricted = Object.entries(PRESETS as Record<string, Preset>).filter(([, { algs }]) => algs)
    expect(Object.fromEntries(restricted.map(([name, { algs }]) => [name, algs]))).toEqual(documented)
  })

  const matrix = Object.keys(PRESETS).flatMap(provider => ALGS.map(alg => ({ provider, alg })))
  test.each(matrix)('ASRT-14: $provider with $alg', ({ provider, alg }) => {
    const taken = (documented as Record<string, string[]>)[provider]
    const expected =
      taken === undefined || taken.includes(alg)
        ? []
        : [
            {
              path: 'clients[0].signing_keys[0].alg',
              message: `must be one that this provider takes: ${taken.join(', ')}`,
            },
          ]
    expect(problemsOf(document(clientOf(provider, alg)))).toEqual(expected)
  })

  test('a key that is to sign next is held to it, a retired one is not', () => {
    const keys = (state: string) => [
      keyOf('PS256'),
      keyOf('RS256', { kms_key_arn: keyOf('RS256').kms_key_arn.replace('k1', 'k2'), state }),
    ]
    const problems = (state: string) =>
      presetProblems(document(clientOf('fapi2', 'PS256', { signing_keys: keys(state) })))
    expect(problems('next').map(({ path }) => path)).toEqual(['clients[0].signing_keys[1].alg'])
    expect(problems('retired')).toEqual([])
  })

  test.each(['HS256', 'none', 7, undefined])('alg %j is the problem of the schema alone', alg => {
    const signing_keys = [{ ...keyOf('RS256'), alg }]
    expect(presetProblems(document(clientOf('fapi2', 'PS256', { signing_keys })))).toEqual([])
  })
})

describe('what a registration cannot change', () => {
  const of = (provider: string, alg: string, over: Record<string, unknown>) =>
    problemsOf(document(clientOf(provider, alg, over)))

  test('ASRT-14: fapi2: aud is the issuer, and PKCE is always required', () => {
    expect(
      of('fapi2', 'PS256', { assertion: { aud: 'token_endpoint', typ: 'JWT' }, require_pkce: false }),
    ).toEqual([
      { path: 'clients[0].assertion.aud', message: 'must be "issuer" for this provider' },
      { path: 'clients[0].require_pkce', message: 'must be true for this provider' },
    ])
    expect(of('fapi2', 'PS256', { assertion: { aud: 'issuer' }, require_pkce: true })).toEqual([])
  })

  test('IDT-3: fapi2: every authorization response has iss', () => {
    const member = 'authorization_response_iss_parameter_supported'
    expect(of('fapi2', 'PS256', { [member]: false })).toEqual([
      { path: `clients[0].${member}`, message: 'must be true for this provider' },
    ])
    expect(of('fapi2', 'PS256', { [member]: true })).toEqual([])
    expect(of('generic', 'PS256', { [member]: false })).toEqual([])
  })

  test('ASRT-15: smart: typ is JWT and aud the token endpoint', () => {
    expect(of('smart', 'ES384', { assertion: { aud: 'issuer', typ: 'client-authentication+jwt' } })).toEqual([
      { path: 'clients[0].assertion.aud', message: 'must be "token_endpoint" for this provider' },
      { path: 'clients[0].assertion.typ', message: 'must be "JWT" for this provider' },
    ])
  })

  test('elsewhere both can be set, and PKCE left out', () => {
    const over = { assertion: { aud: 'issuer', typ: 'client-authentication+jwt' }, require_pkce: false }
    expect(of('okta', 'RS256', over)).toEqual([])
  })
})

describe('x5t#S256', () => {
  const path = 'clients[0].signing_keys[0].x5t#S256'

  test('is required for entra, and problems are listed with those of the shape', () => {
    const client = clientOf('entra', 'PS256', { signing_keys: [keyOf('PS256')], client_id: '' })
    const problems = problemsOf(document(client))
    expect(problems.map(problem => problem.path)).toEqual(['clients[0].client_id', path])
    expect(problems[1]!.message).toBe('is required: this provider finds the key by its certificate')
  })

  test('elsewhere it may be there', () => {
    const signing_keys = [keyOf('RS256', { 'x5t#S256': X5T })]
    const registrations = parse(document(clientOf('generic', 'RS256', { signing_keys })))
    expect(registrations.clients[0]!.signing_key['x5t#S256']).toBe(X5T)
  })

  test.each([
    ['hex', 'ab'.repeat(32)],
    ['SHA-1', 'A'.repeat(27)],
    ['padding', `${X5T}=`],
    ['base64', `+${X5T.slice(1)}`],
    ['bits after the end', `${X5T.slice(1)}B`],
    ['nothing', ''],
  ])('%s is refused, and its text is not shown', (_, hash) => {
    const signing_keys = [keyOf('PS256', { 'x5t#S256': hash })]
    expect(problemsOf(document(clientOf('entra', 'PS256', { signing_keys })))).toEqual([
      { path, message: expect.stringContaining('43 characters (RFC 7517 section 4.9)') },
    ])
  })
})

describe('PRESET-2: what is unconfirmed is said at start-up', () => {
  const noticed = (provider: Provider, alg: string, over: Record<string, unknown> = {}) =>
    notices(parse(document(clientOf(provider, alg, over))))
  const unconfirmed = (known: string) =>
    `clients[0].signing_keys[0].alg: is unconfirmed for this provider, unlike ${known}`

  test.each([
    ['pingone', 'RS256, RS384, RS512', 'https://auth.pingone.eu/env/as'],
    ['auth0', 'RS256, RS384, PS256', 'https://example.eu.auth0.com/'],
    ['entra', 'PS256', 'https://login.microsoftonline.com/tenant/v2.0'],
    ['smart', 'RS384, ES384', 'https://ehr.example.org'],
  ] as const)('%s: another algorithm than %s', (provider, known, issuer) => {
    for (const alg of ALGS) {
      const expected = known.split(', ').includes(alg) ? [] : [unconfirmed(known)]
      expect(noticed(provider, alg, { issuer }), alg).toEqual(expected)
    }
  })

  test('no other preset leaves algorithms open', () => {
    const open = Object.entries(PRESETS as Record<string, Preset>).filter(
      ([, preset]) => preset.confirmed_algs,
    )
    expect(open.map(([name]) => name)).toEqual(['pingone', 'auth0', 'entra', 'smart'])
  })

  test('a retired key is not spoken of', () => {
    const signing_keys = [key('k2', {}, 2), keyOf('ES256', { state: 'retired' })]
    expect(noticed('pingone', 'RS256', { signing_keys })).toEqual([])
  })

  test('ibm-verify: the audience, unless the registration has another', () => {
    expect(noticed('ibm-verify', 'RS256')).toEqual([
      'clients[0].assertion.aud: is unconfirmed for this provider: the documentation names the issuer, its example the token endpoint',
    ])
    expect(noticed('ibm-verify', 'RS256', { assertion: { aud: 'token_endpoint' } })).toEqual([])
  })

  test.each([
    ['pingone', '/as', 'https://login.example.com'],
    ['auth0', '/', 'https://example.eu.auth0.com'],
    ['entra', '/v2.0', 'https://login.microsoftonline.com/tenant'],
  ] as const)('%s: an issuer that does not end in %s is taken, and noticed', (provider, end, issuer) => {
    const alg = provider === 'entra' ? 'PS256' : 'RS256'
    const line = `clients[0].issuer: does not end in ${end}, as this provider's issuers do`
    expect(noticed(provider, alg, { issuer })).toEqual([line])
    expect(noticed(provider, alg, { issuer: issuer + end })).toEqual([])
  })

  test('a slash after the end is no other end', () => {
    expect(noticed('pingone', 'RS256', { issuer: 'https://auth.pingone.eu/env/as/' })).toEqual([])
  })
})

test.each([
  [{}],
  [{ clients: 'x' }],
  [{ clients: [null, {}, { provider: 'constructor', signing_keys: [{}] }] }],
  [{ clients: [{ provider: 'fapi2', signing_keys: 'x', assertion: [], require_pkce: 'no' }] }],
  [{ clients: [{ provider: 'fapi2', signing_keys: [null, 1], assertion: { aud: 1 } }] }],
])('what does not have the right type is passed over: %j', raw => {
  expect(presetProblems(raw)).toEqual([])
})
