import { ProxyError, type Reason } from '../errors.ts'
import { LEASE_POLL_MS, LEASE_WAIT_MS } from '../limits.ts'
import type { LeaseStore } from './leases.ts'

/** How a result goes to another container, and what it is found by. */
export interface Across<Result> {
  seal(key: string, result: Result | Ended): Promise<string>
  /** Undefined where it is not the result of that key. */
  open(key: string, sealed: string): Promise<Result | Ended | undefined>
  /** The key of the refresh that comes after it. */
  keyOf(result: Result): string
}

/** In place of a result: the session is over. */
export const ENDED = 'ended'
export type Ended = typeof ENDED

export interface LeasesDeps {
  leases: LeaseStore | undefined
  /** Milliseconds since the epoch; may step. */
  now(): number
  wait(ms: number): Promise<void>
  randomId(): string
  /** Told where the store could not be reached, in fixed words: it then goes on as if there were none. */
  report(error: unknown): void
}

/** Whose turn it is: ours, by this owner's name; somebody else's, who has ended; or of one who has not ended yet. */
type Turn<Result> = { owner: string } | { result: Result | Ended } | undefined

/** A store that is down must not end every session: it is as none. */
async function turn<Result>(
  { leases, now, wait, randomId, report }: LeasesDeps & { leases: LeaseStore },
  key: string,
  { open }: Across<Result>,
): Promise<Turn<Result>> {
  const owner = randomId()
  const began = now()
  const inTime = () => now() - began >= 0 && now() - began <= LEASE_WAIT_MS
  do {
    // What was written all the same, and only the answer lost, is ended as if it had been heard.
    const got = await leases.take(key, owner, seconds(now)).catch(error => {
      report(error)
      return 'taken' as const
    })
    if (got === 'taken') return { owner }
    const result = got === 'held' ? undefined : await open(key, got.sealed)
    if (result !== undefined) return { result }
    await wait(LEASE_POLL_MS)
  } while (inTime())
  return undefined
}

/** The work, done by one container of all; without a store, by this one. Rejects as `Refreshes.once` says. */
export async function leased<Result>(
  deps: LeasesDeps,
  key: string,
  work: () => Promise<Result>,
  across: Across<Result>,
): Promise<Result> {
  const { leases, report, now } = deps
  if (!leases) return work()
  const mine = await turn({ ...deps, leases }, key, across)
  if (mine === undefined) throw new ProxyError('refresh_under_way')
  if ('result' in mine) {
    if (mine.result === ENDED) throw new ProxyError('session_ended')
    return mine.result
  }
  const { owner } = mine
  const result = await work().catch(async error => {
    // Whatever else has happened may have spent the token: the lease then runs out by itself.
    if (nothingSent(error)) await leases.release(key, owner).catch(report)
    throw error
  })
  await across
    .seal(key, result)
    .then(sealed => leases.finish(key, owner, sealed, seconds(now)))
    .catch(report)
  return result
}

/** Has every container end what lives by this key, and gives what one of them has brought by it. Never rejects. */
export async function endAcross<Result>(
  deps: LeasesDeps,
  key: string,
  across: Across<Result>,
): Promise<Result | undefined> {
  const { leases, report, now } = deps
  if (!leases) return undefined
  try {
    const mine = await turn({ ...deps, leases }, key, across)
    if (mine === undefined) return undefined
    if ('result' in mine) return mine.result === ENDED ? undefined : mine.result
    await leases.finish(key, mine.owner, await across.seal(key, ENDED), seconds(now))
  } catch (error) {
    report(error)
  }
  return undefined
}

function seconds(now: () => number): number {
  return Math.floor(now() / 1000)
}

/** After these nothing has left, so that the next one may try at once. */
const NOTHING_SENT: ReadonlySet<Reason> = new Set([
  'signer_unavailable',
  'signer_misconfigured',
  'upstream_unreachable',
])

function nothingSent(error: unknown): boolean {
  return error instanceof ProxyError && NOTHING_SENT.has(error.reason)
}
