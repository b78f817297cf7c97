import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ProxyError } from '../../../lib/errors.ts'
import { type Form, readForm, readQuery } from '../../../lib/http/form.ts'
import { refuseMisuse } from '../../../lib/oauth/parameters.ts'
import { anyText } from '../../support/arbitraries.ts'

// There and back: what is written down as parameters is what is read.

type Pairs = [name: string, value: string][]

const name = fc.oneof(
  fc.constantFrom(
    'code',
    'resource',
    'scope',
    'client_secret',
    'client_assertion',
    '__proto__',
    'toString',
    '',
  ),
  anyText(10),
)
/** Halves of surrogate pairs have no UTF-8. */
const pairs: fc.Arbitrary<Pairs> = fc
  .array(fc.tuple(name, fc.oneof(anyText(), fc.constant(''))), { maxLength: 12 })
  .map(all => all.map(([one, value]) => [one.toWellFormed(), value.toWellFormed()]))

/** By name, in the order sent, without the empty ones (RFC 6749 section 3.2). */
function grouped(all: Pairs): [string, string[]][] {
  const groups = new Map<string, string[]>()
  for (const [one, value] of all) {
    if (value !== '') groups.set(one, [...(groups.get(one) ?? []), value])
  }
  return [...groups]
}

const plain = (form: Form) => [...form].map(([one, values]) => [one, [...values]])

/** URL Standard, application/x-www-form-urlencoded: more may be encoded than has to be, and in either case. */
function encoded(text: string, more: (byte: number) => boolean, lower: boolean): string {
  return [...Buffer.from(text)]
    .map(byte => {
      const character = String.fromCharCode(byte)
      if (character === ' ' && !more(byte)) return '+'
      if (/[A-Za-z0-9*._-]/.test(character) && !more(byte)) return character
      const hex = byte.toString(16).padStart(2, '0')
      return `%${lower ? hex : hex.toUpperCase()}`
    })
    .join('')
}

describe('IN-2: parameters, there and back', () => {
  test('as a form and as a query, however much of it is encoded, and as base64', () => {
    fc.assert(
      fc.property(pairs, fc.func(fc.boolean()), fc.boolean(), fc.boolean(), (all, more, lower, base64) => {
        const code = (text: string) => encoded(text, more, lower)
        const text = all.map(pair => pair.map(code).join('=')).join('&')
        const form = readForm({
          contentType: 'application/x-www-form-urlencoded',
          body: base64 ? Buffer.from(text).toString('base64') : text,
          isBase64Encoded: base64,
        })
        expect(plain(form)).toEqual(grouped(all))
        expect(plain(readQuery(text))).toEqual(grouped(all))
      }),
      { numRuns: 1_000 },
    )
  })

  test('as JSON, with any of its characters escaped; and a name twice is refused, whatever its values', () => {
    const units = (character: string) =>
      character.split('').map(unit => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
    // By characters: half of a pair in an escape would leave the other half without a UTF-8.
    const escaped = (text: string, more: (character: string) => boolean) =>
      `"${[...text].map(one => (more(one) ? units(one).join('') : JSON.stringify(one).slice(1, -1))).join('')}"`
    fc.assert(
      fc.property(pairs, fc.func(fc.boolean()), (all, more) => {
        const text = `{${all.map(pair => pair.map(one => escaped(one, more)).join(' : ')).join(', ')}}`
        const read = () => readForm({ contentType: 'application/json', body: text, isBase64Encoded: false })
        if (new Set(all.map(([one]) => one)).size < all.length) {
          expect(read).toThrow(expect.objectContaining({ reason: 'parameter_repeated' }))
          return
        }
        const implied = all.some(([one, value]) => one === 'grant_type' && value !== '')
        const grant: [string, string[]][] = implied ? [] : [['grant_type', ['authorization_code']]]
        // The order of members says nothing (RFC 8259 section 4).
        expect(new Map(plain(read()) as [string, string[]][])).toEqual(new Map([...grouped(all), ...grant]))
      }),
      { numRuns: 1_000 },
    )
  })
})

describe('IN-4, IN-6: any parameters and headers', () => {
  const CREDENTIALS = ['client_secret', 'client_assertion', 'client_assertion_type']

  test('are let by just where none is there twice and none authenticates a client', () => {
    const counts = { refused: 0, passed: 0 }
    const headers = fc.oneof(
      { weight: 5, arbitrary: fc.constant({}) },
      { weight: 1, arbitrary: anyText(5).map(authorization => ({ authorization })) },
    )
    fc.assert(
      fc.property(pairs, headers, (all, given) => {
        const there = grouped(all)
        const bad =
          'authorization' in given ||
          there.some(
            ([one, values]) => CREDENTIALS.includes(one) || (values.length > 1 && one !== 'resource'),
          )
        counts[bad ? 'refused' : 'passed']++
        if (!bad) return refuseMisuse(new Map(there), given)
        try {
          refuseMisuse(new Map(there), given)
        } catch (error) {
          expect(error).toBeInstanceOf(ProxyError)
          // Our own names alone are said back.
          const { parameter } = error as ProxyError
          expect([undefined, 'Authorization', 'code', 'scope', ...CREDENTIALS]).toContain(parameter)
          return
        }
        expect.unreachable()
      }),
      { numRuns: 1_000 },
    )
    expect(Math.min(counts.refused, counts.passed)).toBeGreaterThan(100)
  })
})
