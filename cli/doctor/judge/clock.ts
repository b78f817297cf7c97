import type { ClockReading } from '../facts/clock.ts'
import { type Finding, fail, ok, skip } from '../finding.ts'

/** Whose clock it is, and what it said. */
export interface ClockOf {
  who: string
  reading: ClockReading
}

/**
 * Seconds. An assertion lives for 60 s, and ID tokens are held against the clock with as much tolerance: with more than
 * that between two clocks neither works.
 */
const SKEW_MAX_S = 60

/** How far the other's clock is ahead of ours, as near to 0 as the reading allows: a Date has whole seconds, and was made on the way. */
export function skewOf({ date, start, end }: ClockReading): number {
  if (date + 999 < start) return (date + 999 - start) / 1000
  return date > end ? (date - end) / 1000 : 0
}

/** All clocks agree with ours. `refused`: AWS has refused a request for its time. */
export function clock(clocks: readonly ClockOf[], refused: boolean): Finding {
  const skews = clocks.map(({ who, reading }) => ({ who, skew: skewOf(reading) }))
  const wrong = skews.filter(({ skew }) => Math.abs(skew) > SKEW_MAX_S)
  if (wrong.length === 0 && !refused) {
    if (skews.length === 0) return skip('no answer had a date')
    const largest = Math.max(...skews.map(({ skew }) => Math.abs(skew)))
    return ok(
      `within ${Math.max(1, Math.round(largest))} s of ${[...new Set(skews.map(({ who }) => who))].join(', ')}`,
    )
  }
  const far = [...new Map(wrong.map(({ who, skew }) => [who, `${who}: ${told(skew)}`])).values()]
  const everybody = wrong.length === skews.length
  return fail(
    [...far, ...(refused ? ['AWS refuses our requests for their time'] : [])].join('; '),
    everybody
      ? "Set this machine's clock (NTP): it is the one that differs from all others."
      : `Set the clock of ${[...new Set(wrong.map(({ who }) => who))].join(', ')}: an assertion would be too old or from the future there.`,
  )
}

function told(skew: number): string {
  return `${Math.round(Math.abs(skew))} s ${skew > 0 ? 'ahead of' : 'behind'} this machine`
}
