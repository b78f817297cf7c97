import { describe, expect, test } from 'vitest'
import {
  audienceProblem,
  endpointProblem,
  isLoopback,
  issuerProblem,
  nativeRedirectProblem,
  originProblem,
  resourceProblem,
  webRedirectProblem,
} from '../../../lib/config/urls.ts'
import { URL_MAX } from '../../../lib/limits.ts'

const HTTPS_ONLY = 'must be https (http is for loopback hosts only, and never on Lambda)'
const SPELL = 'must spell its host plainly: a name, or an IP address in its usual form'

describe('isLoopback', () => {
  test.each(['127.0.0.1', '[::1]', 'localhost', 'app.example.localhost', 'localhost.'])('%s is', host => {
    expect(isLoopback(host)).toBe(true)
  })
  test.each([
    '127.0.0.2',
    '0.0.0.0',
    '[::]',
    '[::ffff:7f00:1]',
    'notlocalhost',
    'localhost.example.com',
    '.localhost',
  ])('%s is not', host => {
    expect(isLoopback(host)).toBe(false)
  })
})

describe('endpointProblem', () => {
  test.each([
    'https://id.example.com/token',
    'https://ID.Example.com/Token',
    'https://id.example.com:8443/token?tenant=1&x=%20',
    'https://id.example.com:443/token',
    'https://xn--bcher-kva.example/token',
    'https://a_b.example.com',
    'https://id.example.com/a/../b',
  ])('%s is taken, on Lambda too', url => {
    expect(endpointProblem(url, true)).toBeUndefined()
    expect(endpointProblem(url, false)).toBeUndefined()
  })

  test.each([
    'http://127.0.0.1:9000/token',
    'http://[::1]:9000/token',
    'http://localhost/token',
    'http://idp.localhost:1/token',
    'https://127.0.0.1/token',
    'https://localhost:8443/token',
  ])('REQ-3: loopback %s is taken, but not on Lambda', url => {
    expect(endpointProblem(url, false)).toBeUndefined()
    expect(endpointProblem(url, true)).toBe('must not be a loopback host on Lambda')
  })

  test.each([
    ['http://id.example.com/token', HTTPS_ONLY],
    ['http://10.0.0.1/token', HTTPS_ONLY],
    ['http://localhost.example.com/token', HTTPS_ONLY],
    ['https://10.0.0.1/token', 'must name its host: an IP address is taken for loopback only'],
    ['https://169.254.169.254/latest', 'must name its host: an IP address is taken for loopback only'],
    ['https://127.0.0.2/token', 'must name its host: an IP address is taken for loopback only'],
    ['https://0.0.0.0/token', 'must name its host: an IP address is taken for loopback only'],
    ['https://[2001:db8::1]/token', 'must name its host: an IP address is taken for loopback only'],
    ['https://[::ffff:7f00:1]/token', 'must name its host: an IP address is taken for loopback only'],
    // every way of writing an IPv4 address that the URL parser knows
    ['https://2130706433/token', SPELL],
    ['https://0x7f.1/token', SPELL],
    ['https://0x7f000001/token', SPELL],
    ['https://127.1/token', SPELL],
    ['https://0177.0.0.1/token', SPELL],
    ['https://127.0.0.1./token', SPELL],
    ['https://10.0.1/token', SPELL],
    ['https://%31%30.0.0.1/token', SPELL],
    ['https://[0:0:0:0:0:0:0:1]/token', SPELL],
    ['https://[::127.0.0.1]/token', SPELL],
    ['https://1%2e1/token', SPELL],
    ['https://id.example.com:/token', SPELL],
    ['https://id.%65xample.com/token', SPELL],
    ['https://*.example.com/token', SPELL],
    ['https://user@id.example.com/token', 'must not carry user information'],
    ['https://user:pass@id.example.com/token', 'must not carry user information'],
    ['https://@id.example.com/token', 'must not carry user information'],
    ['https://id.example.com/token#', 'must not have a fragment'],
    ['https://id.example.com/token#x', 'must not have a fragment'],
    ['https://id.example.com/to ken', 'must hold only the characters of a URI (RFC 3986 section 2)'],
    ['https://id.exa\tmple.com/token', 'must hold only the characters of a URI (RFC 3986 section 2)'],
    ['https://id.example.com/token\n', 'must hold only the characters of a URI (RFC 3986 section 2)'],
    ['https://id.example.com\\token', 'must hold only the characters of a URI (RFC 3986 section 2)'],
    ['https://bücher.example/token', 'must hold only the characters of a URI (RFC 3986 section 2)'],
    ['https://１２７.0.0.1/token', 'must hold only the characters of a URI (RFC 3986 section 2)'],
    ['https:///token', SPELL],
    ['https://', 'must be a well-formed URL'],
    ['https://id.example.com:99999/', 'must be a well-formed URL'],
    ['https://1.2.3.4.5/', 'must be a well-formed URL'],
    ['HTTPS://id.example.com/token', 'must be an absolute URL that starts with https://'],
    ['https:id.example.com', 'must be an absolute URL that starts with https://'],
    ['//id.example.com/token', 'must be an absolute URL that starts with https://'],
    ['/token', 'must be an absolute URL that starts with https://'],
    ['file:///etc/passwd', 'must be an absolute URL that starts with https://'],
    [' https://id.example.com/token', 'must be an absolute URL that starts with https://'],
    ['', 'must be an absolute URL that starts with https://'],
    [`https://id.example.com/${'a'.repeat(1_002)}`, 'must have at most 1024 characters'],
  ])('REQ-3: %j is refused: %s', (url, problem) => {
    expect(endpointProblem(url, false)).toBe(problem)
  })

  test('1024 characters are taken', () => {
    const url = `https://id.example.com/${'a'.repeat(1_001)}`
    expect(url).toHaveLength(1_024)
    expect(endpointProblem(url, false)).toBeUndefined()
  })
})

