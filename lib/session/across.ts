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
  /** Takes back what a refresh has brought and nobody is to get. Never rejects. */
  discard(result: Result): Promise<void>
}

/** In place of a result: the session is over. */
const ENDED = 'ended'
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
  const { leases, report } = deps
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
  if (await isReplaced(deps, leases, key, owner, result, across)) {
    await across.discard(result)
    throw new ProxyError('session_ended')
  }
  return result
}

/** Hands the result on. True where a logout has come in between, which nobody but the one who refreshed can make good. */
async function isReplaced<Result>(
  { report, now }: LeasesDeps,
  leases: LeaseStore,
  key: string,
  owner: string,
  result: Result,
  across: Across<Result>,
): Promise<boolean> {
  try {
    if (await leases.finish(key, owner, await across.seal(key, result), seconds(now))) return false
    return await isEndedIn(leases, key, across, now)
  } catch (error) {
    report(error)
    return false
  }
}

async function isEndedIn<Result>(
  leases: LeaseStore,
  key: string,
  { open }: Across<Result>,
  now: () => number,
): Promise<boolean> {
  const sealed = await leases.look(key, seconds(now))
  return sealed !== undefined && (await open(key, sealed)) === ENDED
}

/** Whether another container has had word of the end of what lives by this key. */
export async function isEndedAcross<Result>(
  { leases, report, now }: LeasesDeps,
  key: string,
  across: Across<Result>,
): Promise<boolean> {
  if (!leases) return false
  return isEndedIn(leases, key, across, now).catch(error => {
    report(error)
    return false
  })
}

/**
 * Has every container end what lives by this key, and gives what one of them has brought by it. One that is at it finds out
 * when it hands its result on. Never rejects.
 */
export async function endAcross<Result>(
  { leases, report, now }: LeasesDeps,
  key: string,
  { seal, open }: Across<Result>,
): Promise<Result | undefined> {
  if (!leases) return undefined
  try {
    const sealed = await leases.look(key, seconds(now))
    await leases.replace(key, await seal(key, ENDED), seconds(now))
    const result = sealed === undefined ? undefined : await open(key, sealed)
    return result === ENDED ? undefined : result
  } catch (error) {
    report(error)
    return undefined
  }
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
