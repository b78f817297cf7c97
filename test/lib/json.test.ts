import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { hasRepeatedMembers } from '../../lib/json.ts'

const repeated = (text: string): boolean => hasRepeatedMembers(text, JSON.parse(text))

describe('a member that stands twice in one object', () => {
  test.each([
    '{"a":1,"a":1}',
    '{"a":1,"b":2,"a":3}',
    '{"a":1,"\\u0061":2}',
    '{"a":{"x":1},"a":2}',
    '{"a":2,"a":{"x":1}}',
    '{"a":[{"x":1}],"a":2}',
    '{"a" : 1 ,\n"a"\t: 2}',
    '[{"a":1},{"a":1,"a":2}]',
    '{"x":{"y":{"a":1,"a":2}}}',
    '{"":1,"":2}',
    '{"__proto__":1,"__proto__":2}',
    '{"a":"\\"","a":"\\\\"}',
    '{"1":1,"1":2}',
  ])('is found: %s', text => {
    expect(repeated(text)).toBe(true)
  })

  test.each([
    '{}',
    '[]',
    '"a"',
    'null',
    '{"a":1,"A":1}',
    '{"a" : 1 , "b"\n\t: 2}',
    '{"a":{"a":{"a":1}}}',
    '[{"a":1},{"a":1}]',
    '{"a":"a","b":"\\"a\\":1"}',
    '{"a":"{\\"a\\":1,\\"a\\":2}"}',
    '{"a":"x:","b":":"}',
    '{"a":["a","a"]}',
    '{"__proto__":1,"constructor":2}',
    '{"\\\\":"\\\\","\\"":"\\""}',
    '{"a":"\u2028\u2029"}',
  ])('is not seen where there is none: %s', text => {
    expect(repeated(text)).toBe(false)
  })

  test('no value that is written by JSON.stringify has one', () => {
    fc.assert(
      fc.property(
        fc.jsonValue({ stringUnit: 'binary' }),
        fc.constantFrom(undefined, 2, '\t'),
        (value, space) => {
          expect(repeated(JSON.stringify(value, null, space))).toBe(false)
        },
      ),
      { numRuns: 500 },
    )
  })

  test('and every object to which one is added has one', () => {
    fc.assert(
      fc.property(
        fc.dictionary(fc.string(), fc.jsonValue(), { minKeys: 1 }),
        fc.jsonValue(),
        (value, again) => {
          const name = JSON.stringify(Object.keys(value)[0])
          const text = `${JSON.stringify(value).slice(0, -1)},${name}:${JSON.stringify(again)}}`
          expect(repeated(text)).toBe(true)
        },
      ),
      { numRuns: 500 },
    )
  })
})
