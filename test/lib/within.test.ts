import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { inTime, wait, within } from '../../lib/within.ts'

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
})
afterEach(() => {
  expect(vi.getTimerCount()).toBe(0)
  vi.useRealTimers()
})

const never = new Promise<never>(() => {})

describe('what comes', () => {
  test('in time is its value', async () => {
    expect(await within(10, Promise.resolve('a'))).toBe('a')
  })

  test('too late is undefined', async () => {
    const late = within(10, never)
    await vi.advanceTimersByTimeAsync(10)
    expect(await late).toBeUndefined()
  })

  test('to nothing in time is its error, and of no account where nobody needs it', async () => {
    await expect(within(10, Promise.reject(new Error('down')))).rejects.toThrow('down')
    await expect(inTime(10, () => Promise.reject(new Error('down')))).resolves.toBeUndefined()
  })
})

test('a wait ends when its time is over, and not before', async () => {
  const ended = vi.fn()
  const waiting = wait(150).then(ended)
  await vi.advanceTimersByTimeAsync(149)
  expect(ended).not.toHaveBeenCalled()
  await vi.advanceTimersByTimeAsync(1)
  await waiting
  expect(ended).toHaveBeenCalledOnce()
})
