import { verify } from 'node:crypto'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { PRESETS } from '../../lib/config/presets.ts'
import { closeProviders } from '../support/fake-provider.ts'
import { publicKey, TOKENS, testFunction } from '../support/function.ts'
import { GOLDEN, GOLDEN_CASES, goldenClient, goldenEvent } from '../support/golden.ts'
import { decode } from '../support/keys.ts'
import { standIn } from '../support/wire.ts'

// What reaches each provider, as a whole and off the wire.

let server: Awaited<ReturnType<typeof standIn>>
beforeAll(async () => {
  const hosts = GOLDEN_CASES.map(({ request }) => new URL(request.url).hostname)
  server = await standIn(hosts, TOKENS.body)
  vi.useFakeTimers({ now: new Date(GOLDEN.now), toFake: ['Date'] })
})
afterAll(() => {
  vi.useRealTimers()
  closeProviders()
})

test('PRESET-1: every preset has its golden request, and its own', () => {
  const names = Object.keys(PRESETS)
  expect(GOLDEN_CASES.map(({ name }) => name)).toEqual(names)
  expect(GOLDEN_CASES.map(({ registration }) => registration.provider)).toEqual(names)
})

test.each(GOLDEN_CASES)('PRESET-1, ASRT-9, ASRT-12, ASRT-15: the golden request of $name', async golden => {
  const fn = testFunction(goldenClient(golden))
  fn.post = server.post
  const before = server.provider.requests.length
  expect((await fn.handler(goldenEvent(golden))).statusCode).toBe(200)
  expect(server.provider.requests.length - before).toBe(1)

  const { request } = golden
  const { host, pathname, search } = new URL(request.url)
  const { method, path, headers, body } = server.provider.requests.at(-1)!
  expect([method, path]).toEqual(['POST', pathname + search])
  expect(headers).toHaveLength(Object.keys(GOLDEN.headers).length + 2)
  expect(Object.fromEntries(headers.map(([name, value]) => [name.toLowerCase(), value]))).toEqual({
    ...GOLDEN.headers,
    host,
    'content-length': String(Buffer.byteLength(body)),
  })

  const form = new URLSearchParams(body)
  const { client_assertion = '', ...parameters } = Object.fromEntries(form)
  // No parameter twice: the object would have hidden it.
  expect(form.size).toBe(Object.keys(request.body).length + 1)
  expect(parameters).toEqual(request.body)

  const { header, claims, input, signature } = decode(client_assertion)
  expect({ header, claims }).toEqual(request.assertion)
  // The double signs with one key whatever the alg: that of each is tested with the signer.
  expect(verify('sha256', input, publicKey, signature)).toBe(true)
})
