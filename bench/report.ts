import { BARS, type BarName, judge, type Measured } from './bars.ts'
import { type Results, rounded } from './results.ts'
import { type Estimate, noise } from './statistics.ts'

const number = (value: number): string =>
  Math.abs(value) >= 100 ? value.toFixed(0) : Math.abs(value) >= 10 ? value.toFixed(1) : value.toFixed(3)

const estimateText = ({ value, low, high, n }: Estimate): string =>
  `${number(value).padStart(7)}  [${number(low)}, ${number(high)}]  n=${n}`

/** Everything that was found, for people. */
export function report(results: Results): string {
  const { machine, figures, percentiles, sizes } = results
  const { warm, cold } = results.latency_ms
  return [
    `${machine.node}, ${machine.cpus} x ${machine.cpu}, Linux ${machine.kernel}, load before ${machine.load_before.toFixed(2)}`,
    `warm: KMS ${warm.kms} ms, provider ${warm.provider} ms; cold: KMS ${cold.kms} ms, provider ${cold.provider} ms; load and CPU: none`,
    'milliseconds, medians with their quarters; ± is half the distance between them',
    '',
    ...Object.entries(figures).map(([name, { n, median, p25, p75, ...all }]) =>
      [
        name.padEnd(48),
        number(median).padStart(8),
        `[${number(p25)}, ${number(p75)}]`.padEnd(18),
        `±${(100 * noise({ n, median, p25, p75, ...all })).toFixed(0)} %`.padEnd(7),
        `n=${n}`,
      ].join(' '),
    ),
    '',
    ...Object.entries(percentiles).flatMap(([connections, by]) =>
      Object.entries(by).map(
        ([name, { n, p50, p99 }]) =>
          `${`${connections} connections, ${name}`.padEnd(48)} p50 ${number(p50)}  p99 ${number(p99)}  n=${n}`,
      ),
    ),
    '',
    ...Object.entries(sizes).map(
      ([name, { bundle, zip }]) => `${`${name}, bytes`.padEnd(48)} ${bundle} loaded, ${zip} zipped`,
    ),
    ...Object.entries(results.kms_calls).map(
      ([name, calls]) => `${`KMS calls, ${name}`.padEnd(48)} ${estimateText(calls)}`,
    ),
    ...Object.entries(results.further).map(([name, value]) => `${name.padEnd(48)} ${estimateText(value)}`),
    '',
    'Ratios, with the interval of 95 of 100 resamplings:',
    ...bars(results.ratios),
    ...results.notes.map(note => `note: ${note}`),
  ].join('\n')
}

function bars(ratios: Measured): string[] {
  return (Object.keys(BARS) as BarName[]).map(name => {
    const value = ratios[name]
    const { met, why } = judge(name, value)
    return [
      name.padEnd(21),
      value ? estimateText(value).padEnd(36) : '   null'.padEnd(36),
      `${met ? 'met' : 'NOT MET'} (${why})`,
      BARS[name].label,
    ].join('  ')
  })
}

export const allMet = (ratios: Measured): boolean =>
  (Object.keys(BARS) as BarName[]).every(name => judge(name, ratios[name]).met)

/** For machines: one line of JSON. */
export function ratiosLine(ratios: Measured): string {
  return JSON.stringify(
    rounded(Object.fromEntries(Object.entries(ratios).map(([name, value]) => [name, value?.value ?? null]))),
  )
}
