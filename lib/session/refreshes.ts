import { ProxyError } from '../errors.ts'
import { LEASE_S, LEASE_WAIT_MS, REFRESHES_MAX, RESULT_KEPT_S } from '../limits.ts'
import { type Across, endAcross, isEndedAcross, type LeasesDeps, leased } from './across.ts'

/** One refresh of one refresh token, whoever asks and however often (requirement RACE-1). */
export interface Refreshes<Result> {
  /**
   * What `work` gives; from its beginning until RESULT_KEPT_S after it, all who come with the same key get the same. A
   * failure is only shared with those who wait for it. Rejects as `work` does, with ProxyError `refresh_under_way` where another
   * container has begun and not ended, and with `session_ended` where the session was ended meanwhile.
   */
  once(key: string, work: () => Promise<Result>, across: Across<Result>): Promise<Result>
  /**
   * Ends what lives by this key: from now on nobody is given what a refresh brings, not even one that is under way. It is
   * waited for, for a while. Never rejects.
   *
   * @returns what the newest refresh has brought, where there was one: that is what has to be revoked
   */
  end(key: string, across: Across<Result>): Promise<Result | undefined>
}

/** Refreshes of refreshes that a session can be behind by: each takes as long as an access token lives. */
const BEHIND_MAX = 3

interface Flight<Result> {
  result: Promise<Result>
  began: number
}

export function refreshes<Result>(deps: LeasesDeps): Refreshes<Result> {
  const { now, wait } = deps
  const flights = new Map<string, Flight<Result>>()
  /** When each was ended. */
  const ended = new Map<string, number>()

  function forget(): void {
    const isOld = (since: number) => now() - since < 0 || now() - since > (RESULT_KEPT_S + LEASE_S) * 1000
    for (const [key, { began }] of flights) {
      if (isOld(began) || flights.size > REFRESHES_MAX) flights.delete(key)
    }
    for (const [key, since] of ended) if (isOld(since) || ended.size > REFRESHES_MAX) ended.delete(key)
  }

  function begin(key: string, work: () => Promise<Result>, across: Across<Result>): Promise<Result> {
    const result = leased(deps, key, work, across)
    flights.set(key, { result, began: now() })
    result.catch(() => flights.delete(key))
    return result
  }

  return {
    async once(key, work, across) {
      forget()
      if (ended.has(key)) throw new ProxyError('session_ended')
      let own = false
      const mine = () => {
        own = true
        return work()
      }
      const result = await (flights.get(key)?.result ?? begin(key, mine, across))
      // Ended while it was under way; or later, by whoever had what it has brought: here, or in another container.
      const next = across.keyOf(result)
      const here = ended.has(key) || ended.has(next)
      if (!here && (own || !(await isEndedAcross(deps, next, across)))) return result
      if (own) await across.discard(result)
      throw new ProxyError('session_ended')
    },
    async end(key, across) {
      forget()
      let newest: Result | undefined
      for (let at = key, behind = 0; behind < BEHIND_MAX; behind++) {
        ended.set(at, now())
        const here = flights.get(at)?.result.catch(() => undefined)
        const there = endAcross(deps, at, across)
        // Who is at it takes back by himself what comes later.
        const result = (here && (await Promise.race([here, wait(LEASE_WAIT_MS)]))) ?? (await there)
        if (result === undefined) break
        newest = result
        at = across.keyOf(result)
      }
      return newest
    },
  }
}
