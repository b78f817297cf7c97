import { describe, expect, test } from 'vitest'
import { ProxyError } from '../../../lib/errors.ts'
import { LEASE_WAIT_MS } from '../../../lib/limits.ts'
import {
  type Across,
  type Ended,
  endAcross,
  isEndedAcross,
  type LeasesDeps,
  leased,
} from '../../../lib/session/across.ts'
import type { LeaseStore } from '../../../lib/session/leases.ts'

// One container's part, against a store that answers as a test says.

const sealed = (result: string | Ended, of = 'key') => JSON.stringify({ of, result })

/** Leases of nobody else's, but for what a test changes; and what came of it. */
function setUp(changes: Partial<LeaseStore> = {}, { step = 150 } = {}) {
  const clock = { ms: 1_800_000_000_000 }
  const seen = { reports: [] as unknown[], calls: [] as string[], discarded: [] as string[] }
  const called = (call: string) => void seen.calls.push(call)
  const leases: LeaseStore = {
    take: async () => 'taken',
    finish: async () => true,
    release: async () => called('release'),
    replace: async (_, text) => called(`replace by ${text}`),
    look: async () => undefined,
    ...changes,
  }
  const deps: LeasesDeps = {
    leases,
    now: () => clock.ms,
    wait: async () => {
      clock.ms += step
    },
    randomId: () => 'me',
    report: error => void seen.reports.push(error),
  }
  const across: Across<string> = {
    seal: async (key, result) => sealed(result, key),
    open: async (key, text) => {
      const { of, result } = JSON.parse(text)
      return of === key ? result : undefined
    },
    keyOf: result => `after ${result}`,
    discard: async result => void seen.discarded.push(result),
  }
  const ask = (work: () => Promise<string> = async () => 'mine') => leased(deps, 'key', work, across)
  return { deps, across, ask, seen, clock }
}

const DOWN = new Error('down')
const down = () => Promise.reject(DOWN)
const reason = (error: ProxyError) => error.reason

describe('RACE-1: somebody else is at it', () => {
  /** What a table says, once for each time it is asked, the last for ever. */
  const answers = (...all: Awaited<ReturnType<LeaseStore['take']>>[]) => {
    const asked = { times: 0 }
    return { asked, take: async () => all[Math.min(asked.times++, all.length - 1)]! }
  }

  test('who is waited for: what it brings is handed on, and no work is done', async () => {
    const { take, asked } = answers('held', 'held', { sealed: sealed('theirs') })
    const { ask, seen } = setUp({ take })
    expect(await ask(() => expect.unreachable())).toBe('theirs')
    expect([asked.times, seen]).toEqual([3, { reports: [], calls: [], discarded: [] }])
  })

  test('and gives its lease back: then it is our turn', async () => {
    expect(await setUp(answers('held', 'taken')).ask()).toBe('mine')
  })

  test('and has heard of a logout', async () => {
    const { ask } = setUp(answers({ sealed: sealed('ended') }))
    expect(await ask(() => expect.unreachable()).catch(reason)).toBe('session_ended')
  })

  test.each([
    ['for as long as a request can wait', 150, Math.floor(LEASE_WAIT_MS / 150) + 1],
    ['no longer where the clock steps back: it may have been for that long', -1, 1],
  ])('and does not end: %s', async (_, step, times) => {
    const { take, asked } = answers('held')
    expect(
      await setUp({ take }, { step })
        .ask(() => expect.unreachable())
        .catch(reason),
    ).toBe('refresh_under_way')
    expect(asked.times).toBe(times)
  })

  test('or what is in its place is the result of something else', async () => {
    const { take } = answers({ sealed: sealed('of somebody else', 'other') }, { sealed: sealed('theirs') })
    expect(await setUp({ take }).ask()).toBe('theirs')
  })
})

describe('REV-2: what is brought when the lease is ours no more', () => {
  const finish = async () => false

  test('is taken back where there was a logout', async () => {
    const { ask, seen } = setUp({ finish, look: async () => sealed('ended') })
    expect(await ask().catch(reason)).toBe('session_ended')
    expect(seen.discarded).toEqual(['mine'])
  })

  test.each([
    ['somebody else has refreshed since', sealed('theirs')],
    ['nobody has', undefined],
  ])('is given where %s', async (_, text) => {
    const { ask, seen } = setUp({ finish, look: async () => text })
    expect(await ask()).toBe('mine')
    expect(seen).toEqual({ reports: [], calls: [], discarded: [] })
  })
})

describe('a store that cannot be reached is as none, and is reported', () => {
  test.each<[string, Partial<LeaseStore>]>([
    ['take', { take: down }],
    ['finish', { finish: down }],
    ['look', { finish: async () => false, look: down }],
  ])('%s: the refresh goes on', async (_, changes) => {
    const { ask, seen } = setUp(changes)
    expect(await ask()).toBe('mine')
    expect(seen).toEqual({ reports: [DOWN], calls: [], discarded: [] })
  })

  test('release: the refresh has failed as it has failed', async () => {
    const { ask, seen } = setUp({ release: down })
    const unreachable = () => Promise.reject(new ProxyError('upstream_unreachable'))
    expect(await ask(unreachable).catch(reason)).toBe('upstream_unreachable')
    expect(seen.reports).toEqual([DOWN])
  })

  test('look: nobody is signed out', async () => {
    const { deps, across, seen } = setUp({ look: down })
    expect(await isEndedAcross(deps, 'key', across)).toBe(false)
    expect(seen.reports).toEqual([DOWN])
  })

  test.each<[string, Partial<LeaseStore>]>([
    ['look', { look: down }],
    ['replace', { replace: down }],
  ])('%s: a logout goes on', async (_, changes) => {
    const { deps, across, seen } = setUp(changes)
    expect(await endAcross(deps, 'key', across)).toBeUndefined()
    expect(seen.reports).toEqual([DOWN])
  })

  test('and of one that is not there, there is nothing to report', async () => {
    const { deps, across, seen } = setUp()
    const without = { ...deps, leases: undefined }
    expect(await leased(without, 'key', async () => 'mine', across)).toBe('mine')
    expect(await isEndedAcross(without, 'key', across)).toBe(false)
    expect(await endAcross(without, 'key', across)).toBeUndefined()
    expect(seen.reports).toEqual([])
  })
})

describe('REV-2: a logout', () => {
  test.each([
    ['what another container has brought', sealed('theirs'), 'theirs', false],
    ['nothing, where there was one already', sealed('ended'), undefined, true],
    ['nothing, where nobody has refreshed', undefined, undefined, false],
    ['nothing of another session', sealed('theirs', 'other'), undefined, false],
  ])('finds %s, and leaves word', async (_, text, result, over) => {
    const { deps, across, seen } = setUp({ look: async () => text })
    expect(await isEndedAcross(deps, 'key', across)).toBe(over)
    expect(await endAcross(deps, 'key', across)).toBe(result)
    expect(seen).toEqual({ reports: [], calls: [`replace by ${sealed('ended')}`], discarded: [] })
  })
})