describe('issuerProblem', () => {
  test.each(['https://id.example.com', 'https://id.example.com/', 'https://id.example.com/a//b/'])(
    '%s is taken',
    url => {
      expect(issuerProblem(url, true)).toBeUndefined()
    },
  )
  test.each(['https://id.example.com?', 'https://id.example.com/?a=b'])('%s has a query', url => {
    expect(issuerProblem(url, true)).toBe('must not have a query (RFC 8414 section 2)')
  })
  test('what holds of an endpoint holds of an issuer', () => {
    expect(issuerProblem('http://id.example.com', false)).toBe(HTTPS_ONLY)
  })
})

describe('originProblem', () => {
  const NOT_SERIALIZED =
    'must be an origin as browsers send it: lower case, no default port, no path and no trailing slash'
  const WILDCARD = 'must not hold a wildcard: it is compared as an exact string'

  test.each([
    'https://app.example.com',
    'https://app.example.com:8443',
    'https://localhost:3000',
    'https://10.0.0.5',
  ])('CORS-1: %s is taken, on Lambda too', origin => {
    expect(originProblem(origin, true)).toBeUndefined()
  })

  test.each([
    'http://localhost:3000',
    'http://127.0.0.1:3000',
    'http://[::1]:3000',
    'http://app.example.localhost',
  ])('CORS-1: %s is taken, but not on Lambda', origin => {
    expect(originProblem(origin, false)).toBeUndefined()
    expect(originProblem(origin, true)).toBe(HTTPS_ONLY)
  })

  test.each([
    ['http://app.example.com', HTTPS_ONLY],
    ['https://app.example.com/', NOT_SERIALIZED],
    ['https://app.example.com/path', NOT_SERIALIZED],
    ['https://app.example.com?', NOT_SERIALIZED],
    ['https://app.example.com:443', NOT_SERIALIZED],
    ['http://localhost:80', NOT_SERIALIZED],
    ['https://App.example.com', NOT_SERIALIZED],
    ['https://app.example.com#', 'must not have a fragment'],
    ['https://user@app.example.com', 'must not carry user information'],
    ['https://*.example.com', WILDCARD],
    ['*', WILDCARD],
    ['com.example.app://host', 'must be an absolute URL that starts with https://'],
    ['blob:https://app.example.com', 'must be an absolute URL that starts with https://'],
    ['app.example.com', 'must be an absolute URL that starts with https://'],
  ])('CORS-1: %j is refused: %s', (origin, problem) => {
    expect(originProblem(origin, false)).toBe(problem)
  })

  test('CORS-2: null is refused', () => {
    expect(originProblem('null', false)).toMatch(/^must not be null/)
  })
})

