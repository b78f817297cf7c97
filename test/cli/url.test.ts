import { expect, test } from 'vitest'
import { deploymentUrl } from '../../cli/url.ts'

test.each([
  ['https://login.example.com/', 'https://login.example.com'],
  ['https://login.example.com/base//', 'https://login.example.com/base'],
  ['http://127.0.0.1:8401', 'http://127.0.0.1:8401'],
  ['http://[::1]:8401', 'http://[::1]:8401'],
  ['http://localhost:8401/', 'http://localhost:8401'],
])('%s', (url, wanted) => {
  expect(deploymentUrl(url, { url: 'https://other.example' })).toBe(wanted)
  expect(deploymentUrl(undefined, { url })).toBe(wanted)
})

test('neither says where', () => {
  expect(deploymentUrl(undefined, { url: undefined })).toBeUndefined()
})

test.each([
  'http://login.example.com',
  'http://127.0.0.1.example.com',
  'http://127.0.0.1@login.example.com',
  'http://10.0.0.1',
  'ftp://127.0.0.1',
  'here',
  'https://user@login.example.com',
  'https://login.example.com?x',
  'https://login.example.com#x',
])('%s is refused, from either', url => {
  const refusal = (from: string) =>
    expect.objectContaining({ code: 'usage', exit: 2, message: expect.stringContaining(from) })
  expect(() => deploymentUrl(url, { url: undefined })).toThrow(refusal('--url'))
  expect(() => deploymentUrl(undefined, { url })).toThrow(refusal('countersign:url'))
})

test('of http it says what to do', () => {
  expect(() => deploymentUrl('http://login.example.com', { url: undefined })).toThrow(
    expect.objectContaining({ fix: expect.stringContaining('https') }),
  )
})
