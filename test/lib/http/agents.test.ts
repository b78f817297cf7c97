import http from 'node:http'
import https from 'node:https'
import type { Socket } from 'node:net'
import tls from 'node:tls'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { guardedAgents } from '../../../lib/http/agents.ts'
import { createPost } from '../../../lib/http/post.ts'
import { PROVIDER_CONNECT_MS, SOCKET_IDLE_MAX_MS } from '../../../lib/limits.ts'
import { selfSignedCertificate } from '../../support/certificate.ts'
import { closeProviders, type Provider, startProvider, startRaw } from '../../support/fake-provider.ts'

afterAll(closeProviders)

/** One request over the agent; its socket is idle again when this resolves. */
function get(agent: http.Agent, url: string): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const { get } = agent instanceof https.Agent ? https : http
    const request = get(url, { agent }, response => {
      const { socket } = response
      response.resume()
      // An agent takes a socket back a tick after the answer's end.
      response.on('end', () => setImmediate(resolve, socket))
    })
    request.on('error', reject)
  })
}

interface Setup {
  provider: Provider
  agent: http.Agent
  clock: { now: number }
}

async function setup(): Promise<Setup> {
  const clock = { now: 1_790_000_000_000 }
  const provider = await startProvider(response => response.end('x'))
  return { provider, agent: guardedAgents(() => clock.now).http, clock }
}

const idle = (agent: http.Agent): number =>
  Object.values(agent.freeSockets).reduce((sum, sockets) => sum + (sockets?.length ?? 0), 0)

describe('REQ-14: a socket that was idle', () => {
  test.each([
    ['not at all', 0, 1],
    ['for as long as may be', SOCKET_IDLE_MAX_MS, 1],
    ['a millisecond longer', SOCKET_IDLE_MAX_MS + 1, 2],
    ['for an hour', 3_600_000, 2],
    ['since a moment in the future: the clock stepped back', -1, 2],
    ['since tomorrow', -86_400_000, 2],
    ['for nobody knows how long', Number.NaN, 2],
  ])('%s (%d ms): connections in all: %d', async (_, ms, connections) => {
    const { provider, agent, clock } = await setup()
    await get(agent, provider.url)
    expect(idle(agent)).toBe(1)
    clock.now += ms
    await get(agent, provider.url)
    expect([provider.requests.length, provider.connections]).toEqual([2, connections])
    agent.destroy()
  })

  test('is stamped anew each time', async () => {
    const { provider, agent, clock } = await setup()
    for (let n = 0; n < 5; n++) {
      await get(agent, provider.url)
      clock.now += SOCKET_IDLE_MAX_MS
    }
    expect([provider.requests.length, provider.connections]).toEqual([5, 1])
    agent.destroy()
  })

  test('is judged also where another host is asked', async () => {
    const { provider, agent, clock } = await setup()
    const other = await startProvider(response => response.end('x'))
    const socket = await get(agent, provider.url)
    clock.now += SOCKET_IDLE_MAX_MS + 1
    await get(agent, other.url)
    expect([socket.destroyed, idle(agent)]).toEqual([true, 1])
    agent.destroy()
  })
})

describe('a socket that is closed for its age', () => {
  test('leaves no listener, no idle socket and no count behind', async () => {
    const { provider, agent, clock } = await setup()
    const sockets = await Promise.all(Array.from({ length: 10 }, () => get(agent, provider.url)))
    expect(idle(agent)).toBe(10)
    clock.now += SOCKET_IDLE_MAX_MS + 1
    const fresh = await get(agent, provider.url)
    const closed = sockets.filter(socket => socket.destroyed)
    await Promise.all(closed.map(socket => socket.closed || new Promise(done => socket.once('close', done))))

    expect([new Set(sockets).size, closed.length]).toEqual([10, 10])
    expect(idle(agent)).toBe(1)
    expect(fresh.destroyed).toBe(false)
    // What an agent counts against maxTotalSockets; not in its types.
    expect((agent as { totalSocketCount?: number }).totalSocketCount).toBe(1)
    expect(Object.values(agent.sockets).flat()).toEqual([])
    agent.destroy()
  })

  test('may still report an error, which ends nothing', async () => {
    const { provider, agent, clock } = await setup()
    const socket = await get(agent, provider.url)
    clock.now += SOCKET_IDLE_MAX_MS + 1
    const next = get(agent, provider.url)
    socket.emit('error', new Error('late'))
    await expect(next).resolves.toBeDefined()
    agent.destroy()
  })
})

