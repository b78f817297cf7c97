import { describe, expect, test } from 'vitest'
import { BARS, type BarName, judge } from '../../bench/bars.ts'
import { createBudgets } from '../../bench/budget.ts'
import { readOptions } from '../../bench/options.ts'
import { fullPlan, quickPlan } from '../../bench/plan.ts'

const measured = (value: number, n = 20) => ({ n, value, low: value, high: value })

describe('a bar', () => {
  test.each(Object.keys(BARS) as BarName[])('%s is not met by what could not be measured', name => {
    expect(judge(name, null).met).toBe(false)
  })

  test('is met at its value, and not above', () => {
    expect(judge('load_ratio', measured(0.45)).met).toBe(true)
    expect(judge('load_ratio', measured(0.4501)).met).toBe(false)
  })

  test('that says "below" is not met at its value', () => {
    expect(judge('cpu_vs_openid_client', measured(1)).met).toBe(false)
    expect(judge('cpu_vs_openid_client', measured(0.999)).met).toBe(true)
  })

  test('is not met by too few measurements, nor by what is no number', () => {
    expect(judge('load_ratio', measured(0.1, 19)).met).toBe(false)
    expect(judge('load_ratio', measured(Number.NaN)).met).toBe(false)
  })

  test('a size is measured once', () => {
    expect(judge('zip_kb', measured(65, 1)).met).toBe(true)
  })
})

describe('the time of a run', () => {
  test('what one measurement leaves unused, the next one has', () => {
    let now = 0
    const budgets = createBudgets(10, { first: 1, second: 1 }, () => now)
    const first = budgets('first', 3)
    expect(first.more(2)).toBe(true)
    expect(first.more(3)).toBe(false)
    now = 1_000
    const second = budgets('second', 100)
    now = 9_999
    expect(second.more(1)).toBe(true)
    now = 10_000
    expect(second.more(1)).toBe(false)
    expect(second.more(0)).toBe(true)
  })

  test('every measurement of a plan has its share', () => {
    const names = ['calls', 'load', 'start', 'cpu 10', 'warm 1', 'cold throttled']
    expect(Object.keys(quickPlan().shares)).toEqual(names)
    expect(Object.keys(fullPlan().shares)).toEqual(expect.arrayContaining(names))
  })

  test('both plans measure often enough', () => {
    expect(quickPlan().n).toBeGreaterThanOrEqual(20)
    expect(fullPlan().n).toBeGreaterThanOrEqual(20)
  })
})

describe('the command line', () => {
  test('nothing is everything, --quick is not', () => {
    expect(readOptions([])).toMatchObject({ plan: { quick: false }, out: undefined })
    expect(readOptions(['--quick', '--n', '3', '--out', 'x.json'])).toMatchObject({
      plan: { quick: true, n: 3 },
      out: 'x.json',
    })
    expect(readOptions(['--quick', '--help'])).toBe('help')
  })

  test.each([['--n', '0'], ['--n', '1.5'], ['--n', 'many'], ['--fast'], ['now']])(
    'refuses %s %s',
    (...args) => {
      expect(() => readOptions(args)).toThrow()
    },
  )
})
