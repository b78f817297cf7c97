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
    expect(read('{"grant_type":"x"}', contentType)).toEqual([['grant_type', ['x']]])
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
    const expected = pairs.map(([name, value]) => [name, [value]])
    expect(read(new URLSearchParams(pairs).toString())).toEqual(expected)
    const body = JSON.stringify(Object.fromEntries(pairs))
    expect(read(body, JSON_TYPE)).toEqual(expect.arrayContaining(expected))
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
