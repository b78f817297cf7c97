import { STYLE } from './palette.ts'
import { box, escapeXml, text } from './svg.ts'

/** One bar, of parts one after the other, and the span that half of the measurements lie in, at its end. */
export interface Row {
  label: string
  parts: readonly { value: number; kind: 'main' | 'second' }[]
  low: number
  high: number
  /** Stands out: what the chart is about. */
  ours?: boolean
}

export interface Chart {
  title: string
  unit: string
  /** What one has to know to read it, a line each. */
  notes: readonly string[]
  /** What the parts are, where there are two. */
  legend?: readonly [main: string, second: string]
  groups: readonly { heading?: string; rows: readonly Row[] }[]
}

const WIDTH = 960
const LEFT = 330
/** Room for the figures behind the bars. */
const RIGHT = 190
const ROW = 34
const BAR = 16

const CHART_STYLE = `
rect.bar{stroke:none;fill:var(--quiet)}
rect.bar.second{fill:var(--edge)}
rect.bar.ours{fill:var(--flow)}
rect.bar.ours.second{fill:var(--free)}
.whisker{stroke:var(--ink);stroke-width:1.5;fill:none}
`.trim()

const number = (value: number): string => (Math.abs(value) >= 10 ? value.toFixed(0) : value.toFixed(2))
/** To a tenth of a unit: the same numbers give the same bytes. */
const at = (value: number): number => Math.round(value * 10) / 10

/** The figure that stands behind a bar. */
const figure = ({ parts, low, high }: Row): string =>
  `${number(parts.reduce((sum, { value }) => sum + value, 0))} (${number(low)} to ${number(high)})`

/** The chart in words, for those who hear it. */
function describe({ unit, groups }: Chart): string {
  return groups
    .map(
      ({ heading, rows }) =>
        `${heading ? `${heading}: ` : ''}${rows.map(row => `${row.label} ${figure(row)} ${unit}`).join(', ')}.`,
    )
    .join(' ')
}

/** Horizontal bars from a common zero, as SVG text. */
export function drawChart(chart: Chart): string {
  const { title, unit, notes, legend, groups } = chart
  const longest = Math.max(
    ...groups.flatMap(({ rows }) => rows.map(({ high, parts }) => Math.max(high, total(parts)))),
  )
  const scale = (WIDTH - LEFT - RIGHT) / longest
  const drawn: string[] = []
  let y = 62
  for (const note of notes) {
    drawn.push(text([24, y], note, 'quiet'))
    y += 20
  }
  if (legend) {
    drawn.push(...legendOf(legend, y))
    y += 26
  }
  for (const { heading, rows } of groups) {
    y += 16
    if (heading) {
      drawn.push(text([24, y + 4], heading, 'strong'))
      y += 20
    }
    for (const row of rows) {
      drawn.push(...drawRow(row, y, scale))
      y += ROW
    }
  }
  const height = y + 8
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img" aria-labelledby="title desc">
<title id="title">${escapeXml(title)}</title>
<desc id="desc">${escapeXml(describe(chart))}</desc>
<style>
${STYLE}
${CHART_STYLE}
</style>
${box({ x: 1, y: 1, width: WIDTH - 2, height: height - 2 }, 'ground')}
${text([24, 38], `${title}, ${unit}`, 'title')}
${drawn.join('\n')}
</svg>
`
}

const total = (parts: Row['parts']): number => parts.reduce((sum, { value }) => sum + value, 0)

const rect = (x: number, y: number, width: number, classes: string): string =>
  `<rect class="${classes}" x="${at(x)}" y="${y}" width="${at(Math.max(width, 0))}" height="${BAR}"/>`

function drawRow(row: Row, y: number, scale: number): string[] {
  const { label, parts, low, high, ours } = row
  const baseline = y + BAR - 3
  const bars: string[] = []
  let x = LEFT
  for (const { value, kind } of parts) {
    const classes = ['bar', ...(ours ? ['ours'] : []), ...(kind === 'second' ? ['second'] : [])].join(' ')
    bars.push(rect(x, y, value * scale, classes))
    x += value * scale
  }
  const [from, to, middle] = [at(LEFT + low * scale), at(LEFT + high * scale), y + BAR / 2]
  return [
    text([LEFT - 12, baseline], label, ours ? 'strong end' : 'end'),
    ...bars,
    `<path class="whisker" d="M${from} ${middle}H${to}M${from} ${y + 3}V${y + BAR - 3}M${to} ${y + 3}V${y + BAR - 3}"/>`,
    text([at(Math.max(x, LEFT + high * scale) + 10), baseline], figure(row), ours ? 'strong' : 'quiet'),
  ]
}

function legendOf([main, second]: readonly [string, string], y: number): string[] {
  const middle = 24 + 400
  return [
    rect(24, y - 8, 22, 'bar ours second'),
    rect(48, y - 8, 22, 'bar second'),
    text([80, y + 5], second, 'quiet'),
    rect(middle, y - 8, 22, 'bar ours'),
    rect(middle + 24, y - 8, 22, 'bar'),
    text([middle + 56, y + 5], main, 'quiet'),
  ]
}
