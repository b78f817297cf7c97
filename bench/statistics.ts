// What is made of measurements. Medians throughout: one bad moment of a shared machine must not decide.

/** Of one figure: how many measurements, their median, the quarters around it, and the ends. */
export interface Spread {
  n: number
  median: number
  p25: number
  p75: number
  min: number
  max: number
}

/** A value derived from measurements, with the interval that holds it in 95 of 100 resamplings. */
export interface Estimate {
  n: number
  value: number
  low: number
  high: number
}

/** Linear between the two nearest (Hyndman and Fan's type 7). NaN of nothing. */
export function quantile(values: readonly number[], q: number): number {
  const sorted = [...values].sort((a, b) => a - b)
  const at = (sorted.length - 1) * q
  const below = sorted[Math.floor(at)] ?? Number.NaN
  const above = sorted[Math.ceil(at)] ?? Number.NaN
  return below + (above - below) * (at - Math.floor(at))
}

export const median = (values: readonly number[]): number => quantile(values, 0.5)

export function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}

export function spread(values: readonly number[]): Spread {
  return {
    n: values.length,
    median: median(values),
    p25: quantile(values, 0.25),
    p75: quantile(values, 0.75),
    min: quantile(values, 0),
    max: quantile(values, 1),
  }
}

/** Half the distance between the quarters, relative to the median: how noisy a figure was. */
export function noise({ median, p25, p75 }: Spread): number {
  return (p75 - p25) / 2 / median
}

/** A generator of numbers in [0, 1) that gives the same ones for the same seed (mulberry32). */
export function random(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = state
    t = Math.imul(t ^ (t >>> 15), t | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
}

/**
 * Gaps between the arrivals of a Poisson process. One from each of `count` parts of the distribution that are equally
 * likely, in random order: so few of them already have long and short gaps in their right proportion.
 */
export function poissonGaps(chance: () => number, count: number, mean: number): number[] {
  const gaps = Array.from({ length: count }, (_, i) => -Math.log(1 - (i + chance()) / count) * mean)
  for (let i = count - 1; i > 0; i--) {
    const j = Math.floor(chance() * (i + 1))
    ;[gaps[i], gaps[j]] = [gaps[j] as number, gaps[i] as number]
  }
  return gaps
}

const RESAMPLINGS = 1_000

/**
 * `statistic` of the rounds, and its bootstrap interval: what was measured in one round stays together, so that noise
 * which met all of a round's variants cancels out.
 */
export function estimate<Round>(
  rounds: readonly Round[],
  statistic: (rounds: readonly Round[]) => number,
): Estimate {
  const chance = random(1)
  const resampled = Array.from({ length: RESAMPLINGS }, () =>
    statistic(rounds.map(() => rounds[Math.floor(chance() * rounds.length)] as Round)),
  )
  return {
    n: rounds.length,
    value: statistic(rounds),
    low: quantile(resampled, 0.025),
    high: quantile(resampled, 0.975),
  }
}

/** Numbers of one round, by variant. */
export type Round = Readonly<Record<string, number>>

export const column = (rounds: readonly Round[], name: string): number[] =>
  rounds.map(round => round[name] ?? Number.NaN)

/** Of the medians of two variants. */
export function ratio(rounds: readonly Round[], of: string, to: string): Estimate {
  return estimate(rounds, sample => median(column(sample, of)) / median(column(sample, to)))
}

/** What `of` adds to `base`. */
export function difference(rounds: readonly Round[], of: string, base: string): Estimate {
  return estimate(rounds, sample => median(column(sample, of)) - median(column(sample, base)))
}

/** What `of` adds to `base`, in relation to what `to` adds. */
export function addedRatio(rounds: readonly Round[], of: string, to: string, base: string): Estimate {
  return estimate(rounds, sample => {
    const [a, b, c] = [of, to, base].map(name => median(column(sample, name))) as [number, number, number]
    return (a - c) / (b - c)
  })
}
