import { POLL_EARLY_MS, POLL_INTERVAL_S, POLLS_MAX } from '../limits.ts'

/**
 * How fast the devices that wait for their user may ask, so that a loop in a device costs no signatures (RFC 8628
 * section 3.5). Kept for one container: another one does not know of it, and the provider keeps count itself.
 */
export interface PollIntervals {
  /** The provider has named an interval, in seconds, for this device_code. */
  name(device_code: string, interval: number | undefined): void
  /** Whether it is time; if so, this is the time that the next one is counted from. */
  isTime(device_code: string): boolean
  /** The poll did not get to the provider, by no fault of the device's: it does not count. */
  again(device_code: string): void
  /** RFC 8628 section 3.5, `slow_down`: five seconds more, for this and all later requests. */
  slowDown(device_code: string): void
}

interface Polling {
  intervalMs: number
  lastAt: number
}

/** `digest` names a device_code without being one: nothing that could be redeemed is kept. */
export function pollIntervals(now: () => number, digest: (device_code: string) => string): PollIntervals {
  const known = new Map<string, Polling>()

  function remember(device_code: string, polling: Polling): void {
    const key = digest(device_code)
    // At the end again: the ones that have not been asked for longest are the first to go.
    known.delete(key)
    known.set(key, polling)
    const [oldest] = known.keys()
    if (known.size > POLLS_MAX && oldest !== undefined) known.delete(oldest)
  }

  const find = (device_code: string): Polling =>
    known.get(digest(device_code)) ?? { intervalMs: POLL_INTERVAL_S * 1000, lastAt: Number.NEGATIVE_INFINITY }

  return {
    name(device_code, interval = POLL_INTERVAL_S) {
      remember(device_code, { ...find(device_code), intervalMs: interval * 1000 })
    },
    isTime(device_code) {
      const polling = find(device_code)
      const waited = now() - polling.lastAt
      // A clock that steps back must not lock a device out.
      if (waited >= 0 && waited < polling.intervalMs - POLL_EARLY_MS) return false
      remember(device_code, { ...polling, lastAt: now() })
      return true
    },
    again(device_code) {
      remember(device_code, { ...find(device_code), lastAt: Number.NEGATIVE_INFINITY })
    },
    slowDown(device_code) {
      const polling = find(device_code)
      remember(device_code, { ...polling, intervalMs: polling.intervalMs + POLL_INTERVAL_S * 1000 })
    },
  }
}
