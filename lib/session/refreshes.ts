import { ProxyError, type Reason } from '../errors.ts'
import { LEASE_POLL_MS, LEASE_S, LEASE_WAIT_MS, REFRESHES_MAX, RESULT_KEPT_S } from '../limits.ts'
import type { LeaseStore } from './leases.ts'

/** One refresh of one refresh token, whoever asks and however often (requirement RACE-1). */
export interface Refreshes<Result> {
  /**
   * What `work` gives; from its beginning until RESULT_KEPT_S after it, all who come with the same key get the same. A
   * failure is only shared with those who wait for it. Rejects as `work` does, and with ProxyError `refresh_under_way` where another
   * container has begun and not ended.
   */
  once(key: string, work: () => Promise<Result>, across: Across<Result>): Promise<Result>
}

/** How a result goes to another container. */
export interface Across<Result> {
  seal(result: Result): Promise<string>
  open(sealed: string): Promise<Result | undefined>
}

export interface RefreshesDeps {
  leases: LeaseStore | undefined
  /** Milliseconds since the epoch; may step. */
  now(): number
  wait(ms: number): Promise<void>
  randomId(): string
  /** Told where the store could not be reached, in fixed words: the refresh then goes on as if there were none. */
  report(error: unknown): void
}

/** After these nothing has left, so that the next one may try at once. */
const NOTHING_SENT: ReadonlySet<Reason> = new Set([
  'signer_unavailable',
  'signer_misconfigured',
  'upstream_unreachable',
  'scope_refused',
])

interface Flight<Result> {
  result: Promise<Result>
  began: number
}

export function refreshes<Result>({ leases, now, wait, randomId, report }: RefreshesDeps): Refreshes<Result> {
  const flights = new Map<string, Flight<Result>>()

  const seconds = () => Math.floor(now() / 1000)

  function forget(): void {
    for (const [key, { began }] of flights) {
      const age = now() - began
      if (age < 0 || age > (RESULT_KEPT_S + LEASE_S) * 1000 || flights.size > REFRESHES_MAX)
        flights.delete(key)
    }
  }

  async function leased(
    key: string,
    work: () => Promise<Result>,
    { seal, open }: Across<Result>,
    store: LeaseStore,
  ): Promise<Result> {
    const owner = randomId()
    const began = now()
    const inTime = () => now() - began >= 0 && now() - began <= LEASE_WAIT_MS
    do {
      // A store that is down must not end every session: then the refresh goes on as if there were none. What was written
      // all the same, and only the answer lost, is ended as if it had been heard.
      const got = await store.take(key, owner, seconds()).catch(error => {
        report(error)
        return 'taken' as const
      })
      if (got === 'taken') return shared(store, key, owner, work, seal)
      const result = got === 'held' ? undefined : await open(got.sealed)
      if (result !== undefined) return result
      await wait(LEASE_POLL_MS)
    } while (inTime())
    throw new ProxyError('refresh_under_way')
  }

  async function shared(
    store: LeaseStore,
    key: string,
    owner: string,
    work: () => Promise<Result>,
    seal: Across<Result>['seal'],
  ): Promise<Result> {
    const result = await work().catch(async error => {
      // Whatever else has happened may have spent the token: the lease then runs out by itself.
      if (error instanceof ProxyError && NOTHING_SENT.has(error.reason)) {
        await store.release(key, owner).catch(report)
      }
      throw error
    })
    await seal(result)
      .then(sealed => store.finish(key, owner, sealed, seconds()))
      .catch(report)
    return result
  }

  return {
    once(key, work, across) {
      forget()
      const known = flights.get(key)
      if (known) return known.result
      const result = leases ? leased(key, work, across, leases) : work()
      flights.set(key, { result, began: now() })
      result.catch(() => flights.delete(key))
      return result
    },
  }
}
