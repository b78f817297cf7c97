import fc from 'fast-check'
import { expect, test } from 'vitest'
import { formatDuration, parseDuration, timestamp } from '../../cli/duration.ts'

test.each([
  ['90s', 90],
  ['20m', 1_200],
  ['24h', 86_400],
  ['1h30m', 5_400],
  ['2d', 172_800],
  ['1d1h1m1s', 90_061],
  ['65', 65],
  ['0', 0],
])('%s is %i seconds', (text, seconds) => {
  expect(parseDuration('wait', text)).toBe(seconds)
})

test.each(['', 'h', '1x', '-1s', '1m1h', '1.5h', '1 h', '999999999'])(
  '%j is none, and the option is named',
  text => {
    expect(() => parseDuration('publish-wait', text)).toThrow('--publish-wait')
  },
)

test('what is written is read again', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 9_999_999 }), seconds => {
      expect(parseDuration('wait', formatDuration(seconds).replaceAll(' ', ''))).toBe(seconds)
    }),
  )
})

test('a time is in UTC and whole seconds', () => {
  expect(timestamp(Date.parse('2026-11-24T12:00:00.999Z'))).toBe('2026-11-24T12:00:00Z')
})
