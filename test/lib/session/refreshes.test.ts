import { describe, expect, test } from 'vitest'
import { REFRESHES_MAX } from '../../../lib/limits.ts'
import type { Across } from '../../../lib/session/across.ts'
import { refreshes } from '../../../lib/session/refreshes.ts'

function setUp(keyOf = (text: string) => `after ${text}`) {
  const clock = { ms: 0 }
  const made: string[] = []
  const discarded: string[] = []
  const across: Across<string> = {
    seal: async (_, text) => text,
    open: async (_, text) => text,
    keyOf,
    discard: async text => void discarded.push(text),
  }
  const one = refreshes<string>({
    leases: undefined,
    now: () => clock.ms,
    // Longer than anything takes here.
    wait: () => new Promise(resolve => setImmediate(resolve)),
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
  const end = (key: string) => one.end(key, across)
  return { clock, made, discarded, ask, end }
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

describe('REV-2: the end of what lives by a token', () => {
  test('nobody is given anything by it any more, and no provider is asked', async () => {
    const { made, ask, end } = setUp()
    expect(await end('a')).toBeUndefined()
    await expect(ask('a')).rejects.toMatchObject({ reason: 'session_ended' })
    expect(made).toEqual([])
  })

  test('while it is refreshed: all who wait hear of it, and what it brings is taken back once', async () => {
    const { discarded, ask, end } = setUp()
    const waiting = ['a', 'a', 'a'].map(key => ask(key).catch(error => error.reason))
    expect(await end('a')).toBe('a-1')
    expect(await Promise.all(waiting)).toEqual(Array(3).fill('session_ended'))
    expect(discarded).toEqual(['a-1'])
  })

  test('comes to an end where a refresh has brought the same tokens again', async () => {
    const { ask, end } = setUp(() => 'a')
    await ask('a')
    expect(await end('a')).toBe('a-1')
  })

  test('finds what it has brought for as long as that is kept', async () => {
    const { clock, ask, end } = setUp()
    await ask('a')
    clock.ms = 60_000
    expect(await end('a')).toBe('a-1')
    await ask('b')
    clock.ms += 79_000
    expect(await end('b')).toBeUndefined()
  })

  test('is known for that long, and of so many: then the provider says what has become of the token', async () => {
    const { clock, made, ask, end } = setUp()
    await end('a')
    clock.ms = 79_000
    await ask('a')
    for (let i = 0; i < REFRESHES_MAX + 10; i++) await end(`k${i}`)
    await expect(ask(`k${REFRESHES_MAX + 9}`)).rejects.toMatchObject({ reason: 'session_ended' })
    await ask('k0')
    expect(made).toEqual(['a', 'k0'])
  })
})
