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
  /** `exchanges` of each variant in each round, here and below. */
  cpu: { exchanges: number; connections: readonly number[]; warmUp: number }
  warm: { variants: readonly Variant[]; sizes: readonly { connections: number; exchanges: number }[] }
  /** Which take part in the cold starts: throttled, the same with the provider's latency, and at full speed. */
  cold: {
    throttled: readonly Variant[]
    distant: readonly Variant[]
    full: readonly Variant[]
    atOnce: number
  }
  /** `exchanges` in a batch, of which there are `n`; for each connection so many. */
  dense: { exchanges: number; connections: readonly number[]; latency: Latency }
  sparse: { exchanges: number; mean_gaps_s: readonly number[] }
}

export interface Latency {
  kms: number
  provider: number
}

/** A Lambda function waits for KMS in its own Region, and for a provider somewhere. */
export const LATENCY: Latency = { kms: 15, provider: 100 }
/**
 * Of the first request. The provider's own time is the same whoever waits for it: in a ratio of whole requests it would
 * hide what they differ in, and the more so the faster the machine.
 */
export const COLD_LATENCY: Latency = { kms: 15, provider: 0 }
export const NO_LATENCY: Latency = { kms: 0, provider: 0 }
/** For counting many, much faster. Still, what is ready before the provider's answer there is ready before it here. */
export const SCALED_LATENCY: Latency = { kms: 1, provider: 6 }

/** Connections without latencies that leave a process no idle moment: what its exchanges then take is all that they cost. */
export const SATURATED = 10

const MEAN_GAPS_S = [10, 30, 60, 300]

export function quickPlan(n = 20): Plan {
  return {
    quick: true,
    n,
    // With its start and its end it is done within a minute.
    seconds: 50,
    shares: { calls: 10, load: 5, start: 3, 'cpu 10': 8, 'warm 1': 10, 'cold throttled': 14 },
    variants: ['ours', 'naive', 'openid_client'],
    cpu: { exchanges: 100, connections: [SATURATED], warmUp: 600 },
    warm: { variants: ['ours', 'naive'], sizes: [{ connections: 1, exchanges: 1 }] },
    // One of each kind at a time: together they have little more than half of one processor.
    cold: { throttled: ['ours', 'naive'], distant: [], full: [], atOnce: 2 },
    dense: { exchanges: 10, connections: [1], latency: SCALED_LATENCY },
    sparse: { exchanges: 25, mean_gaps_s: MEAN_GAPS_S },
  }
}

export function fullPlan(n = 30): Plan {
  const main: Variant[] = ['ours', 'naive', 'openid_client', 'express', 'floor']
  return {
    quick: false,
    n,
    // More than it takes: a bound, for a machine that is busy.
    seconds: 20 * 60,
    shares: {
      calls: 160,
      load: 15,
      start: 20,
      'cpu 1': 100,
      'cpu 10': 60,
      'warm 1': 120,
      'warm 10': 120,
      'warm 50': 120,
      'cold throttled': 150,
      'cold throttled, provider 100 ms': 150,
      cold: 80,
    },
    variants: [...main, 'ours_es256', 'openid_client_es256'],
    cpu: { exchanges: 150, connections: [1, SATURATED], warmUp: 1500 },
    warm: {
      variants: main,
      sizes: [
        { connections: 1, exchanges: 3 },
        { connections: 10, exchanges: 30 },
        { connections: 50, exchanges: 150 },
      ],
    },
    cold: { throttled: main, distant: main, full: main, atOnce: 1 },
    dense: { exchanges: 10, connections: [1, 10], latency: LATENCY },
    sparse: { exchanges: 200, mean_gaps_s: MEAN_GAPS_S },
  }
}
