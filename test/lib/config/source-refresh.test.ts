import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { createSource } from '../../../lib/config/source.ts'
import {
  CONFIG_FRESH_MS,
  CONFIG_READ_MS,
  CONFIG_RETRY_MS,
  CONFIG_STALE_MAX_MS,
  CONFIG_WAIT_MS,
} from '../../../lib/limits.ts'
import { type Answer, environment, held, invalid, settled, setUp, v1, v2 } from './sources.ts'

const unhandled: unknown[] = []
const note = (error: unknown) => unhandled.push(error)
beforeEach(() => {
  unhandled.length = 0
  process.on('unhandledRejection', note)
})
afterEach(async () => {
  vi.useRealTimers()
  await settled()
  process.off('unhandledRejection', note)
  expect(unhandled).toEqual([])
})

describe('while fresh', () => {
  test('nothing is read again', async () => {
    const { clock, secret, source } = setUp()
    const { registrations } = await source.get()
    clock.ms += CONFIG_FRESH_MS
    expect((await source.get()).registrations).toBe(registrations)
    await settled()
    expect(secret.reads).toBe(1)
  })
})

describe('when stale', () => {
  test('the copy is served at once, and the new document from the next request on', async () => {
    const { clock, secret, failures, source } = setUp()
    await source.get()
    secret.answer = v2
    clock.ms += CONFIG_FRESH_MS + 1
    expect(await source.get()).toMatchObject({ registrations: { revision: 'v1' }, expired: false })
    await settled()
    expect(await source.get()).toMatchObject({ registrations: { revision: 'v2' }, expired: false })
    expect(secret.reads).toBe(2)
    expect(failures).toEqual([])
  })

  test('does not wait for the refresh, and starts one at a time', async () => {
    const { clock, secret, source } = setUp()
    await source.get()
    const later = held()
    secret.answer = later.answer
    clock.ms += CONFIG_FRESH_MS + 1
    await Promise.all([source.get(), source.get()])
    await source.get()
    expect(secret.reads).toBe(2)
    later.resolve(v2)
    await settled()
    expect((await source.get()).registrations.revision).toBe('v2')
  })

  test('an unchanged revision keeps the same object and makes it fresh again', async () => {
    const { clock, secret, source } = setUp()
    const { registrations } = await source.get()
    for (let round = 0; round < 3; round++) {
      clock.ms += CONFIG_FRESH_MS + 1
      await source.get()
      await settled()
      expect((await source.get()).registrations).toBe(registrations)
    }
    expect(secret.reads).toBe(4)
    clock.ms += CONFIG_STALE_MAX_MS
    expect((await source.get()).expired).toBe(false)
  })

  test('its age counts from the start of the read', async () => {
    const { clock, secret, source } = setUp()
    const later = held()
    secret.answer = later.answer
    const call = source.get()
    clock.ms += CONFIG_READ_MS
    later.resolve(v1)
    await call
    clock.ms += CONFIG_FRESH_MS - CONFIG_READ_MS + 1
    await source.get()
    expect(secret.reads).toBe(2)
  })
})

