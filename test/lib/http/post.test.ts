import { afterAll, describe, expect, test, vi } from 'vitest'
import { causeName } from '../../../lib/errors.ts'
import { guardedAgents } from '../../../lib/http/agents.ts'
import { createPost } from '../../../lib/http/post.ts'
import { readTokenResponse } from '../../../lib/oauth/token.ts'
import { closeProviders, json, rejection, startProvider } from '../../support/fake-provider.ts'

const agents = guardedAgents()
const post = createPost({ agents, userAgent: 'countersign/test' })
afterAll(() => {
  agents.http.destroy()
  closeProviders()
})

const form = () => new URLSearchParams({ grant_type: 'authorization_code', code: 'a&client_id=evil' })

describe('what is sent', () => {
  test('REQ-2, REQ-7: a POST with these headers and no others', async () => {
    const provider = await startProvider(response => json(response, 200, {}))
    await post(`${provider.url}/as/token?x=%2F`, form())
    const [request] = provider.requests
    const body = 'grant_type=authorization_code&code=a%26client_id%3Devil'
    expect(request).toMatchObject({ method: 'POST', path: '/as/token?x=%2F', body })
    const headers = request!.headers.map(([name, value]) => [name.toLowerCase(), value])
    expect(Object.fromEntries(headers)).toEqual({
      accept: 'application/json',
      'content-type': 'application/x-www-form-urlencoded',
      'content-length': String(body.length),
      'user-agent': 'countersign/test',
      host: new URL(provider.url).host,
      connection: 'keep-alive',
    })
    expect(headers).toHaveLength(6)
  })

  test('DPOP-1: a proof goes in its header, beside the others', async () => {
    const provider = await startProvider(response => json(response, 200, {}))
    await post(provider.url, form(), { dpop: 'a.b.c' })
    const names = provider.requests[0]!.headers.map(([name]) => name.toLowerCase())
    expect(provider.requests[0]!.headers).toContainEqual(['dpop', 'a.b.c'])
    expect(names).toHaveLength(7)
  })

  test('IN-4: a value stays one parameter, of any characters', async () => {
    const provider = await startProvider(response => json(response, 200, {}))
    const code = 'a&client_id=evil\r\nHost: evil\u0000 ä€😀+%26='
    await post(provider.url, new URLSearchParams({ code }))
    expect([...new URLSearchParams(provider.requests[0]!.body)]).toEqual([['code', code]])
  })

  test('REQ-14: a cookie that the provider sets is not sent back', async () => {
    const provider = await startProvider(response =>
      json(response, 200, {}, { 'set-cookie': 'sid=sentinel' }),
    )
    await post(provider.url, form())
    await post(provider.url, form())
    expect(provider.requests).toHaveLength(2)
    expect(JSON.stringify(provider.requests)).not.toMatch(/sentinel|cookie/i)
    // One connection for both.
    expect(provider.connections).toBe(1)
  })
})

describe('that it has left', () => {
  test.each([0, 1])(
    'is told before the answer comes, once (connections that stand already: %d)',
    async before => {
      const events: string[] = []
      const provider = await startProvider(response => {
        setTimeout(() => json(response, 200, {}), 20)
      })
      for (let n = 0; n < before; n++) await post(provider.url, form())
      await post(provider.url, form(), { onSent: () => events.push('sent') })
      events.push('answered')
      expect(events).toEqual(['sent', 'answered'])
    },
  )

  test('is not told of a request that cannot leave', async () => {
    let sent = 0
    await rejection(post('http://127.0.0.1:9/', form(), { onSent: () => sent++ }))
    expect(sent).toBe(0)
  })
})

describe('what is read', () => {
  test('status, lower-case header names and the body', async () => {
    const provider = await startProvider(response =>
      json(response, 418, { tea: 'ä€😀' }, { 'Retry-After': '7', 'X-Other': 'y' }),
    )
    const answer = await post(provider.url, form())
    expect(answer).toMatchObject({ status: 418, body: '{"tea":"ä€😀"}' })
    expect(answer.headers).toMatchObject({ 'retry-after': '7', 'x-other': 'y' })
  })

  test.each([204, 400, 500])('an empty body with %d', async status => {
    const provider = await startProvider(response => response.writeHead(status).end())
    expect(await post(provider.url, form())).toMatchObject({ status, body: '' })
  })

  test('a byte order mark in front of JSON is no part of it', async () => {
    const provider = await startProvider(response => {
      response.writeHead(200, { 'content-type': 'application/json' }).end('\ufeff{"a":1}')
    })
    expect((await post(provider.url, form())).body).toBe('{"a":1}')
  })
})

