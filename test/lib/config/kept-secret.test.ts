import { describe, expect, test } from 'vitest'
import { keptSecret } from '../../../lib/config/kept-secret.ts'
import { CONFIG_FIRST_RETRY_MS, CONFIG_READ_MS } from '../../../lib/limits.ts'

/** A secret over a literal clock; the reads under way, each to be answered by the test. */
function setUp() {
  const clock = { ms: 1_700_000_000_000 }
  const reads: PromiseWithResolvers<{ text: string; revision: string }>[] = []
  const secret = keptSecret('s', text => ({ text }), {
    now: () => clock.ms,
    report: () => {},
    readSecret() {
      const read = Promise.withResolvers<{ text: string; revision: string }>()
      reads.push(read)
      return read.promise
    },
  })
  const answer = (nth: number, text: string) => reads[nth]!.resolve({ text, revision: text })
  const fail = (nth: number) => reads[nth]!.reject(new Error('down'))
  return { clock, reads, secret, answer, fail }
}

const settled = () => new Promise(resolve => setImmediate(resolve))

describe('COOKIE-6: what is to be renewed since a moment', () => {
  /** One that holds what was read at `clock.ms`. */
  async function holding() {
    const all = setUp()
    const first = all.secret.get()
    all.answer(0, 'one')
    await first
    return all
  }

  test('is not read again where what is held was read at that moment, or later', async () => {
    const { clock, reads, secret } = await holding()
    expect(await secret.renewed(clock.ms)).toBe(true)
    expect(await secret.renewed(clock.ms - 1)).toBe(true)
    expect(reads).toHaveLength(1)
  })

  test('is read once, and what has come serves from then on', async () => {
    const { clock, reads, secret, answer } = await holding()
    clock.ms += 5
    const renewed = secret.renewed(clock.ms)
    answer(1, 'two')
    expect(await renewed).toBe(true)
    expect((await secret.get()).value).toEqual({ text: 'two' })
    expect(reads).toHaveLength(2)
  })

  test('is read once more where a read was under way that had begun before', async () => {
    const { clock, reads, secret, answer } = await holding()
    clock.ms += 5
    const before = secret.renewed(clock.ms)
    clock.ms += 5
    const after = secret.renewed(clock.ms)
    expect(reads).toHaveLength(2)
    answer(1, 'two')
    expect(await before).toBe(true)
    await settled()
    answer(2, 'three')
    expect(await after).toBe(true)
    expect((await secret.get()).value).toEqual({ text: 'three' })
    expect(reads).toHaveLength(3)
  })

  test('and cannot be read: it is tried twice, what is held stays, and is not said to be confirmed', async () => {
    const { clock, reads, secret, fail } = await holding()
    clock.ms += 5
    const renewed = secret.renewed(clock.ms)
    fail(1)
    await settled()
    fail(2)
    expect(await renewed).toBe(false)
    expect((await secret.get()).value).toEqual({ text: 'one' })
    expect(reads).toHaveLength(3)
  })

  test('is read where nothing is held yet', async () => {
    const { clock, reads, secret, answer } = setUp()
    const renewed = secret.renewed(clock.ms)
    answer(0, 'one')
    expect(await renewed).toBe(true)
    expect(reads).toHaveLength(1)
  })
})

describe('a read that fails', () => {
  test.each([
    ['in as long as a read may take', CONFIG_READ_MS, 1],
    ['in twice that', 2 * CONFIG_READ_MS, 1],
    ['later: the container was frozen meanwhile', 2 * CONFIG_READ_MS + 1, 2],
  ])('%s (%d ms): reads: %d', async (_, ms, times) => {
    const { clock, reads, secret, answer, fail } = setUp()
    const got = secret.get().then(
      ({ value }) => value.text,
      ({ reason }) => reason,
    )
    clock.ms += ms
    fail(0)
    await settled()
    if (times > 1) answer(1, 'one')
    expect([await got, reads.length]).toEqual([times > 1 ? 'one' : 'configuration_unavailable', times])
  })

  test('again and again, without a copy: a clock that steps back holds nobody off', async () => {
    const { clock, reads, secret, answer, fail } = setUp()
    for (const nth of [0, 1]) {
      const failing = secret.get()
      fail(nth)
      await expect(failing).rejects.toMatchObject({ reason: 'configuration_unavailable' })
    }
    // Remembered for a moment.
    await expect(secret.get()).rejects.toMatchObject({ reason: 'configuration_unavailable' })
    expect(reads).toHaveLength(2)
    clock.ms -= CONFIG_FIRST_RETRY_MS
    const got = secret.get()
    answer(2, 'one')
    expect((await got).value).toEqual({ text: 'one' })
  })
})
