import type { Budget } from './budget.ts'
import { inRounds } from './rounds.ts'
import type { RunningVariant, Stage } from './stage.ts'
import { column, median, quantile, type Round } from './statistics.ts'

/** By name. `direct` is the provider itself: the same form, without anyone in between. */
export type Targets = Readonly<Record<string, RunningVariant>>

/** The processor time of each variant's own process per exchange, in milliseconds, a round at a time. */
export function measureCpu(
  stage: Stage,
  targets: Targets,
  budget: Budget,
  { exchanges, connections }: { exchanges: number; connections: number },
): Promise<Round[]> {
  return inRounds(budget, Object.entries(targets), async ([name, { url, process }], round) => {
    const before = await process.ask<number>('cpu')
    await stage.load(url, exchanges, connections)
    round[name] = ((await process.ask<number>('cpu')) - before) / exchanges
  })
}

/** Every time that was measured, by name, and the rounds' medians. */
export interface Warm {
  rounds: Round[]
  times: Record<string, number[]>
}

/** Milliseconds of an exchange, in short rounds of all targets, each time in another order. */
export async function measureWarm(
  stage: Stage,
  urls: Readonly<Record<string, string>>,
  budget: Budget,
  { exchanges, connections }: { exchanges: number; connections: number },
): Promise<Warm> {
  const times: Record<string, number[]> = Object.fromEntries(Object.keys(urls).map(name => [name, []]))
  const rounds = await inRounds(budget, Object.entries(urls), async ([name, url], round) => {
    const measured = await stage.load(url, exchanges, connections)
    times[name]?.push(...measured)
    round[name] = median(measured)
  })
  return { rounds, times }
}

/** p50 and p99 over all exchanges. */
export function percentiles({ times }: Warm): Record<string, { n: number; p50: number; p99: number }> {
  return Object.fromEntries(
    Object.entries(times).map(([name, values]) => [
      name,
      { n: values.length, p50: median(values), p99: quantile(values, 0.99) },
    ]),
  )
}

/** What each target adds to a direct exchange, a round at a time. */
export function added(rounds: readonly Round[], name: string): number[] {
  const direct = column(rounds, 'direct')
  return column(rounds, name).map((value, i) => value - (direct[i] ?? Number.NaN))
}
