import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ACCOUNT, document, ecJwk, key, nativeClient, parse, problemsOf, webClient } from './documents.ts'

describe('ASRT-3: URLs stay as they are', () => {
  // URLs as people write them: upper case, ports (the default one too), trailing slashes, percent signs, dots.
  const host = fc.stringMatching(/^[a-zA-Z]([a-zA-Z0-9-]{0,10}[a-zA-Z0-9])?(\.[a-zA-Z]{2,6}){1,2}$/)
  const port = fc.constantFrom('', ':443', ':8443', ':080')
  const path = fc.stringMatching(/^(\/([A-Za-z0-9._~-]|%2F|%7e|\/|\.\.){0,20})?$/)
  const url = fc.tuple(host, port, path).map(parts => `https://${parts.join('')}`)

  test('ASRT-3: issuer and endpoints are reproduced byte for byte', () => {
    fc.assert(
      fc.property(url, url, url, fc.constantFrom('pingone', 'generic'), (issuer, token, jwks, provider) => {
        const given = { provider, issuer, token_endpoint: `${token}?t=1`, jwks_uri: jwks }
        const { as } = parse(document(webClient(given))).clients[0]!
        expect(as.issuer).toBe(issuer)
        expect(as.token_endpoint).toBe(`${token}?t=1`)
        expect(as.jwks_uri).toBe(jwks)
      }),
    )
  })

  test('ASRT-3: what is derived is the issuer, byte for byte, and the path, with one slash between', () => {
    fc.assert(
      fc.property(url, issuer => {
        const { as } = parse(document(webClient({ issuer }))).clients[0]!
        expect(as.token_endpoint).toBe(issuer.endsWith('/') ? `${issuer}token` : `${issuer}/token`)
      }),
    )
  })
})

describe('a full document, changed in one place', () => {
  const full = () =>
    document(
      webClient({
        token_endpoint: 'https://auth.pingone.eu/t',
        jwks_uri: 'https://auth.pingone.eu/j',
        assertion: { aud: 'issuer', typ: 'JWT', lifetime: 60, ahead: true },
        grant_types: ['authorization_code', 'refresh_token'],
        scope: 'openid',
        resource: ['urn:api'],
        delivery: 'tokens',
        require_pkce: true,
        refresh: 'none',
        enabled: true,
        application_type: 'web',
      }),
      nativeClient({
        signing_keys: [key('n', { alg: 'ES256', kid: 'kid-1', public_jwk: ecJwk('P-256', 32) })],
      }),
    )

  function places(value: unknown, at: (string | number)[] = []): (string | number)[][] {
    if (typeof value !== 'object' || value === null) return [at]
    const entries = Array.isArray(value) ? [...value.entries()] : Object.entries(value)
    return [at, ...entries.flatMap(([name, item]) => places(item, [...at, name]))]
  }

  function put(value: ReturnType<typeof full>, at: (string | number)[], what: unknown): unknown {
    if (at.length === 0) return what
    let parent = value
    for (const name of at.slice(0, -1)) parent = parent[name]
    parent[at.at(-1)!] = what
    return value
  }

  const SENTINELS = [
    `arn:aws:kms:eu-west-1:${ACCOUNT}:key/sentinel`,
    ACCOUNT,
    'sentinel-client',
    'https://sentinel.example/#',
  ]

  test('no value of the document is in a path or a message, wherever it is misplaced', () => {
    let refused = 0
    for (const sentinel of SENTINELS) {
      const wrongs = [sentinel, [sentinel], { [sentinel]: sentinel }, [{ [sentinel]: 1 }], Number(ACCOUNT)]
      for (const place of places(full())) {
        for (const wrong of wrongs) {
          const problems = problemsOf(put(full(), place, wrong))
          if (problems.length > 0) refused++
          expect(JSON.stringify(problems)).not.toMatch(/sentinel|111122223333/)
        }
      }
    }
    expect(problemsOf(full())).toEqual([])
    expect(refused).toBeGreaterThan(500)
  })

  test('an error carries the problems and nothing else that a serialiser would print', () => {
    try {
      parse(document(webClient({ client_id: '', issuer: `https://${ACCOUNT}.example/#` })))
      expect.unreachable()
    } catch (error) {
      expect(
        JSON.stringify(
          error,
          Object.getOwnPropertyNames(error).filter(name => name !== 'stack'),
        ),
      ).not.toContain(ACCOUNT)
      expect((error as Error).cause).toBeUndefined()
    }
  })

  test('any JSON value, anywhere, is either taken or refused with problems', () => {
    const spots = places(full())
    fc.assert(
      fc.property(fc.constantFrom(...spots), fc.jsonValue(), (place, wrong) => {
        const value = put(full(), place, wrong)
        for (const problem of problemsOf(value)) {
          expect(problem.path).not.toBe('')
          expect(problem.message).toMatch(/^(must |is |names |does not )/)
        }
      }),
      { numRuns: 500 },
    )
  })

  test('every member is checked: a string put in the place of any other is refused', () => {
    for (const place of places(full())) {
      expect(problemsOf(put(full(), place, '\u0000')).length, place.join('.')).toBeGreaterThan(0)
    }
  })
})
