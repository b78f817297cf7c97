import { expect, test } from 'vitest'
import { wildcard } from '../../cli/wildcard.ts'

test.each([
  ['kms:*', 'kms:Sign', true],
  ['kms:S*n', 'kms:Sign', true],
  ['kms:Sig?', 'kms:Sign', true],
  ['kms:Sig?', 'kms:Sig', false],
  ['kms:Sign', 'kms:SignX', false],
  ['kms:Sign', 'kms:sign', false],
  ['a.c', 'abc', false],
  ['*', 'a\nb', true],
])('%j and %j: %j', (pattern, value, expected) => {
  expect(wildcard(pattern, value)).toBe(expected)
})

test('in whatever case, where that is asked for', () => {
  expect(wildcard('KMS:s*', 'kms:Sign', true)).toBe(true)
})
