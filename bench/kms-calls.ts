import type { Budget } from './budget.ts'
import { EVENT } from './cold.ts'
import type { Arrivals } from './hosting/arrivals.ts'
import type { Latency } from './plan.ts'
import { startProcess } from './processes.ts'
import { inRounds } from './rounds.ts'
import type { Stage } from './stage.ts'
import { type Estimate, estimate, mean } from './statistics.ts'

/** One container, and how its requests arrive. */
export interface Series extends Arrivals {
  name: string
  latency: Latency
}

/**
 * Sign calls per exchange, that of init included, over batches of `count` exchanges in one process for each series. All
 * series run side by side: they mostly wait, and what is counted is not time. Rejects where an exchange fails.
 */
export async function countKmsCalls(
  stage: Stage,
  series: readonly Series[],
  budget: Budget,
): Promise<Record<string, Estimate>> {
  const containers = await Promise.all(
    series.map(async (arrivals, i) => {
      const id = `COUNT-${arrivals.name}`
      const env = { ...stage.environment('ours', id), BENCH_EVENT: EVENT, BENCH_SEED: String(i + 1) }
      const args = [stage.files.ours]
      const process = await startProcess(stage.files.module('hosting/arrivals'), { env, args })
      return { arrivals, id, process, counted: 0 }
    }),
  )
  const rounds = await inRounds(
    budget,
    containers,
    async (container, round) => {
      const { arrivals, id, process } = container
      const failed = await process.ask<number>('run', arrivals)
      if (failed > 0) throw new Error(`${failed} exchanges of the series ${arrivals.name} failed`)
      const calls = await stage.kmsCalls(id)
      round[arrivals.name] = (calls - container.counted) / arrivals.count
      container.counted = calls
    },
    containers.length,
  )
  for (const { process } of containers) process.end()
  return Object.fromEntries(
    series.map(({ name }) => [
      name,
      estimate(rounds, sample => mean(sample.map(round => round[name] ?? Number.NaN))),
    ]),
  )
}
