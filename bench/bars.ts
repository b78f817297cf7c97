import type { Estimate } from './statistics.ts'

/** One bar: what is measured, and what it may be at most. */
export interface Bar {
  label: string
  max: number
  /** Below, not at. */
  strict?: true
}

/** The order is that of the report. */
export const BARS = {
  load_ratio: { label: 'loading the code', max: 0.45 },
  cold_first_ratio: { label: 'first request after a cold start, throttled', max: 0.35 },
  cold_total_ratio: { label: 'init and first request, throttled', max: 0.5 },
  warm_added_ratio: { label: 'added to a direct exchange, warm p50', max: 0.15 },
  cpu_ratio: { label: 'CPU per exchange, saturated', max: 0.65 },
  kms_calls_dense: { label: 'KMS calls per exchange, one after the other', max: 1.01 },
  kms_calls_sparse: { label: 'KMS calls per exchange, sparse', max: 1.25 },
  zip_kb: { label: 'zipped bundle, KB', max: 65 },
  added_ms_kms15: { label: 'ms added to a direct exchange, KMS 15 ms', max: 3 },
  added_ms_kms50: { label: 'ms added to a direct exchange, KMS 50 ms', max: 3 },
  cpu_vs_openid_client: {
    label: 'CPU per exchange, saturated, to openid-client with a key in memory',
    max: 1,
    strict: true,
  },
} satisfies Record<string, Bar>

export type BarName = keyof typeof BARS

/** What could not be measured is null. */
export type Measured = Record<BarName, Estimate | null>

/** A figure of fewer measurements says too little. */
const N_MIN = 20

export interface Verdict {
  met: boolean
  why: string
}

/** The size is the same each time: it needs no repetition. */
export function judge(name: BarName, estimate: Estimate | null): Verdict {
  if (estimate === null) return { met: false, why: 'could not be measured here' }
  const { max, strict }: Bar = BARS[name]
  if (name !== 'zip_kb' && estimate.n < N_MIN) {
    return { met: false, why: `only ${estimate.n} measurements, ${N_MIN} are asked for` }
  }
  const met = strict ? estimate.value < max : estimate.value <= max
  return { met, why: `${strict ? 'below' : 'at most'} ${max}` }
}
