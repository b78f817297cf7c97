import { type Budget, createBudgets } from './budget.ts'
import { createThrottle } from './cgroup.ts'
import { measureCold, measureLoad } from './cold.ts'
import { countKmsCalls, type Series } from './kms-calls.ts'
import { COLD_LATENCY, LATENCY, NO_LATENCY, type Plan, SATURATED, SCALED_LATENCY } from './plan.ts'
import { emptyResults, type Results } from './results.ts'
import { measureSizes } from './sizes.ts'
import { SLOW_KMS_MS, type Stage } from './stage.ts'
import { addedRatio, column, difference, type Round, ratio, spread } from './statistics.ts'
import type { Variant } from './variants/variants.ts'
import { added, measureCpu, measureWarm, percentiles, type Targets } from './warm.ts'

type Budgets = (name: string, rounds: number) => Budget

/** One run: measures everything that the plan names, in an order in which nothing disturbs anything else. */
export async function run(stage: Stage, plan: Plan, say: (line: string) => void): Promise<Results> {
  const results = emptyResults(plan)
  const budgets = createBudgets(plan.seconds, plan.shares)
  measureBundle(stage, results)
  say('counting KMS calls')
  await countCalls(stage, plan, budgets, results)
  say('loading the code')
  await load(stage, plan, budgets, results)
  say('starting the variants, and warming them up')
  // Not in rounds: the name keeps its share of the time.
  budgets('start', 1)
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
  const dense = plan.dense.connections.map<Series>(connections => ({
    name: `dense, ${connections} at a time`,
    count: plan.dense.exchanges * connections,
    mean_gap_s: 0,
    connections,
    latency: plan.dense.latency,
  }))
  const sparse = plan.sparse.mean_gaps_s.map<Series>(mean_gap_s => ({
    name: `mean gap ${mean_gap_s} s`,
    count: plan.sparse.exchanges,
    mean_gap_s,
    connections: 1,
    latency: SCALED_LATENCY,
  }))
  const budget = budgets('calls', plan.n)
  const checked = await stage.checking(async () => {
    // Side by side where their latencies are the same.
    for (const latency of new Set([plan.dense.latency, SCALED_LATENCY])) {
      await stage.latencies(latency)
      const series = [...dense, ...sparse].filter(one => one.latency === latency)
      Object.assign(results.kms_calls, await countKmsCalls(stage, series, budget))
    }
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
  results.ratios.kms_calls_dense = worst(dense)
  results.ratios.kms_calls_sparse = worst(sparse)
}

async function load(stage: Stage, plan: Plan, budgets: Budgets, results: Results): Promise<void> {
  await stage.latencies(NO_LATENCY)
  const rounds = await measureLoad(stage, budgets('load', plan.n))
  keep(results, 'load', rounds)
  results.ratios.load_ratio = ratio(rounds, 'ours', 'naive')
}

/** What is compiled after many exchanges shall be compiled. */
const WARM_UP_CONNECTIONS = 10

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
    await stage.load(url, plan.cpu.warmUp, WARM_UP_CONNECTIONS)
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
  for (const connections of plan.cpu.connections) {
    const { exchanges } = plan.cpu
    const budget = budgets(`cpu ${connections}`, plan.n)
    const rounds = await measureCpu(stage, targets, budget, { exchanges, connections })
    keep(results, `cpu ${connections}`, rounds)
    const toNaive = ratio(rounds, 'ours', 'naive')
    const toMemory = ratio(rounds, 'ours', 'openid_client')
    if (connections === SATURATED) {
      results.ratios.cpu_ratio = toNaive
      results.ratios.cpu_vs_openid_client = toMemory
    } else {
      results.further[`cpu_ratio_${connections}_connections`] = toNaive
      results.further[`cpu_vs_openid_client_${connections}_connections`] = toMemory
    }
    if (targets.ours_es256) {
      const es256 = ratio(rounds, 'ours_es256', 'openid_client_es256')
      results.further[`cpu_vs_openid_client_es256_${connections}_connections`] = es256
    }
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
  await stage.load(slow.url, WARM_UP_CONNECTIONS, WARM_UP_CONNECTIONS)
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
  const { throttled, distant, full } = plan.cold
  await stage.latencies(COLD_LATENCY)
  const near = await measure('cold throttled', throttled, true)
  results.ratios.cold_first_ratio = near?.first ?? null
  results.ratios.cold_total_ratio = near?.total ?? null
  const atFullSpeed = await measure('cold', full, false)
  if (atFullSpeed) {
    results.further.cold_first_ratio_full_speed = atFullSpeed.first
    results.further.cold_total_ratio_full_speed = atFullSpeed.total
  }
  await stage.latencies(LATENCY)
  const far = await measure(`cold throttled, provider ${LATENCY.provider} ms`, distant, true)
  if (far) {
    results.further[`cold_first_ratio_provider_${LATENCY.provider}_ms`] = far.first
    results.further[`cold_total_ratio_provider_${LATENCY.provider}_ms`] = far.total
  }
}