describe('a refresh that fails', () => {
  test('unreadable: reported once, the copy stays, and the next try comes no sooner than agreed', async () => {
    const { clock, secret, failures, source } = setUp()
    const { registrations } = await source.get()
    secret.answer = new Error('sentinel')
    clock.ms += CONFIG_FRESH_MS + 1
    for (let request = 0; request < 3; request++) {
      expect((await source.get()).registrations).toBe(registrations)
      await settled()
    }
    expect(failures).toEqual([{ reason: 'unreadable', error_name: 'Error' }])
    expect(secret.reads).toBe(2)
    clock.ms += CONFIG_RETRY_MS - 1
    await source.get()
    expect(secret.reads).toBe(2)
    clock.ms += 1
    await source.get()
    await settled()
    expect(secret.reads).toBe(3)
    expect(failures).toHaveLength(2)
  })

  test('invalid: reported with its problems, no values, and the last good document stays', async () => {
    const { clock, secret, failures, source } = setUp()
    await source.get()
    secret.answer = invalid
    clock.ms += CONFIG_FRESH_MS + 1
    await source.get()
    await settled()
    expect(await source.get()).toMatchObject({ registrations: { revision: 'v1' }, expired: false })
    expect(failures).toEqual([
      {
        reason: 'invalid',
        problems: ['clients[0].client_id: must be 1 to 255 printable ASCII characters'],
      },
    ])
    expect(JSON.stringify(failures)).not.toContain('sentinel')
  })

  test('the next try brings the new document, once the secret can be read', async () => {
    const { clock, secret, source } = setUp()
    await source.get()
    secret.answer = new Error('down')
    clock.ms += CONFIG_FRESH_MS + 1
    await source.get()
    await settled()
    secret.answer = v2
    clock.ms += CONFIG_RETRY_MS
    await source.get()
    await settled()
    expect((await source.get()).registrations.revision).toBe('v2')
  })

  test('a report that throws ends nothing', async () => {
    const clock = { ms: 0 }
    let answer: Answer = v1
    const source = createSource(environment({ secret_id: 'x' }), {
      now: () => clock.ms,
      async readSecret() {
        if (answer instanceof Error) throw answer
        return answer
      },
      report() {
        throw new Error('stdout is gone')
      },
    })
    await source.get()
    answer = new Error('down')
    clock.ms += CONFIG_FRESH_MS + 1
    expect((await source.get()).expired).toBe(false)
    await settled()
    clock.ms += CONFIG_STALE_MAX_MS
    expect((await source.get()).expired).toBe(true)
  })
})

describe('when too old', () => {
  test('the request waits for one refresh, and has the new document', async () => {
    const { clock, secret, source } = setUp()
    await source.get()
    secret.answer = v2
    clock.ms += CONFIG_STALE_MAX_MS + 1
    expect(await source.get()).toMatchObject({ registrations: { revision: 'v2' }, expired: false })
    expect(secret.reads).toBe(2)
  })

  test('concurrent requests wait for the same one', async () => {
    const { clock, secret, source } = setUp()
    await source.get()
    secret.answer = v2
    clock.ms += CONFIG_STALE_MAX_MS + 1
    const got = await Promise.all([source.get(), source.get(), source.get()])
    expect(got.map(({ registrations }) => registrations.revision)).toEqual(['v2', 'v2', 'v2'])
    expect(secret.reads).toBe(2)
  })

  test.each([
    ['unreadable', new Error('down')],
    ['invalid', invalid],
  ])('%s: the old registrations, expired, and no read for each request', async (reason, answer) => {
    const { clock, secret, failures, source } = setUp()
    const { registrations } = await source.get()
    secret.answer = answer
    clock.ms += CONFIG_STALE_MAX_MS + 1
    for (let request = 0; request < 3; request++) {
      const got = await source.get()
      expect(got.registrations).toBe(registrations)
      expect(got.expired).toBe(true)
    }
    expect(secret.reads).toBe(2)
    expect(failures.map(failure => failure.reason)).toEqual([reason])
    secret.answer = v2
    clock.ms += CONFIG_RETRY_MS
    expect(await source.get()).toMatchObject({ registrations: { revision: 'v2' }, expired: false })
  })

  test('at exactly the limit it still serves', async () => {
    const { clock, secret, source } = setUp()
    await source.get()
    secret.answer = new Error('down')
    clock.ms += CONFIG_STALE_MAX_MS
    expect((await source.get()).expired).toBe(false)
  })

  test('an hour of failing refreshes ends in expiry', async () => {
    const { clock, secret, source } = setUp()
    await source.get()
    secret.answer = new Error('down')
    const expired: boolean[] = []
    for (let minute = 1; minute <= 61; minute++) {
      clock.ms += 60_000
      expired.push((await source.get()).expired)
      await settled()
    }
    expect(expired.indexOf(true)).toBe(60)
  })

  test('a reader that hangs: expired, in time', async () => {
    const { clock, secret, failures, source } = setUp()
    await source.get()
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    secret.answer = held().answer
    clock.ms += CONFIG_STALE_MAX_MS + 1
    const call = source.get()
    await vi.advanceTimersByTimeAsync(CONFIG_READ_MS)
    expect((await call).expired).toBe(true)
    expect(failures).toEqual([{ reason: 'unreadable', error_name: 'READ_TIMEOUT' }])
  })
})

