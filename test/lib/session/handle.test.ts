import { expect, test } from 'vitest'
import { HANDLE_MAX_B } from '../../../lib/limits.ts'
import { tagOf } from '../../../lib/session/cookies.ts'
import { handleFor, readHandle } from '../../../lib/session/handle.ts'

const TAG = tagOf('app-1')

test('COOKIE-4: a handle is as long as a request has room for, and no longer', () => {
  const sealed = 'x'.repeat(HANDLE_MAX_B - TAG.length - 1)
  expect(handleFor('app-1', sealed)).toHaveLength(HANDLE_MAX_B)
  expect(() => handleFor('app-1', `${sealed}x`)).toThrow('session_too_large')
})

test.each([
  [`Bearer ${handleFor('app-1', 'a.b')}`, { tag: TAG, sealed: 'a.b' }],
  // RFC 9110 section 11.1: the scheme's case does not matter.
  [`bearer ${TAG}.a`, { tag: TAG, sealed: 'a' }],
  [undefined, undefined],
  ['', undefined],
  [`DPoP ${TAG}.a`, undefined],
  [`Bearer ${TAG}`, undefined],
  [`Bearer ${TAG}.`, undefined],
  [`Bearer x${TAG}.a`, undefined],
  [`x Bearer ${TAG}.a`, undefined],
  [`Bearer ${TAG}.a b`, undefined],
])('Authorization: %s', (authorization, handle) => {
  expect(readHandle(authorization)).toEqual(handle)
})