test('a socket that died while idle is not handed out, wherever it stands among the others', async () => {
  for (const position of [0, 1, 2]) {
    const { provider, agent } = await setup()
    await Promise.all([0, 1, 2].map(() => get(agent, provider.url)))
    const [sockets = []] = Object.values(agent.freeSockets)
    expect(sockets).toHaveLength(3)
    // Destroyed, and its close event not yet come: it still stands in the list.
    sockets[position]!.destroy()
    await expect(get(agent, provider.url), `position ${position}`).resolves.toBeDefined()
    agent.destroy()
  }
})

test('REQ-14: 200 requests at once open no more sockets than the cap, and all are answered', async () => {
  const { provider, agent } = await setup()
  await Promise.all(Array.from({ length: 200 }, () => get(agent, provider.url)))
  expect(provider.requests).toHaveLength(200)
  expect(provider.connections).toBe(50)
  agent.destroy()
})

describe('a connection that is opened ahead', () => {
  const certificate = selfSignedCertificate(['127.0.0.1', 'localhost'])
  const authorities = tls.getCACertificates('default')
  beforeAll(() => tls.setDefaultCACertificates([certificate.cert]))
  afterAll(() => tls.setDefaultCACertificates(authorities))

  const open = async (secure: boolean, now = Date.now) => {
    const provider = await startProvider(response => response.end('x'), secure ? certificate : undefined)
    const agents = guardedAgents(now)
    return { provider, agents, agent: secure ? agents.https : agents.http }
  }

  test.each([
    ['http', false, '127.0.0.1'],
    ['https', true, '127.0.0.1'],
    ['https', true, 'localhost'],
  ])('%s carries the next request there: no other is opened (%s, %s)', async (_, secure, host) => {
    const { provider, agents, agent } = await open(secure)
    const url = `${provider.url.replace('127.0.0.1', host)}/token`
    await agents.connect(url)
    expect([provider.connections, provider.requests.length]).toEqual([1, 0])
    await get(agent, url)
    await get(agent, url)
    expect([provider.connections, provider.requests.length]).toEqual([1, 2])
    agent.destroy()
  })

  test('is one request’s alone', async () => {
    const { provider, agents, agent } = await open(true)
    await agents.connect(provider.url)
    await Promise.all([get(agent, provider.url), get(agent, provider.url)])
    expect(provider.connections).toBe(2)
    agent.destroy()
  })

  test('is not used for another host', async () => {
    const [one, other] = [await open(true), await open(true)]
    await one.agents.connect(one.provider.url)
    await get(one.agents.https, other.provider.url)
    expect([one.provider.requests.length, other.provider.connections]).toEqual([0, 1])
    one.agents.https.destroy()
  })

  test.each([
    ['as long as may be', SOCKET_IDLE_MAX_MS, 1],
    ['longer', SOCKET_IDLE_MAX_MS + 1, 2],
    ['since a moment in the future', -1, 2],
  ])('that has been idle %s (%d ms): connections in all: %d', async (_, ms, connections) => {
    const clock = { now: 1_790_000_000_000 }
    const { provider, agents, agent } = await open(true, () => clock.now)
    await agents.connect(provider.url)
    clock.now += ms
    await get(agent, provider.url)
    expect(provider.connections).toBe(connections)
    agent.destroy()
  })

  test('for too long is closed where another host is asked, and by a request of its own', async () => {
    const clock = { now: 1_790_000_000_000 }
    const agents = guardedAgents(() => clock.now)
    const other = await startProvider(response => response.end('x'))
    for (const own of [false, true]) {
      const closed = Promise.withResolvers<void>()
      const server = await startRaw((socket, nth) => {
        if (nth === 1) socket.once('close', () => closed.resolve())
        else socket.end('HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n')
      })
      await agents.connect(server.url)
      clock.now += SOCKET_IDLE_MAX_MS + 1
      await get(agents.http, own ? server.url : other.url)
      await closed.promise
    }
    agents.http.destroy()
  })

  test('still stands where another host was asked meanwhile', async () => {
    const { provider, agents, agent } = await open(false)
    const other = await startProvider(response => response.end('x'))
    await agents.connect(provider.url)
    await get(agent, other.url)
    await get(agent, provider.url)
    expect(provider.connections).toBe(1)
    agent.destroy()
  })

  test('is given up where the peer never shakes hands; nothing waits for one that stands', async () => {
    const closed = Promise.withResolvers<void>()
    const accepted = Promise.withResolvers<void>()
    const server = await startRaw(socket => {
      socket.once('close', () => closed.resolve())
      // Read, so that its end is seen.
      socket.once('data', () => accepted.resolve()).resume()
    })
    const { provider, agents, agent } = await open(true)
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    try {
      await agents.connect(provider.url)
      expect(vi.getTimerCount()).toBe(0)
      const connecting = agents.connect(`https://127.0.0.1:${server.port}/`)
      await accepted.promise
      vi.advanceTimersByTime(PROVIDER_CONNECT_MS)
      await connecting
      await closed.promise
      expect(vi.getTimerCount()).toBe(0)
    } finally {
      vi.useRealTimers()
    }
    agent.destroy()
  })

  test('and that the peer has closed is not used', async () => {
    let closeIt = () => {}
    const server = await startRaw((socket, nth) => {
      if (nth === 1) closeIt = () => socket.destroy()
      else socket.end('HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n')
    })
    const agents = guardedAgents()
    await agents.connect(server.url)
    closeIt()
    await expect.poll(() => get(agents.http, server.url).then(() => server.connections)).toBe(2)
  })

  test.each([
    ['an answer that nobody asked for', false],
    ['one, and a FIN behind it, as a load balancer ends what it has waited for', true],
  ])('nor one on which there lies %s', async (_, end) => {
    const unasked = 'HTTP/1.1 408 Request Timeout\r\ncontent-length: 0\r\nconnection: close\r\n\r\n'
    const server = await startRaw((socket, nth) => {
      if (nth === 1) end ? socket.end(unasked) : socket.write(unasked)
      else socket.once('data', () => socket.end('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok'))
    })
    const agents = guardedAgents()
    await agents.connect(server.url)
    await new Promise(resolve => setTimeout(resolve, 20))
    const post = createPost({ agents, userAgent: 'countersign/test' })
    expect(await post(server.url, new URLSearchParams({ code: 'c' }))).toMatchObject({
      status: 200,
      body: 'ok',
    })
    expect(server.connections).toBe(2)
  })

  test.each([
    ['nobody listens', 'http://127.0.0.1:9/'],
    ['the peer speaks no TLS', 'https://127.0.0.1:9/'],
  ])('cannot be had where %s: no error, and nothing is kept', async (_, url) => {
    const agents = guardedAgents()
    await expect(agents.connect(url)).resolves.toBeUndefined()
    await expect(get(agents[url.startsWith('https') ? 'https' : 'http'], url)).rejects.toThrow('ECONNREFUSED')
  })

  test('REQ-4: is not kept where its certificate is not trusted', async () => {
    const stranger = await startProvider(response => response.end('x'), selfSignedCertificate(['127.0.0.1']))
    const agents = guardedAgents()
    await agents.connect(stranger.url)
    await expect(get(agents.https, stranger.url)).rejects.toThrow()
    expect(stranger.requests).toEqual([])
  })
})
