import { describe, expect, test } from 'vitest'
import { REFRESHES_MAX } from '../../../lib/limits.ts'
import type { Across } from '../../../lib/session/across.ts'
import { refreshes } from '../../../lib/session/refreshes.ts'

const across: Across<string> = {
  seal: async (_, text) => text,
  open: async (_, text) => text,
  keyOf: text => `after ${text}`,
  discard: async () => {},
}

function setUp() {
  const clock = { ms: 0 }
  const made: string[] = []
  const one = refreshes<string>({
    leases: undefined,
    now: () => clock.ms,
    wait: async () => {},
    randomId: () => 'me',
    report: () => {},
  })
  const ask = (key: string) =>
    one.once(
      key,
      async () => {
        made.push(key)
        return `${key}-${made.length}`
      },
      across,
    )
  return { clock, made, ask }
}

describe('RACE-1: one refresh of each token', () => {
  test('whoever comes within the time gets what it brought; another token is another refresh', async () => {
    const { clock, ask } = setUp()
    expect(await Promise.all([ask('a'), ask('a'), ask('b')])).toEqual(['a-1', 'a-1', 'b-2'])
    clock.ms = 60_000
    expect(await ask('a')).toBe('a-1')
    clock.ms = 79_000
    expect(await ask('a')).toBe('a-3')
  })

  test('a clock that steps back forgets', async () => {
    const { clock, ask } = setUp()
    clock.ms = 50_000
    await ask('a')
    clock.ms = 0
    expect(await ask('a')).toBe('a-2')
  })

  test('only so many are kept', async () => {
    const { made, ask } = setUp()
    for (let i = 0; i < REFRESHES_MAX + 10; i++) await ask(`k${i}`)
    const before = made.length
    await ask(`k${REFRESHES_MAX + 9}`)
    expect(made.length).toBe(before)
    await ask('k0')
    expect(made.length).toBe(before + 1)
  })
})
