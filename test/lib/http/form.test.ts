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

describe('IN-2: content types', () => {
  test.each([FORM, `${FORM};charset=UTF-8`, `${FORM}; charset=iso-8859-1`, ` ${FORM.toUpperCase()} ; a=b`])(
    '%s is a form',
    contentType => {
      expect(read('code=a+b%26c', contentType)).toEqual([['code', ['a b&c']]])
    },
  )

  test.each([JSON_TYPE, 'Application/JSON;charset=utf-8', `${JSON_TYPE} `])('%s is JSON', contentType => {
    expect(read('{"client_id":"x"}', contentType)).toEqual([['client_id', ['x']]])
  })

  test.each([
    undefined,
    '',
    'text/plain',
    'text/plain;application/json',
    'multipart/form-data; boundary=x',
    'application/jsonp',
    'application/json, text/plain',
    'application/vnd.api+json',
    'application',
    `x${FORM}`,
    'application/json\u0000',
  ])('%j is neither', contentType => {
    expect(reasonOf({ contentType, body: 'code=a' })).toBe('content_type_unsupported')
    expect(reasonOf({ contentType, body: '{"code":"a"}' })).toBe('content_type_unsupported')
  })
})

describe('IN-3: the size of a body', () => {
  // Of parameters that are each within their own limit.
  const body = (bytes: number): string => {
    const four = Array.from({ length: 4 }, (_, n) => `${n}=${'x'.repeat(4_000)}&`).join('')
    return `${four}z=${'x'.repeat(bytes - four.length - 2)}`
  }
  const KIB16 = 16 * 1024

  test('16 384 bytes pass, one more is too large', () => {
    expect(body(KIB16)).toHaveLength(KIB16)
    expect(read(body(KIB16))).toHaveLength(5)
    expect(reasonOf({ body: body(KIB16 + 1) })).toBe('body_too_large')
  })

  test('in base64 it is what was encoded that counts', () => {
    const base64 = (bytes: number) => ({
      body: Buffer.from(body(bytes)).toString('base64'),
      isBase64Encoded: true,
      contentType: FORM,
    })
    for (const less of [0, 1, 2, 3]) expect(readForm(base64(KIB16 - less)).size).toBe(5)
    for (const more of [1, 2, 3, 1_000]) expect(reasonOf(base64(KIB16 + more))).toBe('body_too_large')
  })

  test('bytes count, not characters', () => {
    expect(reasonOf({ body: `a=${'€'.repeat(5_461)}` })).toBe('body_too_large')
  })

  test('comes before everything else: a body too large of any type', () => {
    for (const contentType of [undefined, 'text/plain', JSON_TYPE]) {
      expect(reasonOf({ contentType, body: 'x'.repeat(KIB16 + 1) })).toBe('body_too_large')
    }
    expect(reasonOf({ body: '/'.repeat(6_000_000), isBase64Encoded: true })).toBe('body_too_large')
  })
})

