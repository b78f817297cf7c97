import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { Results } from '../../bench/results.ts'
import { resultsTable } from '../../bench/table.ts'
import { drawPerformance } from '../../docs/pictures/performance.ts'
import { ROOT } from '../support/deployment.ts'

const results = JSON.parse(readFileSync(join(ROOT, 'bench/results.json'), 'utf8')) as Results
const drawn = Object.entries(drawPerformance(results))
const page = readFileSync(join(ROOT, 'docs/performance.md'), 'utf8')

test('the table of the page is that of the last full run', () => {
  expect(page).toContain(resultsTable(results))
})

describe.each(drawn)('%s', (name, svg) => {
  test('is what the results of the last full run draw', () => {
    expect(
      readFileSync(join(ROOT, 'docs/pictures', name), 'utf8'),
      `out of date: npm run pictures -- ${name}`,
    ).toBe(svg)
  })

  test('is shown on the page', () => {
    expect(page).toContain(`(pictures/${name})`)
  })

  test('is told in words too, with its figures', () => {
    expect(svg).toMatch(/<desc id="desc">[^<]*Countersign [\d.]+ \([\d.]+ to [\d.]+\) ms/)
  })

  test('shows the spread of every bar', () => {
    const rows = svg.match(/ to [\d.-]+\)<\/text>/g)!.length
    expect(svg.match(/class="whisker"/g)).toHaveLength(rows)
    expect(rows).toBeGreaterThanOrEqual(5)
  })

  test('loads nothing, and stays within its frame', () => {
    expect(svg.match(/https?:[^"'\s]*/g)).toEqual(['http://www.w3.org/2000/svg'])
    expect(svg).not.toMatch(/NaN|Infinity|undefined|<script|<image|url\(/)
    for (const [, x, width] of svg.matchAll(
      /<rect class="bar[^"]*" x="([\d.]+)" y="\d+" width="([\d.]+)"/g,
    )) {
      expect(Number(x) + Number(width)).toBeLessThan(960)
    }
  })
})

test('the results are those of a full run, often enough', () => {
  expect(results.quick).toBe(false)
  for (const [name, { n }] of Object.entries(results.figures)) expect(n, name).toBeGreaterThanOrEqual(20)
})
