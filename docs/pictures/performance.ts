import { LAMBDA_SHARE } from '../../bench/cgroup.ts'
import type { Results } from '../../bench/results.ts'
import { VARIANTS, type Variant } from '../../bench/variants/variants.ts'
import { type Chart, drawChart, type Row } from './bar-chart.ts'

/** The pictures of a full run, by file name, as SVG text. */
export function drawPerformance(results: Results): Record<string, string> {
  return {
    'performance-cold.svg': drawChart(cold(results)),
    'performance-warm.svg': drawChart(warm(results)),
    'performance-cpu.svg': drawChart(cpu(results)),
  }
}

const LABELS: Record<Variant, string> = {
  ...VARIANTS,
  ours: 'Countersign',
  naive: 'the naive handler',
  openid_client: 'openid-client, key in memory',
  openid_client_es256: 'openid-client, ES256, key in memory',
  express: 'the same on express',
  floor: 'forwarding alone, unsigned',
}

function named(results: Results, prefix: string, suffix = ''): Variant[] {
  return (Object.keys(LABELS) as Variant[]).filter(name => results.figures[`${prefix}.${name}${suffix}`])
}

function row(results: Results, prefix: string, variant: Variant): Row {
  const { median, p25, p75 } = results.figures[`${prefix}.${variant}`]!
  return {
    label: LABELS[variant],
    parts: [{ value: median, kind: 'main' }],
    low: p25,
    high: p75,
    ours: variant.startsWith('ours'),
  }
}

const machine = ({ machine: { node, cpus, cpu } }: Results): string =>
  `Node ${node.slice(1)} on ${cpus} × ${cpu}. The span is that of the middle half of the measurements.`

function cold(results: Results): Chart {
  const what = 'cold throttled'
  const { kms, provider } = results.latency_ms.cold
  return {
    title: `Cold start at ${LAMBDA_SHARE} vCPU`,
    unit: 'ms',
    notes: [
      `KMS ${kms} ms; the provider's own time, the same for all, is ${provider}.`,
      'Lambda gives init a whole vCPU and more: there, init is shorter than here.',
      machine(results),
    ],
    legend: ['the first request', 'init (of a server: until it listens)'],
    groups: [
      {
        rows: named(results, what, '.total').map(variant => {
          const total = results.figures[`${what}.${variant}.total`]!
          const init = results.figures[`${what}.${variant}.init`]!.median
          return {
            label: LABELS[variant],
            parts: [
              { value: init, kind: 'second' as const },
              { value: total.median - init, kind: 'main' as const },
            ],
            low: total.p25,
            high: total.p75,
            ours: variant === 'ours',
          }
        }),
      },
    ],
  }
}

function warm(results: Results): Chart {
  const { kms, provider } = results.latency_ms.warm
  return {
    title: 'Added to a direct exchange, p50',
    unit: 'ms',
    notes: [`KMS ${kms} ms, provider ${provider} ms.`, machine(results)],
    groups: Object.keys(results.percentiles).map(connections => ({
      heading: connections === '1' ? 'One exchange after the other' : `${connections} at a time`,
      rows: named(results, `added ${connections}`).map(variant =>
        row(results, `added ${connections}`, variant),
      ),
    })),
  }
}

function cpu(results: Results): Chart {
  return {
    title: 'Processor time of an exchange, warm',
    unit: 'ms',
    notes: [
      "From the process's own accounting, the hosting server included; RS256 unless said.",
      machine(results),
    ],
    groups: [10, 1].map(connections => ({
      heading: connections === 1 ? 'One exchange after the other' : `Saturated: ${connections} at a time`,
      rows: named(results, `cpu ${connections}`).map(variant => row(results, `cpu ${connections}`, variant)),
    })),
  }
}
