import { describe, expect, test } from 'vitest'
import { ConfigurationError } from '../../../lib/config/problems.ts'
import { parseRing } from '../../../lib/config/ring.ts'

const MASTER = 'm'.repeat(43)

test('one to write with, and those that are only read with', () => {
  expect(parseRing(JSON.stringify({ write: 'k2', k1: MASTER, k2: `${MASTER}n` }))).toEqual({
    write: 'k2',
    masters: new Map([
      ['k1', MASTER],
      ['k2', `${MASTER}n`],
    ]),
  })
})

describe('COOKIE-6: what is no ring is refused, and its values are not quoted', () => {
  test.each<[string, unknown, string[]]>([
    ['no object', [MASTER], ['session keys']],
    ['nothing in it', {}, ['session keys.write']],
    ['nobody writes', { k1: MASTER }, ['session keys.write']],
    ['the one that writes is not there', { write: 'k2', k1: MASTER }, ['session keys.write']],
    ['a short one', { write: 'k1', k1: MASTER.slice(1) }, ['session keys.k1', 'session keys.write']],
    ['one that is no text', { write: 'k1', k1: MASTER, k2: 7 }, ['session keys.k2']],
    ['a name that no header should have', { write: 'k1', k1: MASTER, 'a b': MASTER }, ['session keys']],
  ])('%s', (_, document, paths) => {
    try {
      parseRing(JSON.stringify(document))
      expect.unreachable()
    } catch (error) {
      expect((error as ConfigurationError).problems.map(({ path }) => path)).toEqual(paths)
      expect(String(error)).not.toContain('mmmm')
    }
  })

  test.each(['', '{', `{"write":"k1","k1":"${MASTER}","k1":"${MASTER}"}`])('%j', text => {
    expect(() => parseRing(text)).toThrow(ConfigurationError)
  })
})