describe('a clock that steps', () => {
  test('back: the copy counts as stale, and is read again', async () => {
    const { clock, secret, source } = setUp()
    await source.get()
    secret.answer = v2
    clock.ms -= 1_000_000_000
    expect(await source.get()).toMatchObject({ registrations: { revision: 'v1' }, expired: false })
    await settled()
    expect((await source.get()).registrations.revision).toBe('v2')
  })

  test('back, and the secret stays unreadable: it expires all the same', async () => {
    const { clock, secret, source } = setUp()
    await source.get()
    secret.answer = new Error('down')
    clock.ms -= 1_000_000_000
    expect((await source.get()).expired).toBe(false)
    await settled()
    clock.ms += CONFIG_STALE_MAX_MS
    expect((await source.get()).expired).toBe(true)
  })

  test('back, after a failure: the next try does not wait for the clock to catch up', async () => {
    const { clock, secret, source } = setUp()
    await source.get()
    secret.answer = new Error('down')
    clock.ms += CONFIG_FRESH_MS + 1
    await source.get()
    await settled()
    secret.answer = v2
    clock.ms -= 1_000_000_000
    await source.get()
    await settled()
    expect((await source.get()).registrations.revision).toBe('v2')
  })
})

describe('a container that is frozen in the middle of a read', () => {
  const FREEZE = 20 * 60_000

  test('the read that broke by it is done again, and not reported', async () => {
    const { clock, secret, failures, source } = setUp()
    await source.get()
    const broken = held()
    secret.answer = broken.answer
    clock.ms += CONFIG_FRESH_MS + 1
    await source.get()
    clock.ms += FREEZE
    secret.answer = v2
    broken.reject(new Error('ECONNRESET'))
    await settled()
    expect((await source.get()).registrations.revision).toBe('v2')
    expect(secret.reads).toBe(3)
    expect(failures).toEqual([])
  })

  test('a first read too', async () => {
    const broken = held()
    const { clock, secret, source } = setUp(broken.answer)
    const call = source.get()
    clock.ms += FREEZE
    secret.answer = v2
    broken.reject(new Error('ECONNRESET'))
    expect((await call).registrations.revision).toBe('v2')
  })

  test('it is done again once, and then it has failed', async () => {
    const broken = held()
    const { clock, secret, source } = setUp(broken.answer)
    const call = source.get()
    clock.ms += FREEZE
    secret.answer = new Error('down')
    broken.reject(new Error('ECONNRESET'))
    await expect(call).rejects.toMatchObject({ reason: 'configuration_unavailable', cause: secret.answer })
    expect(secret.reads).toBe(2)
  })

  test('a first answer that was old before it came is not taken for fresh', async () => {
    const slow = held()
    const { clock, secret, source } = setUp(slow.answer)
    const call = source.get()
    clock.ms += CONFIG_STALE_MAX_MS + 1
    secret.answer = v2
    slow.resolve(v1)
    expect((await call).registrations.revision).toBe('v2')
  })
})

test('a copy of five minutes is not served unasked: what was switched off during an idle hour stays off', async () => {
  const { clock, secret, source } = setUp()
  await source.get()
  secret.answer = v2
  clock.ms += CONFIG_WAIT_MS
  // Up to there the request does not wait.
  expect((await source.get()).registrations.revision).toBe('v1')
  await settled()

  const later = setUp()
  await later.source.get()
  later.secret.answer = v2
  later.clock.ms += CONFIG_WAIT_MS + 1
  expect((await later.source.get()).registrations.revision).toBe('v2')

  const failing = setUp()
  await failing.source.get()
  failing.secret.answer = new Error('down')
  failing.clock.ms += CONFIG_WAIT_MS + 1
  const { registrations, expired } = await failing.source.get()
  expect([registrations.revision, expired]).toEqual(['v1', false])
})
