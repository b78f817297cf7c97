import type { Variant } from './variants/variants.ts'

/** How much is measured. */
export interface Plan {
  quick: boolean
  /** Rounds, or cold starts, of every figure. */
  n: number
  /** All measurements together, and how they share it. */
  seconds: number
  shares: Readonly<Record<string, number>>
  variants: readonly Variant[]
  cpu: { exchanges: number; connections: number; warmUp: number }
  /** `exchanges` of each variant in each round. */
  warm: { variants: readonly Variant[]; sizes: readonly { connections: number; exchanges: number }[] }
  /** Each takes part in the cold starts: at full speed, throttled, and throttled without any latency. */
  cold: {
    full: readonly Variant[]
    throttled: readonly Variant[]
    noLatency: readonly Variant[]
    atOnce: number
  }
  /** `exchanges` in a batch, of which there are `n`; for each connection so many. */
  dense: { exchanges: number; connections: readonly number[]; latency: { kms: number; provider: number } }
  sparse: { exchanges: number; mean_gaps_s: readonly number[] }
}

/** A Lambda function waits for KMS in its own Region, and for a provider somewhere. */
export const LATENCY = { kms: 15, provider: 100 }
export const NO_LATENCY = { kms: 0, provider: 0 }
/** For counting many. In proportion, so that what is ready in time there is ready in time here. */
export const SCALED_LATENCY = { kms: 1.5, provider: 10 }

const MEAN_GAPS_S = [10, 30, 60, 300]

export function quickPlan(n = 20): Plan {
  return {
    quick: true,
    n,
    // With its start and its end it is done within a minute.
    seconds: 52,
    shares: { dense: 4, sparse: 9, load: 7, cpu: 7, 'warm 1': 9, 'cold throttled': 16 },
    variants: ['ours', 'naive', 'openid_client'],
    cpu: { exchanges: 50, connections: 10, warmUp: 200 },
    warm: { variants: ['ours', 'naive'], sizes: [{ connections: 1, exchanges: 1 }] },
    // One of each kind at a time: together they have little more than half of one processor.
    cold: { full: [], throttled: ['ours', 'naive'], noLatency: [], atOnce: 2 },
    dense: { exchanges: 10, connections: [1], latency: SCALED_LATENCY },
    sparse: { exchanges: 25, mean_gaps_s: MEAN_GAPS_S },
  }
}

export function fullPlan(n = 25): Plan {
  const main: Variant[] = ['ours', 'naive', 'openid_client', 'express', 'floor']
  return {
    quick: false,
    n,
    seconds: 15 * 60,
    shares: {
      dense: 40,
      sparse: 90,
      load: 10,
      cpu: 90,
      'warm 1': 100,
      'warm 10': 100,
      'warm 50': 100,
      cold: 60,
      'cold throttled': 200,
      'cold throttled, no latency': 80,
    },
    variants: [...main, 'ours_es256', 'openid_client_es256'],
    cpu: { exchanges: 200, connections: 10, warmUp: 1000 },
    warm: {
      variants: main,
      sizes: [
        { connections: 1, exchanges: 4 },
        { connections: 10, exchanges: 40 },
        { connections: 50, exchanges: 200 },
      ],
    },
    cold: { full: main, throttled: main, noLatency: ['ours', 'naive'], atOnce: 1 },
    dense: { exchanges: 10, connections: [1, 10], latency: LATENCY },
    sparse: { exchanges: 200, mean_gaps_s: MEAN_GAPS_S },
  }
}
