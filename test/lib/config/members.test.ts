import * as v from 'valibot'
import { describe, expect, test } from 'vitest'
import { check, isRaw, list, members, oneOf, rawItems, text } from '../../../lib/config/members.ts'

const schema = members(raw => ({
  name: text(name => (name === 'bad' ? 'is bad' : undefined)),
  kind: v.optional(oneOf(['a', 'b'], { c: 'comes later' }), 'a'),
  size: raw.kind === 'b' ? v.number() : v.exactOptional(v.number()),
  many: v.exactOptional(list(v.boolean(), items => (items.length > 1 ? 'too many' : undefined))),
}))

describe('check', () => {
  test('gives what the schema makes of a good value, defaults filled in', () => {
    expect(check(schema, { name: 'x', many: [true] })).toEqual({
      output: { name: 'x', kind: 'a', many: [true] },
    })
  })

  test('lists every problem, with its path and a fixed text', () => {
    const value = { name: 'bad', kind: 'b', many: [1, 'x', true], extra: 1, other: { name: 2 } }
    expect(check(schema, value)).toEqual({
      problems: [
        { path: 'name', message: 'is bad' },
        { path: 'size', message: 'is required' },
        { path: 'many[0]', message: 'must be true or false' },
        { path: 'many[1]', message: 'must be true or false' },
        { path: 'many', message: 'too many' },
        { path: 'extra', message: 'is not a member that is known here' },
        { path: 'other', message: 'is not a member that is known here' },
      ],
    })
  })

  test.each([
    [{ name: 1 }, 'name', 'must be a string'],
    [{ name: null }, 'name', 'must be a string'],
    [{ name: 'x', kind: 'd' }, 'kind', 'must be "a" or "b"'],
    [{ name: 'x', kind: 'c' }, 'kind', 'comes later'],
    [{ name: 'x', kind: 'toString' }, 'kind', 'must be "a" or "b"'],
    [{ name: 'x', kind: ['c'] }, 'kind', 'must be "a" or "b"'],
    [{ name: 'x', size: '1' }, 'size', 'must be a number'],
    [{ name: 'x', many: {} }, 'many', 'must be an array'],
    [{ name: 'x', constructor: 1 }, 'constructor', 'is not a member that is known here'],
    [JSON.parse('{ "name": "x", "__proto__": {} }'), '__proto__', 'is not a member that is known here'],
    [[], '', 'must be an object'],
    [null, '', 'must be an object'],
    ['x', '', 'must be an object'],
  ])('%j is refused at %j', (value, path, message) => {
    expect(check(schema, value)).toEqual({ problems: [{ path, message }] })
  })
})

test.each([
  [
    [{ a: 1 }, 'x', null, [], { b: 2 }],
    [
      [{ a: 1 }, 0],
      [{ b: 2 }, 4],
    ],
  ],
  [[1], []],
  ['x', []],
  [{ 0: {}, length: 1 }, []],
  [undefined, []],
])('the objects of %j are %j', (value, items) => {
  expect(rawItems(value)).toEqual(items)
})

test.each([
  [{}, true],
  [Object.create(null), true],
  [[], false],
  [null, false],
  ['{}', false],
  [undefined, false],
])('isRaw of %j is %j', (value, is) => {
  expect(isRaw(value)).toBe(is)
})
