import { readFileSync, writeFileSync } from 'node:fs'
import { BARS, type Bar, type BarName, judge } from './bars.ts'
import type { Results } from './results.ts'
import type { Estimate } from './statistics.ts'

// The table of docs/performance.md, from the results of a full run.

const BEGIN = '<!-- from bench/results.json -->'
const END = '<!-- to here -->'

const number = (value: number) => value.toPrecision(3)
const measured = (estimate: Estimate | null) =>
  estimate === null
    ? 'not to be had'
    : `${number(estimate.value)} (${number(estimate.low)} to ${number(estimate.high)})`

/** As Markdown: each ratio with its interval, its target, and whether it is met; then what has no target. */
export function resultsTable({ date, machine, ratios, further }: Results): string {
  const rows = (Object.keys(BARS) as BarName[]).map(name => {
    const { met, why } = judge(name, ratios[name])
    const { label }: Bar = BARS[name]
    return `| \`${name}\` | ${label} | ${measured(ratios[name])} | ${why} | ${met ? 'met' : '**not met**'} |`
  })
  const others = Object.entries(further).map(([name, value]) => `| \`${name}\` | | ${measured(value)} | | |`)
  return [
    BEGIN,
    `${date.slice(0, 10)}, Node ${machine.node.slice(1)}, ${machine.cpus} × ${machine.cpu}, load before ${machine.load_before.toFixed(2)}; to the naive handler unless said:`,
    '',
    '| | | measured | target | |',
    '|---|---|---|---|---|',
    ...rows,
    ...others,
    END,
  ].join('\n')
}

/** Puts it where the last one stands. */
export function writeTable(page: string, results: Results): void {
  const text = readFileSync(page, 'utf8')
  const [before, rest = ''] = text.split(BEGIN)
  writeFileSync(page, `${before}${resultsTable(results)}${rest.slice(rest.indexOf(END) + END.length)}`)
}
