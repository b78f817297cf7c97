import { AHEAD_GAP_PART, AHEAD_MARGIN_S, AHEAD_WAIT_MS } from '../limits.ts'
import type { Assertion, AssertionSource } from './client-assertion.ts'

export interface AheadOptions {
  /** The audience of the assertions that are signed ahead; for another one the source itself is asked. */
  aud: string
  /** Seconds. */
  lifetime: number
  /** Milliseconds since the epoch; may step, and jumps over the time that a container was frozen. */
  now(): number
  /** The promise's value, or undefined where it takes longer; rejects as it does. */
  within<T>(ms: number, promise: Promise<T>): Promise<T | undefined>
  /** Told of a signature that failed before a request asked for it. */
  report(error: unknown): void
}

/** A signature under way that no request has asked for yet. */
interface Pending {
  assertion: Promise<Assertion>
  since: number
}

const TOO_OLD = new Error('signed too long ago')

/** Whether assertions of this lifetime are worth signing ahead: some of it must be left beside the margin. */
export function canSignAhead(lifetime: number): boolean {
  return lifetime > AHEAD_MARGIN_S + 1
}

/**
 * Signs one assertion before it is needed, so that no request waits for it: an assertion does not depend on the code.
 * The first is signed at the cold start, each next one while the provider works on the request before.
 *
 * There is one spare at most. It is taken out before anything is awaited, so two requests never get the same one, and
 * judged by the clock when it is taken: no timer runs while a container is frozen. It belongs to `source`, and so to
 * one key, client and version of the configuration.
 */
export function signAhead(
  source: AssertionSource,
  { aud, lifetime, now, within, report }: AheadOptions,
): AssertionSource {
  // A second less than the margin leaves: `exp` is rounded down.
  const denseGap = (lifetime - AHEAD_MARGIN_S - 1) * 1000 * AHEAD_GAP_PART
  let spare: Assertion | undefined
  let pending: Pending | undefined
  let lastTaken: number | undefined
  let dense = false

  /** From the future, where the clock has stepped back, it is as bad as too old. */
  const isFit = ({ born, exp }: Assertion) => {
    const at = now()
    return born <= at && at < (exp - AHEAD_MARGIN_S) * 1000
  }

  /** Its assertion becomes the spare, unless a request waits for it by then. */
  function watch(under: Pending): void {
    pending = under
    under.assertion.then(
      assertion => {
        if (pending !== under) return
        pending = undefined
        spare = assertion
      },
      error => {
        report(error)
        // Where KMS fails, no request shall cost a second try: as long as no gap is known, none is signed ahead.
        lastTaken = undefined
        dense = false
        if (pending === under) pending = undefined
      },
    )
  }

  function begin(): Pending {
    return { assertion: source.take(aud), since: now() }
  }

  async function settle(under: Pending): Promise<Assertion> {
    const left = under.since + AHEAD_WAIT_MS - now()
    if (left > 0 && left <= AHEAD_WAIT_MS) {
      const early = await within(left, under.assertion).catch(() => undefined)
      if (early && isFit(early)) return early
    }
    return race(under)
  }

  /**
   * Too slow, failed, or begun before a freeze that its connection did not outlive: another is signed, and the first to
   * come is used. The other one is not lost, so that a slow KMS is not asked twice as often.
   */
  async function race(under: Pending): Promise<Assertion> {
    const fresh = begin()
    const fit = async (assertion: Assertion) => (isFit(assertion) ? assertion : Promise.reject(TOO_OLD))
    const { winner, loser } = await Promise.any([
      under.assertion.then(fit).then(winner => ({ winner, loser: fresh })),
      fresh.assertion.then(winner => ({ winner, loser: under })),
    ]).catch(({ errors }: AggregateError) => Promise.reject(errors[1])) // the reason why none can be signed now
    if (loser === fresh && !spare && !pending) watch(fresh)
    else {
      loser.assertion.then(
        assertion => {
          if (!spare && !pending) spare = assertion
        },
        () => {},
      )
    }
    return winner
  }

  return {
    kid: source.kid,
    async take(wanted) {
      if (wanted !== aud) return source.take(wanted)
      const at = now()
      const gap = at - (lastTaken ?? Number.NaN)
      // The last gap tells the next one: where requests come further apart than a spare lives, it would be thrown away.
      dense = gap >= 0 && gap <= denseGap
      lastTaken = at
      const ready = spare
      spare = undefined
      if (ready && isFit(ready)) return { ...ready, ahead: true }
      if (!pending) return source.take(aud)
      const under = pending
      pending = undefined
      const assertion = await settle(under)
      return { ...assertion, ahead: assertion.born < at }
    },
    signNext() {
      // Once for each request that took one: what is for another audience says nothing about the next.
      const worthIt = dense
      dense = false
      if (worthIt && !pending && !(spare && isFit(spare))) watch(begin())
    },
    async prepare() {
      const first = begin()
      watch(first)
      await first.assertion.catch(() => {})
    },
  }
}
