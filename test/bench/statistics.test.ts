import { describe, expect, test } from 'vitest'
import {
  addedRatio,
  difference,
  estimate,
  mean,
  median,
  noise,
  poissonGaps,
  quantile,
  random,
  ratio,
  spread,
} from '../../bench/statistics.ts'

describe('quantiles', () => {
  test.each([
    [[1, 2, 3, 4], 0, 1],
    [[1, 2, 3, 4], 0.25, 1.75],
    [[4, 2, 3, 1], 0.5, 2.5],
    [[1, 2, 3, 4], 0.75, 3.25],
    [[1, 2, 3, 4], 1, 4],
    [[7], 0.99, 7],
    [[10, 9, 100], 0.5, 10],
  ])('of %j at %d: %d', (values, q, expected) => {
    expect(quantile(values, q)).toBe(expected)
  })

  test('of nothing is not a number', () => {
    expect(quantile([], 0.5)).toBeNaN()
  })

  test('the values stay in their order', () => {
    const values = [3, 1, 2]
    expect(median(values)).toBe(2)
    expect(values).toEqual([3, 1, 2])
  })
})

test('a spread says how many, where the middle is, and how far they lie apart', () => {
  const found = spread([1, 2, 3, 4, 100])
  expect(found).toEqual({ n: 5, median: 3, p25: 2, p75: 4, min: 1, max: 100 })
  expect(noise(found)).toBeCloseTo(1 / 3)
})

describe('estimates', () => {
  const rounds = [
    { ours: 12, naive: 20, direct: 10 },
    { ours: 11, naive: 22, direct: 10 },
    { ours: 13, naive: 24, direct: 10 },
  ]

  test('a ratio is that of the medians', () => {
    expect(ratio(rounds, 'ours', 'naive')).toMatchObject({ n: 3, value: 12 / 22 })
  })

  test('what is added, and its ratio', () => {
    expect(difference(rounds, 'ours', 'direct').value).toBe(2)
    expect(addedRatio(rounds, 'ours', 'naive', 'direct').value).toBe(2 / 12)
  })

  test('the interval holds the value, and the same rounds give the same one', () => {
    const { value, low, high } = ratio(rounds, 'ours', 'naive')
    expect(low).toBeLessThanOrEqual(value)
    expect(high).toBeGreaterThanOrEqual(value)
    expect(ratio(rounds, 'ours', 'naive')).toEqual({ n: 3, value, low, high })
  })

  test('noise that meets a whole round leaves a ratio alone', () => {
    const noisy = [1, 5, 2, 9, 1].map(factor => ({ ours: factor, naive: 2 * factor }))
    expect(ratio(noisy, 'ours', 'naive').value).toBe(0.5)
  })

  test('one round says nothing of its spread', () => {
    expect(estimate([7], sample => mean(sample))).toEqual({ n: 1, value: 7, low: 7, high: 7 })
  })

  test('a variant that was not measured is not a number', () => {
    expect(ratio(rounds, 'ours', 'nobody').value).toBeNaN()
  })
})

describe('chance', () => {
  test('the same seed gives the same numbers, another one others, all in [0, 1)', () => {
    const numbers = (seed: number) => Array.from({ length: 1_000 }, random(seed))
    expect(numbers(1)).toEqual(numbers(1))
    expect(numbers(1)).not.toEqual(numbers(2))
    expect(Math.min(...numbers(3))).toBeGreaterThanOrEqual(0)
    expect(Math.max(...numbers(3))).toBeLessThan(1)
    expect(mean(numbers(4))).toBeCloseTo(0.5, 1)
  })

  test('gaps of a Poisson process: few already have the right mean, and as many short ones as there should be', () => {
    const gaps = poissonGaps(random(1), 100, 30)
    expect(gaps).toHaveLength(100)
    expect(mean(gaps)).toBeGreaterThan(28)
    expect(mean(gaps)).toBeLessThan(32)
    const shorter = gaps.filter(gap => gap < 30).length / 100
    expect(shorter).toBeCloseTo(1 - Math.exp(-1), 1)
    expect(gaps).not.toEqual(gaps.toSorted((a, b) => a - b))
  })

  test('a mean gap of nothing is no gap', () => {
    expect(Math.max(...poissonGaps(random(1), 10, 0))).toBe(0)
  })
})
