import { type Budget, createBudgets } from './budget.ts'
import { createThrottle } from './cgroup.ts'
import { measureCold, measureLoad } from './cold.ts'
import { countKmsCalls, type Series } from './kms-calls.ts'
import { LATENCY, NO_LATENCY, type Plan, SCALED_LATENCY } from './plan.ts'
import { emptyResults, type Results } from './results.ts'
import { measureSizes } from './sizes.ts'
import { SLOW_KMS_MS, type Stage } from './stage.ts'
import { addedRatio, column, difference, type Round, ratio, spread } from './statistics.ts'
import type { Variant } from './variants/variants.ts'
import { added, measureCpu, measureWarm, percentiles, type Targets } from './warm.ts'

type Budgets = (name: string, rounds: number) => Budget

/** One run: measures everything that the plan names, in an order in which nothing disturbs anything else. */
export async function run(stage: Stage, plan: Plan, say: (line: string) => void): Promise<Results> {
  const results = emptyResults(plan, LATENCY)
  const budgets = createBudgets(plan.seconds, plan.shares)
  measureBundle(stage, results)
  say('counting KMS calls')
  await countCalls(stage, plan, budgets, results)
  say('loading the code')
  await load(stage, plan, budgets, results)
  say('starting the variants; each assertion of the first exchanges is verified')
  const targets = await startVariants(stage, plan)
  say('CPU per exchange')
  await cpu(stage, plan, budgets, results, targets)
  say('warm exchanges')
  await warm(stage, plan, budgets, results, targets)
  for (const { process } of Object.values(targets)) process.end()
  say('cold starts')
  await cold(stage, plan, budgets, results)
  for (const [name, { n }] of Object.entries(results.figures)) {
    if (n < plan.n) results.notes.push(`${name}: time for ${n} of ${plan.n} rounds`)
  }
  return results
}

function keep(results: Results, what: string, rounds: readonly Round[]): void {
  for (const name of Object.keys(rounds[0] ?? {})) {
    results.figures[`${what}.${name}`] = spread(column(rounds, name))
  }
}

function measureBundle(stage: Stage, results: Results): void {
  const sizes = measureSizes(stage.files)
  results.sizes = sizes
  const value = sizes.ours.zip / 1024
  results.ratios.zip_kb = { n: 1, value, low: value, high: value }
}

async function countCalls(stage: Stage, plan: Plan, budgets: Budgets, results: Results): Promise<void> {
  const { dense, sparse } = plan
  const series = (name: string, count: number, mean_gap_s: number, connections: number): Series => ({
    name,
    count,
    mean_gap_s,
    connections,
  })
  const denseSeries = dense.connections.map(connections =>
    series(`dense, ${connections} at a time`, dense.exchanges * connections, 0, connections),
  )
  const sparseSeries = sparse.mean_gaps_s.map(gap => series(`mean gap ${gap} s`, sparse.exchanges, gap, 1))
  await stage.latencies(dense.latency)
  const checked = await stage.checking(async () => {
    Object.assign(results.kms_calls, await countKmsCalls(stage, denseSeries, budgets('dense', plan.n)))
    await stage.latencies(SCALED_LATENCY)
    Object.assign(results.kms_calls, await countKmsCalls(stage, sparseSeries, budgets('sparse', plan.n)))
  })
  // A spare that is handed out twice would save a call, and be refused by the first provider that looks.
  if (checked.verified !== checked.requests) {
    throw new Error(
      `of ${checked.requests} assertions ${checked.verified} hold, ${checked.repeated} were repeated`,
    )
  }
  const worst = (of: readonly Series[]) =>
    of
      .map(({ name }) => results.kms_calls[name])
      .reduce((a, b) => ((b?.value ?? 0) > (a?.value ?? 0) ? b : a), undefined) ?? null
  results.ratios.kms_calls_dense = worst(denseSeries)
  results.ratios.kms_calls_sparse = worst(sparseSeries)
}

async function load(stage: Stage, plan: Plan, budgets: Budgets, results: Results): Promise<void> {
  await stage.latencies(NO_LATENCY)
  const rounds = await measureLoad(stage, budgets('load', plan.n))
  keep(results, 'load', rounds)
  results.ratios.load_ratio = ratio(rounds, 'ours', 'naive')
}

