import type { Span, Trace } from './stack.ts'

const SVG = 'http://www.w3.org/2000/svg'
const ROWS = [
  ['browser', 'Browser'],
  ['gateway', 'Gateway'],
  ['function', 'Function'],
  ['kms', 'KMS'],
  ['provider', 'Provider'],
] as const

type Spans = Partial<Record<(typeof ROWS)[number][0], Span>>

const ROW = 30
const BAR = 18

/** Draws the measured spans to one scale. `width` is that of the drawing's own coordinates. */
export function waterfall(browser: Span, trace: Trace, width: number): SVGElement {
  const spans: Spans = { browser, ...trace.spans }
  const left = 78
  const right = 64
  const scale = (width - left - right) / (browser.end - browser.start)
  const x = (time: number) => left + Math.max(0, time - browser.start) * scale
  const height = ROWS.length * ROW + 4
  const said = ROWS.map(([name, label]) => `${label} ${milliseconds(spans[name])}`).join(', ')
  const svg = element('svg', {
    viewBox: `0 0 ${width} ${height}`,
    role: 'img',
    'aria-label': `Time by part: ${said}`,
  })
  for (const [index, [name, label]] of ROWS.entries()) {
    const span = spans[name]
    const y = index * ROW + 4
    const group = element('g', {
      'data-span': name,
      'data-ms': span ? (span.end - span.start).toFixed(2) : '',
    })
    group.append(text(label, { x: 0, y: y + 14 }))
    group.append(
      element('line', { class: 'grid', x1: left, x2: width - right, y1: y + ROW - 7, y2: y + ROW - 7 }),
    )
    const ahead = span && name === 'kms' && trace.log.ahead === true ? browser.start - span.start : 0
    if (span && ahead > 0) {
      // Its place in time is outside the picture.
      group.append(
        text(`${milliseconds(span)}, ${seconds(ahead)} before: signed ahead`, {
          x: left,
          y: y + 14,
          class: 'quiet',
        }),
      )
    } else if (span) {
      const start = x(span.start)
      const end = Math.min(x(span.end), width - right)
      group.append(element('rect', { x: start, y, width: Math.max(2, end - start), height: BAR, rx: 3 }))
      group.append(text(milliseconds(span), { x: end + 6, y: y + 14, class: 'quiet' }))
    }
    svg.append(group)
  }
  return svg
}

function milliseconds(span: Span | undefined): string {
  return span ? `${(span.end - span.start).toFixed(1)} ms` : 'not reached'
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`
}

function element(name: string, attributes: Record<string, string | number>): SVGElement {
  const made = document.createElementNS(SVG, name)
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, String(value))
  return made
}

function text(content: string, attributes: Record<string, string | number>): SVGElement {
  const made = element('text', attributes)
  made.textContent = content
  return made
}
