import { expect, test } from 'vitest'
import { plain, plainJson, plainLines, shown } from '../../cli/plain.ts'

const UNSEEN = [
  '\u0000',
  '\u001b',
  '\u007f',
  '\u0080',
  '\u009b',
  '\u009f',
  '\u200b',
  '\u202e',
  '\u2066',
  '\u2028',
  '\u2029',
  '\ufeff',
  '\u{e0041}',
]

test.each(UNSEEN)('%j is taken out of text, and is the same in JSON', character => {
  const text = `a${character}b`
  expect(plain(text)).toBe('a�b')
  expect(plainLines(text)).toBe('a�b')
  expect(shown({ [text]: 1 })).not.toContain(character)
  expect(plainJson({ [text]: text })).not.toContain(character)
  expect(JSON.parse(plainJson({ [text]: text }))).toEqual({ [text]: text })
})

test('what can be seen stays', () => {
  expect(plain('Grüße, 日本 – 🙂')).toBe('Grüße, 日本 – 🙂')
})

test('lines stay lines where they are ours', () => {
  expect([plain('a\nb'), plainLines('a\nb\r')]).toEqual(['a�b', 'a\nb�'])
  expect(plainJson({ a: 'b\n' }, 2)).toBe('{\n  "a": "b\\n"\n}')
})

test.each([
  ['x', 'x'],
  [undefined, '(none)'],
  [null, 'null'],
  [1e20, '100000000000000000000'],
  [{ toString: 1 }, '{"toString":1}'],
])('%j is shown as %s', (value, wanted) => {
  expect(shown(value)).toBe(wanted)
})
