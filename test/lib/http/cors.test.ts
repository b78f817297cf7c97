import { describe, expect, test } from 'vitest'
import type { ProxyError } from '../../../lib/errors.ts'
import { decideCors, type OriginPolicy, requireOrigin, VARY } from '../../../lib/http/cors.ts'

const ORIGIN = 'https://app.example.com'
const web: OriginPolicy = {
  allowed_origins: new Set([ORIGIN, 'https://other.example.com:8443']),
  credentialed_origins: new Set(),
  native: false,
}
const native: OriginPolicy = { ...web, native: true }

/** Requirement CORS-1, and what else looks like an allowed origin. */
const FOREIGN = [
  'https://app.example.com.evil.com',
  'https://evil-app.example.com',
  'https://evil.app.example.com',
  'https://example.com',
  'http://app.example.com',
  'https://app.example.com:443',
  'https://app.example.com:8443',
  'https://app.example.com/',
  'https://app.example.com/path',
  'https://APP.example.com',
  'HTTPS://app.example.com',
  'https://app.example.com.',
  ' https://app.example.com',
  'https://app.example.com ',
  'https://user@app.example.com',
  'https://app.example.com https://other.example.com:8443',
  'https://app.example.com, https://other.example.com:8443',
  'https://app.example.com,https://app.example.com',
  'null',
  'NULL',
  '*',
  '',
  '__proto__',
  'https://аpp.example.com',
]

describe('CORS-1, CORS-2: the origin', () => {
  test.each(FOREIGN)('%j is refused, whatever the method and whoever else may come', origin => {
    for (const policy of [web, native]) {
      for (const method of ['POST', 'OPTIONS', 'GET']) {
        expect(decideCors(method, origin, policy)).toEqual({ kind: 'refused', reason: 'origin_refused' })
      }
    }
  })

  test.each([ORIGIN, 'https://other.example.com:8443'])('%s passes and is named', origin => {
    expect(decideCors('POST', origin, web)).toEqual({
      kind: 'passed',
      headers: {
        'access-control-allow-origin': origin,
        'access-control-expose-headers': 'DPoP-Nonce, Retry-After, X-Request-Id',
        vary: 'Origin',
      },
    })
  })

  test('with no client at all every origin is foreign', () => {
    const nobody: OriginPolicy = {
      allowed_origins: new Set(),
      credentialed_origins: new Set(),
      native: false,
    }
    expect(decideCors('OPTIONS', ORIGIN, nobody)).toEqual({ kind: 'refused', reason: 'origin_refused' })
  })
})

describe('CORS-4: no Origin', () => {
  test.each(['POST', 'OPTIONS', 'GET'])('%s is refused, unless some client is native', method => {
    expect(decideCors(method, undefined, web)).toEqual({ kind: 'refused', reason: 'origin_missing' })
    expect(decideCors(method, undefined, native)).toEqual({ kind: 'passed', headers: { vary: 'Origin' } })
  })
})

describe('CORS-8: cookies', () => {
  const policy: OriginPolicy = { ...web, credentialed_origins: new Set([ORIGIN]) }
  const headersOf = (method: string, origin: string) => {
    const decision = decideCors(method, origin, policy)
    return decision.kind === 'refused' ? {} : decision.headers
  }

  test.each(['POST', 'OPTIONS'])('%s: may come along from the origins of clients that have some', method => {
    expect(headersOf(method, ORIGIN)['access-control-allow-credentials']).toBe('true')
    expect(headersOf(method, 'https://other.example.com:8443')).not.toHaveProperty(
      'access-control-allow-credentials',
    )
  })

  test('and only there the preflight has X-CSRF', () => {
    expect(headersOf('OPTIONS', ORIGIN)['access-control-allow-headers']).toBe('content-type, dpop, x-csrf')
    expect(headersOf('OPTIONS', 'https://other.example.com:8443')['access-control-allow-headers']).toBe(
      'content-type, dpop',
    )
  })
})

describe('the headers', () => {
  test('CORS-6, CORS-12: a preflight', () => {
    expect(decideCors('OPTIONS', ORIGIN, web)).toEqual({
      kind: 'preflight',
      headers: {
        'access-control-allow-origin': ORIGIN,
        'access-control-allow-methods': 'POST',
        'access-control-allow-headers': 'content-type, dpop',
        'access-control-max-age': '7200',
        vary: 'Origin, Access-Control-Request-Method, Access-Control-Request-Headers',
      },
    })
  })

  test.each(['POST', 'OPTIONS', 'GET', 'options', ''])(
    'CORS-5, CORS-7, CORS-8: %j varies by Origin, has no wildcard and no credentials',
    method => {
      for (const origin of [ORIGIN, undefined]) {
        const decision = decideCors(method, origin, native)
        if (decision.kind === 'refused') throw new Error('refused')
        expect(decision.headers.vary).toMatch(/^Origin\b/)
        expect(decision.headers).not.toHaveProperty('access-control-allow-credentials')
        expect(Object.values(decision.headers).join()).not.toContain('*')
      }
    },
  )

  test('CORS-5: what goes on a refusal', () => {
    expect(VARY).toEqual({ vary: 'Origin' })
  })
})

describe('CORS-3: the client that the request names', () => {
  const app = { application_type: 'web' as const, allowed_origins: [ORIGIN] }
  const phone = { application_type: 'native' as const, allowed_origins: [] }
  const outcome = (origin: string | undefined, client: typeof app | typeof phone) => {
    try {
      requireOrigin(origin, client)
      return 'passed'
    } catch (error) {
      return (error as ProxyError).reason
    }
  }

  test.each([
    ['its own origin', ORIGIN, app, 'passed'],
    ['an origin of another client', 'https://other.example.com:8443', app, 'origin_refused'],
    ['no origin, for a web client', undefined, app, 'origin_missing'],
    ['no origin, for a native client', undefined, phone, 'passed'],
    ['a browser that names a native client', ORIGIN, phone, 'origin_refused'],
    ['null for a native client', 'null', phone, 'origin_refused'],
  ] as const)('%s', (_, origin, client, expected) => {
    expect(outcome(origin, client)).toBe(expected)
  })

  test.each(FOREIGN)('%j is no origin of it', origin => {
    expect(outcome(origin, app)).toBe('origin_refused')
  })
})
