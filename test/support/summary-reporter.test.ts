import { expect, test } from 'vitest'
import { vectorLines } from './summary-reporter.ts'

test('VEC-3: each vector file has its line, whether it was there or not', () => {
  const counts = [
    { file: 'b.json', run: 7, skipped: 2 },
    { file: 'b.json', run: 9, skipped: 0 },
    { file: 'a.json', run: 0, skipped: 0 },
  ]
  expect(vectorLines(counts)).toEqual(['a.json: not there, skipped', 'b.json: 9 vectors run, 0 skipped'])
  expect(vectorLines([])).toEqual([])
})