async function startVariants(stage: Stage, plan: Plan): Promise<Targets> {
  await stage.latencies(NO_LATENCY)
  const started = plan.variants.map(async variant => [variant, await stage.start(variant)] as const)
  const targets = Object.fromEntries(await Promise.all(started))
  for (const [variant, { url }] of Object.entries(targets)) {
    const count = 20
    const { requests, verified } = await stage.checking(() => stage.load(url, count, 2))
    const expected = variant === 'floor' ? 0 : count
    if (requests !== count || verified !== expected) {
      throw new Error(
        `${variant}: of ${count} exchanges ${requests} came, ${verified} with an assertion that holds`,
      )
    }
    await stage.load(url, plan.cpu.warmUp, plan.cpu.connections)
  }
  return targets
}

async function cpu(
  stage: Stage,
  plan: Plan,
  budgets: Budgets,
  results: Results,
  targets: Targets,
): Promise<void> {
  const rounds = await measureCpu(stage, targets, budgets('cpu', plan.n), plan.cpu)
  keep(results, 'cpu', rounds)
  results.ratios.cpu_ratio = ratio(rounds, 'ours', 'naive')
  results.ratios.cpu_vs_openid_client = ratio(rounds, 'ours', 'openid_client')
  if (targets.ours_es256) {
    results.further.cpu_vs_openid_client_es256 = ratio(rounds, 'ours_es256', 'openid_client_es256')
  }
}

async function warm(
  stage: Stage,
  plan: Plan,
  budgets: Budgets,
  results: Results,
  targets: Targets,
): Promise<void> {
  const slow = await stage.start('ours', { slowKms: true })
  await stage.load(slow.url, plan.cpu.warmUp, plan.cpu.connections)
  await stage.latencies(LATENCY)
  const all: Record<string, string> = { direct: `${stage.providerUrl}/token` }
  for (const variant of plan.warm.variants) {
    const url = targets[variant]?.url
    if (url) all[variant] = url
  }
  const slowName = `ours_kms${SLOW_KMS_MS}`
  for (const size of plan.warm.sizes) {
    // What a slower KMS changes is shown at one connection.
    const urls = size.connections === 1 ? { ...all, [slowName]: slow.url } : all
    // One exchange of each beforehand: connections, and what may have been signed ahead, are then there.
    for (const url of Object.values(urls)) await stage.load(url, size.connections, size.connections)
    const measured = await measureWarm(stage, urls, budgets(`warm ${size.connections}`, plan.n), size)
    const { rounds } = measured
    keep(results, `warm ${size.connections}`, rounds)
    for (const name of Object.keys(urls)) {
      if (name !== 'direct') {
        results.figures[`added ${size.connections}.${name}`] = spread(added(rounds, name))
      }
    }
    results.percentiles[size.connections] = percentiles(measured)
    const share = addedRatio(rounds, 'ours', 'naive', 'direct')
    if (size.connections === 1) {
      results.ratios.warm_added_ratio = share
      results.ratios.added_ms_kms15 = difference(rounds, 'ours', 'direct')
      results.ratios.added_ms_kms50 = difference(rounds, slowName, 'direct')
    } else {
      results.further[`warm_added_ratio_${size.connections}_connections`] = share
    }
  }
  slow.process.end()
}

async function cold(stage: Stage, plan: Plan, budgets: Budgets, results: Results): Promise<void> {
  const measure = async (name: string, variants: readonly Variant[], throttled: boolean) => {
    const budget = budgets(name, plan.n)
    if (variants.length === 0) return
    const throttle = throttled ? createThrottle() : undefined
    if (throttle && 'unavailable' in throttle) {
      results.notes.push(`${name}: no cgroup for processor time can be had: ${throttle.unavailable}`)
      return
    }
    const { atOnce } = plan.cold
    const rounds = await measureCold(stage, variants, budget, { ...(throttle && { throttle }), atOnce })
    keep(results, name, rounds)
    return {
      first: ratio(rounds, 'ours.first', 'naive.first'),
      total: ratio(rounds, 'ours.total', 'naive.total'),
    }
  }
  await stage.latencies(LATENCY)
  const full = await measure('cold', plan.cold.full, false)
  if (full) {
    results.further.cold_first_ratio_full_speed = full.first
    results.further.cold_total_ratio_full_speed = full.total
  }
  const throttled = await measure('cold throttled', plan.cold.throttled, true)
  results.ratios.cold_first_ratio = throttled?.first ?? null
  results.ratios.cold_total_ratio = throttled?.total ?? null
  await stage.latencies(NO_LATENCY)
  const near = await measure('cold throttled, no latency', plan.cold.noLatency, true)
  if (near) {
    results.further.cold_first_ratio_no_latency = near.first
    results.further.cold_total_ratio_no_latency = near.total
  }
}
