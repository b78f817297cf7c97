import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { ConfigurationError } from '../../../lib/config/problems.ts'
import { createSource } from '../../../lib/config/source.ts'
import { CONFIG_FIRST_RETRY_MS, CONFIG_READ_MS } from '../../../lib/limits.ts'
import { document, webClient } from './documents.ts'
import { environment, held, invalid, settled, setUp, v1, v2 } from './sources.ts'

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

describe('inline', () => {
  const noDeps = {
    now: () => 0,
    report: () => undefined,
    readSecret: () => Promise.reject(new Error('not this')),
  }

  test('is parsed once, never expires, and its revision is a hash of the text', async () => {
    const source = createSource(environment({ inline: v1.text }), noDeps)
    const first = await source.get()
    expect((await source.get()).registrations).toBe(first.registrations)
    expect(first.expired).toBe(false)
    expect(first.registrations.revision).toMatch(/^[A-Za-z0-9_-]{43}$/)
    const other = await createSource(environment({ inline: v2.text }), noDeps).get()
    expect(other.registrations.revision).not.toBe(first.registrations.revision)
  })

  test('an invalid document rejects with every problem', async () => {
    const source = createSource(environment({ inline: '{}' }), noDeps)
    await expect(source.get()).rejects.toThrow(ConfigurationError)
    await expect(source.get()).rejects.toThrow('version: is required\nclients: is required')
  })

  test('it is told whether it runs on Lambda', async () => {
    const inline = JSON.stringify(document(webClient({ issuer: 'http://127.0.0.1/as' })))
    const local = environment({ inline })
    await expect(createSource(local, noDeps).get()).resolves.toMatchObject({ expired: false })
    await expect(createSource({ ...local, onLambda: true }, noDeps).get()).rejects.toThrow('on Lambda')
  })
})

describe('the first read', () => {
  test('reads nothing before it is asked, then the secret by its id', async () => {
    const { secret, source } = setUp()
    expect(secret.reads).toBe(0)
    const { registrations, expired } = await source.get()
    expect(secret.ids).toEqual(['countersign/config'])
    expect(registrations.revision).toBe('v1')
    expect(expired).toBe(false)
  })

  test('concurrent calls share one read', async () => {
    const later = held()
    const { secret, source } = setUp(later.answer)
    const calls = [source.get(), source.get(), source.get()]
    later.resolve(v1)
    const got = await Promise.all(calls)
    expect(secret.reads).toBe(1)
    expect(new Set(got.map(({ registrations }) => registrations)).size).toBe(1)
  })

  test('an unreadable secret: configuration_unavailable, with its cause, for all who wait, and remembered for a moment only', async () => {
    const { clock, secret, failures, source } = setUp(new Error('AccessDenied sentinel'))
    const results = await Promise.allSettled([source.get(), source.get()])
    for (const result of results) {
      expect(result).toMatchObject({
        status: 'rejected',
        reason: {
          reason: 'configuration_unavailable',
          message: 'configuration_unavailable',
          cause: secret.answer,
        },
      })
    }
    // The first failure may have been that of the init: the request after it has its own try.
    await expect(source.get()).rejects.toMatchObject({ reason: 'configuration_unavailable' })
    expect(secret.reads).toBe(2)
    // From there on a stranger's requests in the same second cost nothing more.
    clock.ms += CONFIG_FIRST_RETRY_MS - 1
    await expect(source.get()).rejects.toMatchObject({ reason: 'configuration_unavailable' })
    expect(secret.reads).toBe(2)
    secret.answer = v1
    clock.ms += 1
    expect((await source.get()).registrations.revision).toBe('v1')
    expect(failures).toEqual([])
  })

  test('an init that failed does not fail the first request', async () => {
    const { secret, source } = setUp(new Error('ThrottlingException'))
    await expect(source.get()).rejects.toMatchObject({ reason: 'configuration_unavailable' })
    secret.answer = v1
    expect((await source.get()).registrations.revision).toBe('v1')
  })

  test('an invalid document: its problems, and remembered for a moment only', async () => {
    const { clock, secret, source } = setUp(invalid)
    await expect(source.get()).rejects.toThrow(ConfigurationError)
    secret.answer = v1
    clock.ms += CONFIG_FIRST_RETRY_MS
    expect((await source.get()).registrations.revision).toBe('v1')
  })

  test('a reader that throws before it gives a promise', async () => {
    const source = createSource(environment({ secret_id: 'x' }), {
      now: () => 0,
      report: () => undefined,
      readSecret() {
        throw new Error('no client')
      },
    })
    await expect(source.get()).rejects.toMatchObject({ reason: 'configuration_unavailable' })
  })

  test('a reader that hangs is ended in time, and told so by its signal', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    const { clock, secret, source } = setUp(held().answer)
    const call = source.get()
    const refused = expect(call).rejects.toMatchObject({ reason: 'configuration_unavailable' })
    await vi.advanceTimersByTimeAsync(CONFIG_READ_MS - 1)
    expect(secret.signals[0]?.aborted).toBe(false)
    await vi.advanceTimersByTimeAsync(1)
    await refused
    expect(secret.signals[0]?.aborted).toBe(true)
    secret.answer = v1
    clock.ms += CONFIG_FIRST_RETRY_MS
    expect((await source.get()).registrations.revision).toBe('v1')
  })

  test('a read that answers or fails after its time is without effect', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    const late = held()
    const { clock, secret, source } = setUp(late.answer)
    const refused = expect(source.get()).rejects.toMatchObject({ reason: 'configuration_unavailable' })
    await vi.advanceTimersByTimeAsync(CONFIG_READ_MS)
    await refused
    late.reject(new Error('ECONNRESET'))
    secret.answer = v2
    clock.ms += CONFIG_FIRST_RETRY_MS
    expect((await source.get()).registrations.revision).toBe('v2')
  })

  test('leaves no timer behind', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    await setUp().source.get()
    expect(vi.getTimerCount()).toBe(0)
  })
})
