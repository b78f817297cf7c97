import net from 'node:net'
import tls from 'node:tls'
import { afterAll, describe, expect, test, vi } from 'vitest'
import { guardedAgents } from '../../../lib/http/agents.ts'
import { createGet } from '../../../lib/http/get.ts'
import { createPost } from '../../../lib/http/post.ts'
import { JWKS_TOTAL_MS } from '../../../lib/limits.ts'
import { selfSignedCertificate } from '../../support/certificate.ts'
import {
  closeProviders,
  json,
  rejection,
  startMisbehaving,
  startProvider,
  startRaw,
} from '../../support/fake-provider.ts'

const authorities = tls.getCACertificates('default')
afterAll(() => {
  tls.setDefaultCACertificates(authorities)
  closeProviders()
})

/** A container of its own. */
const newGet = (agents = guardedAgents()) => createGet({ agents, userAgent: 'countersign/test' })
const HEAD = 'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n'

describe('what is sent and read', () => {
  test('a GET with these headers and no others, and no body', async () => {
    const provider = await startProvider(response => json(response, 200, { keys: [] }))
    const answer = await newGet()(`${provider.url}/as/jwks?x=%2F`)
    expect(answer).toMatchObject({ status: 200, body: '{"keys":[]}' })
    const [request] = provider.requests
    expect(request).toMatchObject({ method: 'GET', path: '/as/jwks?x=%2F', body: '' })
    expect(Object.fromEntries(request!.headers.map(([name, value]) => [name.toLowerCase(), value]))).toEqual({
      accept: 'application/json, application/jwk-set+json',
      'user-agent': 'countersign/test',
      host: new URL(provider.url).host,
      connection: 'keep-alive',
    })
  })

  test('over the connections that requests for tokens are sent over, too', async () => {
    const provider = await startProvider(response => json(response, 200, {}))
    const agents = guardedAgents()
    await newGet(agents)(provider.url)
    await createPost({ agents, userAgent: 'x' })(provider.url, new URLSearchParams())
    expect([provider.requests.length, provider.connections]).toEqual([2, 1])
  })

  test('a redirect is an answer like any other', async () => {
    const target = await startProvider(response => json(response, 200, {}))
    const provider = await startProvider(response => response.writeHead(302, { location: target.url }).end())
    expect((await newGet()(provider.url)).status).toBe(302)
    expect(target.connections).toBe(0)
  })

  test('IDT-5: 256 KiB and no more', async () => {
    const max = 256 * 1024
    const provider = await startProvider((response, { path }) =>
      response.end('x'.repeat(Number(path.slice(1)))),
    )
    expect((await newGet()(`${provider.url}/${max}`)).body).toHaveLength(max)
    expect(await rejection(newGet()(`${provider.url}/${max + 1}`))).toMatchObject({
      reason: 'upstream_malformed',
    })
    expect(provider.requests).toHaveLength(2)
  })
})

describe('sent once more, because it spends nothing', () => {
  test('where the connection broke off', async () => {
    const server = await startMisbehaving((socket, nth) => {
      if (nth === 1) socket.resetAndDestroy()
      else socket.write(`${HEAD}content-length: 2\r\n\r\n{}`)
    })
    expect((await newGet()(server.url)).body).toBe('{}')
    expect(server.requests).toHaveLength(2)
  })

  test('where the handshake broke off', async () => {
    const certificate = selfSignedCertificate(['127.0.0.1'])
    tls.setDefaultCACertificates([certificate.cert])
    const provider = await startProvider(response => json(response, 200, {}), certificate)
    const server = await startRaw((socket, nth) => {
      if (nth === 1) socket.once('data', () => socket.destroy())
      else socket.pipe(net.connect(Number(new URL(provider.url).port), '127.0.0.1')).pipe(socket)
    })
    expect((await newGet()(`https://127.0.0.1:${server.port}/`)).status).toBe(200)
    expect([server.connections, provider.requests.length]).toEqual([2, 1])
  })

  test('and not a third time', async () => {
    const server = await startMisbehaving(socket => socket.resetAndDestroy())
    expect(await rejection(newGet()(server.url))).toMatchObject({ reason: 'upstream_lost' })
    expect(server.requests).toHaveLength(2)
  })

  test('but not where an answer came that cannot be used', async () => {
    const provider = await startProvider(response => json(response, 200, {}, { 'content-encoding': 'gzip' }))
    expect(await rejection(newGet()(provider.url))).toMatchObject({ reason: 'upstream_malformed' })
    expect(provider.requests).toHaveLength(1)
  })
})

describe('the deadline', () => {
  test('a server that never answers, or drips without end: one request', async () => {
    const hanging = await startMisbehaving(() => {})
    const dripping = await startMisbehaving(socket => {
      socket.write(`${HEAD}content-length: 1000\r\n\r\n`)
      const drip = setInterval(() => socket.write(' '), 100)
      socket.on('close', () => clearInterval(drip))
    })
    const outcomes = [hanging, dripping].map(async ({ url }) => rejection(newGet()(url)))
    for (const error of await Promise.all(outcomes))
      expect(error).toMatchObject({ reason: 'upstream_timeout' })
    expect([hanging.requests.length, dripping.requests.length]).toEqual([1, 1])
  })

  test('ends it also where its timer comes a moment early: no connection is opened once more', async () => {
    const accepted = Promise.withResolvers<void>()
    const server = await startRaw(() => accepted.resolve())
    const clock = vi.spyOn(performance, 'now').mockReturnValue(1_000)
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    try {
      const got = rejection(newGet()(`https://127.0.0.1:${server.port}/`))
      await accepted.promise
      clock.mockReturnValue(1_000 + JWKS_TOTAL_MS - 0.5)
      vi.advanceTimersByTime(JWKS_TOTAL_MS)
      expect(await got).toMatchObject({ reason: 'upstream_unreachable' })
      expect(server.connections).toBe(1)
    } finally {
      vi.useRealTimers()
      clock.mockRestore()
    }
  })

  test('a server that never shakes hands', async () => {
    const server = await startRaw(() => {})
    expect(await rejection(newGet()(`https://127.0.0.1:${server.port}/`))).toMatchObject({
      reason: 'upstream_unreachable',
    })
    expect(server.connections).toBe(1)
  })
})

test('REQ-4: TLS as for every other request: trusted and for this host, or nothing is asked', async () => {
  const trusted = selfSignedCertificate(['127.0.0.1'])
  const elsewhere = selfSignedCertificate(['auth.example.com'])
  for (const [certificate, authority, reached] of [
    [trusted, trusted, 1],
    [trusted, elsewhere, 0],
    [elsewhere, elsewhere, 0],
  ] as const) {
    tls.setDefaultCACertificates([authority.cert])
    const provider = await startProvider(response => json(response, 200, {}), certificate)
    const outcome = await newGet()(provider.url).then(
      ({ status }) => status,
      error => error.reason,
    )
    expect([outcome, provider.requests.length]).toEqual([reached ? 200 : 'upstream_unreachable', reached])
  }
})