describe('webRedirectProblem', () => {
  test.each(['https://app.example.com/callback', 'https://app.example.com', 'https://localhost:3000/cb?a=b'])(
    '%s is taken, on Lambda too',
    uri => {
      expect(webRedirectProblem(uri, true)).toBeUndefined()
    },
  )

  test('http on loopback is taken, but not on Lambda', () => {
    expect(webRedirectProblem('http://localhost:3000/callback', false)).toBeUndefined()
    expect(webRedirectProblem('http://localhost:3000/callback', true)).toBe(HTTPS_ONLY)
  })

  test.each([
    ['https://app.example.com/*', /wildcard/],
    ['https://*.example.com/cb', /wildcard/],
    ['https://app.example.com/cb#', /fragment/],
    ['http://app.example.com/cb', /must be https/],
    ['/callback', /absolute URL/],
    ['com.example.app:/callback', /absolute URL/],
    ['javascript:alert(1)', /absolute URL/],
  ])('%j is refused: %s', (uri, problem) => {
    expect(webRedirectProblem(uri, false)).toMatch(problem)
  })
})

describe('nativeRedirectProblem', () => {
  test.each([
    'https://app.example.com/callback',
    'com.example.app:/callback',
    'com.example.app://callback',
    'com.Example.App-2:/',
    'http://127.0.0.1/callback',
    'http://127.0.0.1:51004/callback',
    'http://[::1]:51004/callback',
  ])('MOB-3: %s is taken', uri => {
    expect(nativeRedirectProblem(uri)).toBeUndefined()
  })

  test.each([
    ['http://localhost:51004/callback', /127\.0\.0\.1 or \[::1\]/],
    ['http://app.localhost/callback', /127\.0\.0\.1 or \[::1\]/],
    ['http://app.example.com/callback', /127\.0\.0\.1 or \[::1\]/],
    ['http://127.1/callback', /spell its host plainly/],
    ['myapp:/callback', /contains a period/],
    ['javascript:alert(1)', /contains a period/],
    ['data:text/html,x', /contains a period/],
    ['com.:/callback', /contains a period/],
    ['com..app:/callback', /contains a period/],
    ['com.example.app:callback', /a path after its scheme/],
    ['com.example.app:', /absolute URI/],
    ['callback', /absolute URI/],
    ['com.example.app:/call back', /absolute URI/],
    ['com.example.app:/callback#', /fragment/],
    ['com.example.app:/*', /wildcard/],
    [`com.example.app:/${'a'.repeat(1_024)}`, /at most 1024/],
    ['', /absolute URI/],
  ])('MOB-3: %j is refused: %s', (uri, problem) => {
    expect(nativeRedirectProblem(uri)).toMatch(problem)
  })
})

test.each([
  ['a redirect URI of a scheme of its own', nativeRedirectProblem, 'com.example.app:/'],
  ['a claimed one', nativeRedirectProblem, 'https://app.example.com/'],
  ['a resource', resourceProblem, 'urn:'],
])('%s: 1024 characters are taken and 1025 are not', (_, problemOf, start) => {
  expect(problemOf(start.padEnd(URL_MAX, 'a'))).toBeUndefined()
  expect(problemOf(start.padEnd(URL_MAX + 1, 'a'))).toBe('must have at most 1024 characters')
})

describe('resourceProblem', () => {
  test.each(['https://api.example.com/', 'https://api.example.com/v1?x=y', 'urn:example:api'])(
    '%s is taken',
    uri => {
      expect(resourceProblem(uri)).toBeUndefined()
    },
  )
  test.each([
    'api',
    '',
    'https://api.example.com/#x',
    'https://api.example.com/a b',
    `urn:${'a'.repeat(1_024)}`,
  ])('%j is refused', uri => {
    expect(resourceProblem(uri)).toMatch(/^must /)
  })
})

describe('audienceProblem', () => {
  test.each(['issuer', 'token_endpoint', 'request_endpoint', 'https://id.example.com/', 'urn:example:as'])(
    'ASRT-4: %s is taken',
    aud => {
      expect(audienceProblem(aud)).toBeUndefined()
    },
  )
  test.each(['Issuer', 'token-endpoint', 'tokenEndpoint', '', 'my server', ':', 'https://id.example.com/ x'])(
    'ASRT-4: %j is neither a rule nor a URI',
    aud => {
      expect(audienceProblem(aud)).toBe('must be "issuer", "token_endpoint", "request_endpoint" or a URI')
    },
  )
  test('512 characters are taken and 513 are not', () => {
    expect(audienceProblem(`urn:${'a'.repeat(508)}`)).toBeUndefined()
    expect(audienceProblem(`urn:${'a'.repeat(509)}`)).toBe('must have at most 512 characters')
  })
})
