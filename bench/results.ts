import { cpus, loadavg, release } from 'node:os'
import type { Measured } from './bars.ts'
import { COLD_LATENCY, LATENCY, type Latency, type Plan } from './plan.ts'
import type { Size } from './sizes.ts'
import type { Estimate, Spread } from './statistics.ts'

/** Everything that a run has found. */
export interface Results {
  date: string
  quick: boolean
  machine: { node: string; cpu: string; cpus: number; kernel: string; load_before: number }
  /** Of warm exchanges, and of cold starts. */
  latency_ms: { warm: Latency; cold: Latency }
  /** Spreads over rounds or cold starts, by `<what>.<variant>`; times in milliseconds. */
  figures: Record<string, Spread>
  /** Over all exchanges, by connections and variant, in milliseconds. */
  percentiles: Record<string, Record<string, { n: number; p50: number; p99: number }>>
  /** Sign calls per exchange, by how the requests arrived. */
  kms_calls: Record<string, Estimate>
  sizes: Record<string, Size>
  ratios: Measured
  /** What is compared as well, and has no bar. */
  further: Record<string, Estimate>
  /** What could not be done, or not as often as planned. */
  notes: string[]
}

export function emptyResults(plan: Plan): Results {
  const processors = cpus()
  return {
    date: new Date().toISOString(),
    quick: plan.quick,
    machine: {
      node: process.version,
      cpu: processors[0]?.model ?? 'unknown',
      cpus: processors.length,
      kernel: release(),
      load_before: loadavg()[0] ?? 0,
    },
    latency_ms: { warm: LATENCY, cold: COLD_LATENCY },
    figures: {},
    percentiles: {},
    kms_calls: {},
    sizes: {},
    ratios: {
      load_ratio: null,
      cold_first_ratio: null,
      cold_total_ratio: null,
      warm_added_ratio: null,
      cpu_ratio: null,
      kms_calls_dense: null,
      kms_calls_sparse: null,
      zip_kb: null,
      added_ms_kms15: null,
      added_ms_kms50: null,
      cpu_vs_openid_client: null,
    },
    further: {},
    notes: [],
  }
}

/** Five significant digits: more are noise, and make a file that is compared hard to read. */
export function rounded<Value>(value: Value): Value {
  return JSON.parse(JSON.stringify(value, (_, v) => (typeof v === 'number' ? Number(v.toPrecision(5)) : v)))
}
