import { describe, expect, test } from 'vitest'
import type { ConfigurationError } from '../../../lib/config/problems.ts'
import { parseRing } from '../../../lib/config/ring.ts'

const MASTER = 'm'.repeat(43)

function problemsOf(text: string): string[] {
  try {
    parseRing(text)
  } catch (error) {
    expect(String(error)).not.toContain('mmmm')
    return (error as ConfigurationError).problems.map(({ path, message }) => `${path}: ${message}`)
  }
  throw new Error('was not refused')
}

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
  const WRITE = 'session keys.write: must name one of the keys'
  test.each<[string, unknown, string[]]>([
    ['no object', [MASTER], ['session keys: must be a JSON object of strings']],
    ['nothing in it', {}, [WRITE]],
    ['nobody writes', { k1: MASTER }, [WRITE]],
    ['the one that writes is not there', { write: 'k2', k1: MASTER }, [WRITE]],
    ['the one that writes is no name', { write: ['k1'], k1: MASTER }, [WRITE]],
    [
      'a short one',
      { write: 'k1', k1: MASTER.slice(1) },
      ['session keys.k1: must have at least 43 characters', WRITE],
    ],
    [
      'one that is no text',
      { write: 'k1', k1: MASTER, k2: [...MASTER] },
      ['session keys.k2: must have at least 43 characters'],
    ],
    [
      'a name that no header should have',
      { write: 'k1', k1: MASTER, 'a b': MASTER },
      ['session keys: has a key of an unfit name'],
    ],
  ])('%s', (_, document, lines) => {
    expect(problemsOf(JSON.stringify(document))).toEqual(lines)
  })

  test.each([
    ['', 'are not JSON'],
    ['{', 'are not JSON'],
    [`{"write":"k1","k1":"${MASTER}","k1":"${MASTER}"}`, 'must be a JSON object of strings'],
  ])('%j', (text, message) => {
    expect(problemsOf(text)).toEqual([`session keys: ${message}`])
  })
})
