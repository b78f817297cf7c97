import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { readEvent } from '../../../functions/call.ts'
import { ProxyError } from '../../../lib/errors.ts'
import { COOKIE_MAX_B, COOKIES_MAX_B } from '../../../lib/limits.ts'
import {
  clearCookies,
  loginCookie,
  partsOf,
  readCookie,
  sessionCookie,
  setCookies,
} from '../../../lib/session/cookies.ts'
import { sealKeys } from '../../../lib/session/keys.ts'
import { open, seal } from '../../../lib/session/seal.ts'
import { anyText, at, changedList, changedText, place } from '../../support/arbitraries.ts'
import { RING } from '../../support/function.ts'

// A session on its way: sealed, set, kept by a browser, sent among the cookies of others, read, opened.

const NAME = sessionCookie('app-1')
const OWNER = { client_id: 'app-1', as: { issuer: 'https://as.example' } }
const keys = sealKeys({
  ring: { get: async () => ({ value: RING, expired: false }), renewed: async () => true },
  now: Date.now,
})
const STRICT = { max_age: 600, same_site: 'Strict' } as const

/** A browser's own reading of a `Set-Cookie` line, RFC 6265 section 5.2: by its first `;`, its first `=`, and trimmed. */
function parsed(line: string) {
  const [pair = '', ...attributes] = line.split(';')
  const equals = pair.indexOf('=')
  return {
    name: pair.slice(0, equals).trim(),
    value: pair.slice(equals + 1).trim(),
    attributes: new Map(
      attributes.map(one => {
        const [name = '', value = ''] = one.split('=')
        return [name.trim().toLowerCase(), value.trim()]
      }),
    ),
  }
}

/** What it sends back of what it was given, in the order given. */
const kept = (lines: readonly string[]): string[] =>
  lines.flatMap(line => {
    const { name, value, attributes } = parsed(line)
    return attributes.get('max-age') === '0' ? [] : [`${name}=${value}`]
  })

const sealed = (size: number) => seal(keys, 'session', OWNER, { iat: 1, exp: 100, text: 'x'.repeat(size) })

/** The session in the cookies of a request, as the functions find it. */
async function found(cookies: readonly string[]): Promise<number | undefined> {
  try {
    const text = readCookie(cookies, NAME)
    const session =
      text === undefined ? undefined : await open<{ text: string }>(keys, 'session', OWNER, text, 50)
    return session?.text.length
  } catch (error) {
    if (error instanceof ProxyError && error.reason === 'cookie_repeated') return undefined
    throw error
  }
}

/** Names that are nearly ours, and anybody's. */
const others = fc.array(
  fc.oneof(
    anyText(30).map(text => text.replaceAll(';', '')),
    fc.constantFrom(
      `${NAME}x=1`,
      `${NAME}-10=1`,
      `x${NAME}=1`,
      `${NAME.toLowerCase()}=1`,
      `${loginCookie('app-1')}=1`,
    ),
    fc.constantFrom(`${sessionCookie('app-2')}=1`, `\u00a0${NAME}=1`, NAME, `a=${NAME}=1`, 'a=b, c=d', ''),
  ),
  { maxLength: 6 },
)
/** Around what fits into one cookie, into two, into three, and into none. */
const size = fc.oneof(
  fc.nat(50),
  ...[2_900, 5_900, 4_400].map(middle => fc.integer({ min: middle - 150, max: middle + 150 })),
  fc.integer({ min: 0, max: 4_350 }),
)
const order = fc.func(fc.nat())

function mixed(items: readonly string[], rank: (item: string, index: number) => number): string[] {
  return items
    .map((item, index) => ({ item, by: rank(item, index) }))
    .sort((a, b) => a.by - b.by)
    .map(({ item }) => item)
}