describe('IN-3: the number and the size of parameters', () => {
  const many = (n: number) => Array.from({ length: n }, (_, i) => [`p${i}`, 'x'] as const)

  test.each([
    ['40 parameters', many(40)],
    ['a name of 64 bytes', [['n'.repeat(64), 'x']]],
    ['a name of 64 bytes in 32 characters', [['ä'.repeat(32), 'x']]],
    ['a value of 4 096 bytes', [['code', 'x'.repeat(4_096)]]],
  ] as [string, [string, string][]][])('%s pass, as form and as JSON', (_, pairs) => {
    expect(read(new URLSearchParams(pairs).toString())).toHaveLength(pairs.length)
    expect(
      read(JSON.stringify({ ...Object.fromEntries(pairs), grant_type: '' }), JSON_TYPE).length,
    ).toBeGreaterThan(0)
  })

  test.each([
    ['41 parameters', many(41)],
    ['a name of 65 bytes', [['n'.repeat(65), 'x']]],
    ['a name of 65 bytes in 33 characters', [[`${'ä'.repeat(32)}n`, 'x']]],
    ['a value of 4 097 bytes', [['code', 'x'.repeat(4_097)]]],
    ['a value of 4 097 bytes in fewer characters', [['code', `${'€'.repeat(1_365)}xx`]]],
  ] as [string, [string, string][]][])('%s do not, as form and as JSON', (_, pairs) => {
    expect(reasonOf({ body: new URLSearchParams(pairs).toString() })).toBe('body_malformed')
    expect(reasonOf({ contentType: JSON_TYPE, body: JSON.stringify(Object.fromEntries(pairs)) })).toBe(
      'body_malformed',
    )
  })

  test('repeated and empty ones count as well', () => {
    expect(reasonOf({ body: 'a=b&'.repeat(41) })).toBe('body_malformed')
    expect(reasonOf({ body: Array.from({ length: 41 }, (_, n) => `p${n}=`).join('&') })).toBe(
      'body_malformed',
    )
  })
})

describe('IN-4, IN-5: a form', () => {
  test.each<[string, [string, string[]][]]>([
    ['', []],
    ['code', []],
    ['code=', []],
    ['code=&code=a', [['code', ['a']]]],
    ['code=a&code=b', [['code', ['a', 'b']]]],
    [
      'code=a&x=&client_id=b',
      [
        ['code', ['a']],
        ['client_id', ['b']],
      ],
    ],
    [
      '__proto__=a&constructor=b',
      [
        ['__proto__', ['a']],
        ['constructor', ['b']],
      ],
    ],
    ['code=%00', [['code', ['\u0000']]]],
    ['code=%FF', [['code', ['\ufffd']]]],
    ['code=%', [['code', ['%']]]],
    ['=a', [['', ['a']]]],
    ['code=a%26client_id%3Devil', [['code', ['a&client_id=evil']]]],
  ])('%s', (body, expected) => {
    expect(read(body)).toEqual(expected)
  })

  test('no body is an empty form', () => {
    expect(read(undefined)).toEqual([])
  })

  test('base64 is decoded once', () => {
    const once = Buffer.from('code=Y29kZT1h').toString('base64')
    expect(entries(readForm({ contentType: FORM, body: once, isBase64Encoded: true }))).toEqual([
      ['code', ['Y29kZT1h']],
    ])
  })

  test.each([
    ['a lone byte', [0x63, 0x3d, 0xff]],
    ['a truncated sequence', [0x63, 0x3d, 0xe2, 0x82]],
    ['an overlong form', [0x63, 0x3d, 0xc0, 0xaf]],
    ['a surrogate', [0x63, 0x3d, 0xed, 0xa0, 0x80]],
  ])('invalid UTF-8 is malformed: %s', (_, bytes) => {
    const body = Buffer.from(bytes).toString('base64')
    for (const contentType of [FORM, JSON_TYPE]) {
      expect(reasonOf({ contentType, body, isBase64Encoded: true })).toBe('body_malformed')
    }
  })
})

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
    expect(read(body, JSON_TYPE)).toEqual(expected)
  })

  test('a code implies the grant, another grant or none is left as it is', () => {
    const grant = (body: object) =>
      readForm({
        contentType: JSON_TYPE,
        body: JSON.stringify(body),
        isBase64Encoded: false,
      }).get('grant_type')
    expect(grant({ code: 'a' })).toEqual(['authorization_code'])
    expect(grant({ code: 'a', grant_type: '' })).toEqual(['authorization_code'])
    expect(grant({ code: 'a', grant_type: 'password' })).toEqual(['password'])
    expect(grant({ client_id: 'a' })).toBeUndefined()
    expect(grant({ code: '' })).toBeUndefined()
    expect(readForm({ contentType: FORM, body: 'code=a', isBase64Encoded: false }).has('grant_type')).toBe(
      false,
    )
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