describe('REQ-5: a redirect', () => {
  test.each([301, 302, 303, 307, 308])(
    '%d is an answer like any other: its target gets nothing',
    async status => {
      const target = await startProvider(response =>
        json(response, 200, { access_token: 'x', token_type: 'x' }),
      )
      const provider = await startProvider(response =>
        response.writeHead(status, { location: `${target.url}/token` }).end(),
      )
      const answer = await post(provider.url, form())
      expect(answer.status).toBe(status)
      expect(() => readTokenResponse(answer, { proof: false })).toThrow('upstream_malformed')
      expect([provider.requests.length, target.connections]).toEqual([1, 0])
    },
  )
})

describe('REQ-9: the size of an answer', () => {
  const MAX = 256 * 1024

  test('256 KiB are read', async () => {
    const provider = await startProvider(response => response.end('x'.repeat(MAX)))
    expect((await post(provider.url, form())).body).toHaveLength(MAX)
  })

  test.each([
    ['with a length', { 'content-length': String(MAX + 1) }],
    ['in chunks', { 'transfer-encoding': 'chunked' }],
  ])('a byte more is malformed: %s', async (_, headers) => {
    const provider = await startProvider(response =>
      response.writeHead(200, headers).end('x'.repeat(MAX + 1)),
    )
    expect(await rejection(post(provider.url, form()))).toMatchObject({
      reason: 'upstream_malformed',
      upstream: { status: 200 },
    })
  })

  test('one without an end is broken off', async () => {
    const closed = Promise.withResolvers<void>()
    const provider = await startProvider(response => {
      const more = () => {
        while (response.write('x'.repeat(65_536)));
        response.once('drain', more)
      }
      response.on('close', closed.resolve)
      more()
    })
    expect(await rejection(post(provider.url, form()))).toMatchObject({ reason: 'upstream_malformed' })
    await closed.promise
  })
})

describe('what cannot be read', () => {
  test.each(['gzip', 'br', 'deflate', 'zstd', 'GZIP', 'identity, gzip', 'aes128gcm'])(
    'REQ-13: %s, which nobody asked for, is not decoded',
    async encoding => {
      const provider = await startProvider(response =>
        json(response, 200, { access_token: 'x' }, { 'content-encoding': encoding }),
      )
      expect(await rejection(post(provider.url, form()))).toMatchObject({ reason: 'upstream_malformed' })
    },
  )

  test.each([
    ['a lone byte', [0x22, 0xff, 0x22]],
    ['a truncated sequence', [0x22, 0xe2, 0x82]],
    ['an overlong form', [0xc0, 0xaf]],
    ['UTF-16', [0xff, 0xfe, 0x7b, 0x00]],
  ])('REQ-9: invalid UTF-8: %s', async (_, bytes) => {
    const provider = await startProvider(response => response.end(Buffer.from(bytes)))
    expect(await rejection(post(provider.url, form()))).toMatchObject({
      reason: 'upstream_malformed',
      upstream: { status: 200 },
    })
  })

  test('a character that two packets share is one character', async () => {
    const [first, second] = [Buffer.of(0x22, 0xe2), Buffer.of(0x82, 0xac, 0x22)]
    const provider = await startProvider(response => {
      response.write(first)
      setTimeout(() => response.end(second), 20)
    })
    expect((await post(provider.url, form())).body).toBe('"€"')
  })
})

describe('what was wrong with an answer is told in a fixed word, with its status', () => {
  test.each<[string, string | Buffer, Record<string, string>]>([
    ['CONTENT_ENCODING', '{}', { 'content-encoding': 'gzip' }],
    ['NOT_UTF8', Buffer.of(0xff), {}],
    ['TOO_LARGE', 'x'.repeat(256 * 1024 + 1), {}],
  ])('%s', async (word, body, headers) => {
    const provider = await startProvider(response => response.writeHead(203, headers).end(body))
    const error = await rejection(post(provider.url, form()))
    expect(error).toMatchObject({ reason: 'upstream_malformed', upstream: { status: 203 } })
    expect(causeName((error as Error).cause)).toBe(word)
  })
})

test('nothing waits for an answer that has come', async () => {
  const provider = await startProvider(response => json(response, 200, {}))
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  try {
    await createPost({ agents: guardedAgents(), userAgent: 'countersign/test' })(provider.url, form())
    expect(vi.getTimerCount()).toBe(0)
  } finally {
    vi.useRealTimers()
  }
})

test('after each refusal the next request is answered', async () => {
  const provider = await startProvider((response, _, nth) => {
    if (nth === 1) response.end('x'.repeat(300_000))
    else if (nth === 2) json(response, 200, {}, { 'content-encoding': 'gzip' })
    else json(response, 200, { nth })
  })
  await rejection(post(provider.url, form()))
  await rejection(post(provider.url, form()))
  expect((await post(provider.url, form())).body).toBe('{"nth":3}')
  expect(provider.requests).toHaveLength(3)
})