describe('COOKIE-4: what is sealed', () => {
  test('comes back from a browser as it was, whatever is around it and in whatever order; or is too large, all of it', async () => {
    const pieces = new Set<number | undefined>()
    await fc.assert(
      fc.asyncProperty(size, others, order, fc.boolean(), async (length, strangers, rank, v1) => {
        let lines: string[]
        try {
          lines = setCookies(NAME, await sealed(length), STRICT)
        } catch (error) {
          pieces.add(undefined)
          expect(error).toMatchObject({ reason: 'session_too_large' })
          // A sealed text is by a third longer, and its header and tag are some 200.
          expect(length * 1.34 + 300).toBeGreaterThan(6 * 1024 - 100)
          return
        }
        const ours = kept(lines)
        pieces.add(ours.length)
        const cookies = mixed([...ours, ...strangers], rank)
        const call = readEvent(v1 ? { headers: { cookie: cookies.join('; ') } } : { cookies }, 'id')
        expect(await found(call.cookies)).toBe(length)
        expect(partsOf(call.cookies, NAME).sort()).toEqual(ours.map(one => parsed(one).name).sort())
      }),
      { numRuns: 400 },
    )
    expect(pieces).toEqual(new Set([1, 2, undefined]))
  })

  test('is no session once a character of it is another one, is gone, or is one too many', async () => {
    const how = fc.constantFrom('without', 'with', 'other')
    const other = fc.constantFrom(...'AaQgw09-_.=+/ %,"é\u00a0\u0000')
    for (const length of [0, 1, 2, 3, 4_000]) {
      const ours = kept(setCookies(NAME, await sealed(length), STRICT))
      await fc.assert(
        fc.asyncProperty(place, how, place, other, async (which, by, where, character) => {
          const index = at(which, ours.length)
          const equals = ours[index]!.indexOf('=') + 1
          const value = ours[index]!.slice(equals)
          const changed = changedText(value, by, where, character)
          // Around a value they are the browser's to take off.
          fc.pre(changed.trim() !== value)
          expect(await found(ours.with(index, ours[index]!.slice(0, equals) + changed))).toBeUndefined()
        }),
        { numRuns: 200 },
      )
    }
  })

  test('COOKIE-5: its last characters have no second spelling', async () => {
    for (const length of [0, 1, 2]) {
      const text = await sealed(length)
      const ends = [...text.matchAll(/\.|$/g)]
        .map(({ index }) => index)
        .filter(index => text[index - 1] !== '.')
      for (const end of ends) {
        for (const character of 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_+/=') {
          if (character === text[end - 1]) continue
          const changed = `${text.slice(0, end - 1)}${character}${text.slice(end)}`
          expect([end, character, await found([`${NAME}=${changed}`])]).toEqual([end, character, undefined])
        }
      }
    }
  })

  test('is no session where a piece of it is missing, came twice, or stands in another one’s place', async () => {
    const ours = kept(setCookies(NAME, await sealed(4_000), STRICT))
    const later = kept(setCookies(NAME, await sealed(4_000), STRICT))
    const [first, second] = ours.map(parsed)
    const swapped = [`${first!.name}=${second!.value}`, `${second!.name}=${first!.value}`]
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom('without', 'doubled'),
        place,
        others,
        order,
        async (how, which, strangers, rank) => {
          expect(await found(mixed([...changedList(ours, how, which), ...strangers], rank))).toBeUndefined()
          expect(await found(mixed([...swapped, ...strangers], rank))).toBeUndefined()
          const index = at(which, ours.length)
          // Half of it is of another session: they were sealed apart.
          expect(await found(mixed([...ours.with(index, later[index]!), ...strangers], rank))).toBeUndefined()
          // Beside the whole, in one piece or in a third one.
          for (const name of [NAME, `${NAME}-2`, `${NAME}-9`]) {
            expect(await found(mixed([...ours, `${name}=x`, ...strangers], rank))).toBeUndefined()
          }
        },
      ),
      { numRuns: 100 },
    )
    const whole = kept(setCookies(NAME, await sealed(10), STRICT))
    expect(await found([...whole, `${NAME}-0=x`])).toBeUndefined()
    expect(await found(whole)).toBe(10)
    expect(await found(ours)).toBe(4_000)
  })
})

describe('COOKIE-10: any text of a Cookie header', () => {
  test('gives no session, and no error but that one of ours came twice', async () => {
    const ours = fc
      .tuple(fc.constantFrom(NAME, `${NAME}-0`, `${NAME}-1`), anyText(30))
      .map(pair => pair.join('='))
    const header = fc
      .array(fc.oneof(ours, anyText(30)), { maxLength: 8 })
      .chain(pairs => fc.constantFrom('; ', ';', ', ', ';\t').map(between => pairs.join(between)))
    await fc.assert(
      fc.asyncProperty(header, async text => {
        expect(await found(readEvent({ headers: { Cookie: text } }, 'id').cookies)).toBeUndefined()
        expect(await found([text])).toBeUndefined()
      }),
      { numRuns: 1_000 },
    )
  })
})

