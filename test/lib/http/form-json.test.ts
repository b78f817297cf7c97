import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ProxyError, type Reason } from '../../../lib/errors.ts'
import { type Form, type RawBody, readForm } from '../../../lib/http/form.ts'

const FORM = 'application/x-www-form-urlencoded'
const JSON_TYPE = 'application/json'

const read = (body: string | undefined, contentType: string | undefined = FORM): [string, string[]][] =>
  entries(readForm({ contentType, body, isBase64Encoded: false }))

const entries = (form: Form): [string, string[]][] => [...form].map(([name, values]) => [name, [...values]])

function reasonOf(raw: Partial<RawBody>): Reason {
  try {
    readForm({ contentType: FORM, body: '', isBase64Encoded: false, ...raw })
  } catch (error) {
    if (error instanceof ProxyError) return error.reason
    throw error
  }
  throw new Error('was not refused')
}

describe('IN-2: JSON', () => {
  test.each<[string, Reason]>([
    ['', 'body_malformed'],
    ['null', 'body_malformed'],
    ['"code"', 'body_malformed'],
    ['1', 'body_malformed'],
    ['[]', 'body_malformed'],
    ['[{"code":"a"}]', 'body_malformed'],
    ['{"code":"a"', 'body_malformed'],
    ["{'code':'a'}", 'body_malformed'],
    ['{"code":"a",}', 'body_malformed'],
    ['{"code":"a"}{"code":"b"}', 'body_malformed'],
    ['{"code":1}', 'body_malformed'],
    ['{"code":true}', 'body_malformed'],
    ['{"code":null}', 'body_malformed'],
    ['{"code":["a"]}', 'body_malformed'],
    ['{"code":{"a":"b"}}', 'body_malformed'],
    ['{"code":"a","resource":["x","y"]}', 'body_malformed'],
    ['{"code":"a\nb"}', 'body_malformed'],
    [`${'['.repeat(8_000)}${']'.repeat(8_000)}`, 'body_malformed'],
    [`${'{"a":'.repeat(2_500)}"b"${'}'.repeat(2_500)}`, 'body_malformed'],
    ['code=a', 'body_malformed'],
  ])('%.40s: %s', (body, reason) => {
    expect(reasonOf({ contentType: JSON_TYPE, body })).toBe(reason)
  })

  test.each([
    '{"code":"a","code":"b"}',
    '{"code":"a","code":"a"}',
    '{"code":"a","\\u0063ode":"b"}',
    '{"code":"a","code":""}',
    '{"code":1,"code":"b"}',
    '{"code":null,"code":"b"}',
    '{"code":[],"code":"b"}',
    '{"code":{"x":"y"},"code":"b"}',
    '{"__proto__":"a","__proto__":"b"}',
    '{"":"a","":"b"}',
    '{"code":"\\"","x":"\\\\","code":"b"}',
  ])('IN-4: a member that is there twice is refused: %s', body => {
    expect(reasonOf({ contentType: JSON_TYPE, body })).toBe('parameter_repeated')
  })

  test.each<[string, [string, string[]][]]>([
    ['{}', []],
    [' {"a" : "b"} ', [['a', ['b']]]],
    ['{"a":"","b":"c"}', [['b', ['c']]]],
    [
      '{"a":"\\"","b":"\\\\","c":"\\\\\\"","d":"\\u0022"}',
      [
        ['a', ['"']],
        ['b', ['\\']],
        ['c', ['\\"']],
        ['d', ['"']],
      ],
    ],
    ['{"__proto__":"a"}', [['__proto__', ['a']]]],
    ['{"a":"{\\"code\\":\\"x\\"}"}', [['a', ['{"code":"x"}']]]],
    ['{"a":"\u2028"}', [['a', ['\u2028']]]],
  ])('%s', (body, expected) => {
    // The grant that is implied stands at the end, and has a test of its own.
    expect(read(body, JSON_TYPE)).toEqual([...expected, ['grant_type', ['authorization_code']]])
  })

  test('implies the grant where it names none; a form does not', () => {
    const grant = (body: object) => new Map(read(JSON.stringify(body), JSON_TYPE)).get('grant_type')
    expect(grant({ code: 'a' })).toEqual(['authorization_code'])
    expect(grant({ code: 'a', grant_type: '' })).toEqual(['authorization_code'])
    expect(grant({ client_id: 'a' })).toEqual(['authorization_code'])
    expect(grant({ code: 'a', grant_type: 'password' })).toEqual(['password'])
    expect(read('code=a')).toEqual([['code', ['a']]])
  })
})

describe('any body', () => {
  const types = fc.constantFrom(FORM, JSON_TYPE, 'text/plain', undefined)

  test('of any bytes and any type gives a form or a ProxyError', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 300 }),
        types,
        fc.boolean(),
        (bytes, contentType, isBase64Encoded) => {
          const body = Buffer.from(bytes).toString(isBase64Encoded ? 'base64' : 'latin1')
          try {
            expect(readForm({ contentType, body, isBase64Encoded })).toBeInstanceOf(Map)
          } catch (error) {
            expect(error).toBeInstanceOf(ProxyError)
          }
        },
      ),
      { numRuns: 3_000 },
    )
  })

  test('that only claims to be base64 does, too', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 300 }), types, (body, contentType) => {
        try {
          expect(readForm({ contentType, body, isBase64Encoded: true })).toBeInstanceOf(Map)
        } catch (error) {
          expect(error).toBeInstanceOf(ProxyError)
        }
      }),
    )
  })

  test('of JSON that is no flat object of strings is refused', () => {
    fc.assert(
      fc.property(fc.jsonValue(), value => {
        const flat =
          typeof value === 'object' &&
          value !== null &&
          !Array.isArray(value) &&
          Object.values(value).every(member => typeof member === 'string')
        fc.pre(!flat)
        expect(reasonOf({ contentType: JSON_TYPE, body: JSON.stringify(value) })).toBe('body_malformed')
      }),
    )
  })

  test('IN-2: the same parameters are the same as form, as JSON and in base64', () => {
    const text = fc.string({ unit: 'grapheme', maxLength: 40 })
    const parameters = fc.dictionary(fc.oneof(fc.constantFrom('code', 'client_id'), text), text, {
      maxKeys: 12,
    })
    fc.assert(
      fc.property(parameters, values => {
        fc.pre(Object.keys(values).every(name => Buffer.byteLength(name) <= 64))
        const given = { grant_type: 'authorization_code', ...values }
        const asForm = new URLSearchParams(given).toString()
        const bodies: RawBody[] = [
          { contentType: FORM, body: asForm, isBase64Encoded: false },
          { contentType: FORM, body: Buffer.from(asForm).toString('base64'), isBase64Encoded: true },
          { contentType: JSON_TYPE, body: JSON.stringify(given), isBase64Encoded: false },
        ]
        const [form, ...others] = bodies.map(raw => new Map(readForm(raw)))
        for (const other of others) expect(other).toEqual(form)
      }),
      { numRuns: 1_000 },
    )
  })
})
