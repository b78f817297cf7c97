import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { toApiRoute } from '../../../lib/config/session-members.ts'
import { hasOverride, permits } from '../../../lib/http/api-routes.ts'
import { anyText } from '../../support/arbitraries.ts'

// T13: a path is forwarded where it is beneath what is listed, however the server behind reads it.

const orders = [toApiRoute('GET /orders'), toApiRoute('* /orders/*')]
const beneath = [toApiRoute('* /orders/*')]
const everything = [toApiRoute('* /*')]

/** Percent-encoding taken off, byte by byte, whatever it then spells. */
const bytewise = (path: string) =>
  path.replace(/%([0-9a-f]{2})/gi, (_, hex) => String.fromCharCode(Number.parseInt(hex, 16)))

function utf8(path: string): string {
  try {
    return decodeURIComponent(path)
  } catch {
    return path
  }
}

/** RFC 3986 section 5.2.4. */
function withoutDots(path: string): string {
  const out: string[] = []
  for (const segment of path.split('/').slice(1)) {
    if (segment === '..') out.pop()
    else if (segment !== '.') out.push(segment)
  }
  return `/${out.join('/')}`
}

/** What one server or another does to a path before it looks for whom it is. */
const READERS: ((path: string) => string)[] = [
  bytewise,
  utf8,
  withoutDots,
  path => path.replaceAll('\\', '/'),
  path => path.replace(/\/+/g, '/'),
  path => path.replace(/;[^/]*/g, ''),
  path => path.replace(/[?#].*$/s, ''),
  path => path.replace(/\0.*$/s, ''),
  path => path.replace(/[\t\r\n]/g, ''),
  path => (URL.canParse(path, 'https://api.example') ? new URL(path, 'https://api.example').href : path),
]

/** Every reading, of up to three of them one after the other. Where it ends on another host, the whole address. */
function readings(path: string): Set<string> {
  let all = new Set([path])
  for (let round = 0; round < 3; round++) {
    const next = [...all].flatMap(one =>
      READERS.map(read => read(one).replace(/^https:\/\/api\.example(?=\/)/, '')),
    )
    all = new Set([...all, ...next])
  }
  return all
}

const piece = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom('orders', '17', 'admin', 'caf%C3%A9', 'a@b', 'a;b=c', '...', '~') },
  {
    weight: 3,
    arbitrary: fc.constantFrom('.', '..', '%2e', '%2E%2e', '..;', '.;x', ';', ';x', '', '%2f', '%5c', '\\'),
  },
  {
    weight: 2,
    arbitrary: fc.constantFrom(
      '%252e%252e',
      '%25',
      '%00',
      '%3b',
      '%3f',
      '?',
      '#',
      '%c0%ae',
      '%zz',
      ' ',
      '\t',
      '@evil.example',
    ),
  },
  { weight: 1, arbitrary: anyText(4) },
)
const path = fc
  .tuple(
    fc.constantFrom('/orders/', '/orders/', '/orders/', '/orders', '/', '//', '', '/Orders', '/orders%2f'),
    fc.array(
      fc.array(piece, { maxLength: 2 }).map(parts => parts.join('')),
      { maxLength: 4 },
    ),
  )
  .map(([first, rest]) => first + rest.join('/'))

describe('any path', () => {
  const isBeneath = (one: string) => one.startsWith('/orders/') && one.length > '/orders/'.length

  test('that passes is beneath what is listed in every reading', () => {
    let passed = 0
    fc.assert(
      fc.property(path, one => {
        if (!permits(beneath, 'POST', one)) return
        passed++
        for (const reading of readings(one))
          expect([one, reading, isBeneath(reading)]).toEqual([one, reading, true])
      }),
      { numRuns: 4_000 },
    )
    expect(passed).toBeGreaterThan(100)
  })

  test('that passes everywhere is still a path, of this host, in every reading', () => {
    fc.assert(
      fc.property(path, one => {
        if (!permits(everything, 'GET', one)) return
        for (const reading of readings(one)) expect(reading).toMatch(/^\/(?!\/|$)/)
      }),
      { numRuns: 4_000 },
    )
  })

  test('of plain segments passes just where it is listed', () => {
    const segment = fc.oneof(fc.constantFrom('orders', '17'), fc.stringMatching(/^[A-Za-z0-9_-]{1,8}$/))
    fc.assert(
      fc.property(
        fc.array(segment, { minLength: 1, maxLength: 4 }),
        fc.constantFrom('GET', 'DELETE', 'get', ''),
        (segments, method) => {
          const [first, ...rest] = segments
          const listed = first === 'orders' && (rest.length > 0 || method === 'GET')
          expect(permits(orders, method, `/${segments.join('/')}`)).toBe(listed)
        },
      ),
    )
  })
})

test('what is listed with everything beneath it is not itself listed, with a slash behind it either', () => {
  for (const one of ['/orders', '/orders/', '/orders/;x', '/orders/;']) {
    expect([one, permits(beneath, 'DELETE', one)]).toEqual([one, false])
  }
  expect(permits(beneath, 'DELETE', '/orders/17/')).toBe(true)
  expect(permits(everything, 'GET', '/')).toBe(false)
  expect(permits(everything, 'GET', '/;x/evil.example')).toBe(false)
})

test('a header with an underscore, or one that names another path or method, is found among any others', () => {
  const override = fc.oneof(
    fc.constantFrom(
      'x-http-method-override',
      'x-method-override',
      'x-original-url',
      'x-rewrite-url',
      'x-forwarded-path',
    ),
    fc
      .tuple(fc.stringMatching(/^[a-z-]{0,6}$/), fc.stringMatching(/^[a-z-]{0,6}$/))
      .map(parts => parts.join('_')),
  )
  const harmless = fc.dictionary(fc.stringMatching(/^[a-wyz][a-z-]{0,10}$/), anyText(8))
  fc.assert(
    fc.property(harmless, override, (headers, name) => {
      expect(hasOverride(headers)).toBe(false)
      expect(hasOverride({ ...headers, [name]: 'x' })).toBe(true)
    }),
  )
})