describe('COOKIE-2: every Set-Cookie line', () => {
  // RFC 6265 section 4.1.1: cookie-octets, without the double quotes.
  const value = fc.stringMatching(/^[\x21\x23-\x2b\x2d-\x3a\x3c-\x5b\x5d-\x7e]*$/)
  const client_id = fc.oneof(
    anyText(40),
    fc.constantFrom('a; Domain=evil.example', 'a=b', 'ü', '\r\nSet-Cookie: a=b'),
  )

  test('has a name of its prefix and the attributes that are promised, and is otherwise as the RFC has it', () => {
    const options = fc.record({
      max_age: fc.integer({ min: 0, max: 34_560_000 }),
      same_site: fc.constantFrom<('Strict' | 'Lax')[]>('Strict', 'Lax'),
    })
    fc.assert(
      fc.property(client_id, value, fc.boolean(), options, (client, text, login, { max_age, same_site }) => {
        const name = login ? loginCookie(client) : sessionCookie(client)
        const lines = [
          ...setCookies(name, text, { max_age, same_site }),
          ...clearCookies(partsOf([`${name}=x`, `${name}-1=y`, 'z=z'], name), same_site),
        ]
        for (const line of lines) {
          expect(line).toMatch(/^[\x20-\x7e]+$/)
          const cookie = parsed(line)
          expect(cookie.name).toMatch(/^__Host-Http-cs-(login-)?[A-Za-z0-9_-]{8}(-[0-2])?$/)
          expect(cookie.value === '' || cookie.value === text).toBe(true)
          // No Domain, no Expires: `__Host-` allows none of the one, and the other would need a clock.
          expect(Object.fromEntries(cookie.attributes)).toEqual({
            'max-age': cookie.value === text && line === lines[0] ? String(max_age) : '0',
            path: '/',
            secure: '',
            httponly: '',
            samesite: same_site,
          })
        }
        // COOKIE-9: under every name that there can be something is said what becomes of it.
        expect(new Set(lines.slice(0, 4).map(line => parsed(line).name)).size).toBe(4)
      }),
      { numRuns: 500 },
    )
  })

  test('of a value in pieces stays below what a browser takes, and together below what a gateway takes', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 6_000 }), length => {
        const text = 'x'.repeat(length)
        const pairs = kept(setCookies(NAME, text, STRICT))
        expect(pairs.map(pair => parsed(pair).value).join('')).toBe(text)
        expect(pairs.every(pair => pair.length <= 4_097)).toBe(true)
        expect(pairs.join('; ').length).toBeLessThanOrEqual(6 * 1024 + 10)
      }),
    )
  })
})

describe('COOKIE-4, COOKIE-10: a cookie by its name', () => {
  const OTHER = sessionCookie('app-2')

  test.each<[string, string[], string | undefined]>([
    ['blanks around it are none of it', [` \t${NAME} \t= a.b \t`], 'a.b'],
    ['nothing', [], undefined],
    ['nothing under its name', ['a=b', `${OTHER}=x`], undefined],
    ['no first piece', [`${NAME}-1=b`], undefined],
    ['no piece in the middle', [`${NAME}-0=a`, `${NAME}-2=c`], undefined],
    ['pieces in another order', [`${NAME}-1=b`, `${NAME}-0=a`], 'ab'],
  ])('%s', (_, cookies, value) => {
    expect(readCookie(cookies, NAME)).toBe(value)
  })

  test('what is nearly a piece of it is none, and stays in the browser', () => {
    const strangers = [
      `${NAME}-`,
      `${NAME}-x`,
      `${NAME}-10`,
      `${NAME}-x1`,
      `${NAME}0`,
      `${OTHER}-1`,
      `x${NAME}`,
    ]
    expect(partsOf([...strangers.map(name => `${name}=1`), `${NAME}-1=1`], NAME)).toEqual([`${NAME}-1`])
  })

  test('in one piece as long as a browser takes it; in two, as long as a gateway does', () => {
    const pieces = (length: number) => {
      const lines = setCookies(NAME, 'x'.repeat(length), STRICT)
      // None is set and taken away again.
      expect(new Set(lines.map(line => parsed(line).name)).size).toBe(lines.length)
      return kept(lines).length
    }
    const one = COOKIE_MAX_B - NAME.length
    const two = COOKIES_MAX_B - 2 * `${NAME}-0`.length
    expect([one, one + 1, two].map(pieces)).toEqual([1, 2, 2])
    expect(() => pieces(two + 1)).toThrow('session_too_large')
  })
})
