import http from 'node:http'
import { afterAll, describe, expect, test } from 'vitest'
import { causeName } from '../../../lib/errors.ts'
import { guardedAgents } from '../../../lib/http/agents.ts'
import { createPost } from '../../../lib/http/post.ts'
import { PROVIDER_SOCKETS_MAX } from '../../../lib/limits.ts'
import {
  closeProviders,
  json,
  rejection,
  startMisbehaving,
  startProvider,
  startRaw,
} from '../../support/fake-provider.ts'

afterAll(closeProviders)

const form = () => new URLSearchParams({ code: 'code-1' })
const newPost = () => createPost({ agents: guardedAgents(), userAgent: 'countersign/test' })

// The real deadline of eight seconds. All of these wait for it at once.
describe.concurrent('REQ-6: the deadline', () => {
  test('a server that never answers: one request, and its outcome is not known', async () => {
    const provider = await startProvider(() => {})
    expect(await rejection(newPost()(provider.url, form()))).toMatchObject({ reason: 'upstream_timeout' })
    expect([provider.requests.length, provider.connections]).toEqual([1, 1])
  })

  test('holds for the whole answer: a body, headers or informational answers that drip without end', async () => {
    const drips = [
      ['HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n', ' '],
      ['HTTP/1.1 200 OK\r\nx-drip: ', 'x'],
      ['', 'HTTP/1.1 103 Early Hints\r\n\r\n'],
    ] as const
    const outcomes = drips.map(async ([first, again]) => {
      const server = await startMisbehaving(socket => {
        socket.write(first)
        const drip = setInterval(() => socket.write(again), 100)
        socket.on('close', () => clearInterval(drip))
      })
      const error = await rejection(newPost()(server.url, form()))
      return [(error as { reason?: string }).reason, server.requests.length]
    })
    expect(await Promise.all(outcomes)).toEqual(drips.map(() => ['upstream_timeout', 1]))
  })

  test('REQ-8: a server that accepts and never shakes hands: two connections, and nothing sent', async () => {
    const server = await startRaw(() => {})
    const error = await rejection(newPost()(`https://127.0.0.1:${server.port}/`, form()))
    expect(error).toMatchObject({ reason: 'upstream_unreachable' })
    expect(causeName((error as Error).cause)).toBe('CONNECT_TIMEOUT')
    expect(server.connections).toBe(2)
  })

  test('REQ-14: requests that wait for a socket until then were never sent', async () => {
    const provider = await startProvider((response, { path }) => {
      if (path !== '/hang') json(response, 200, {})
    })
    const agents = guardedAgents()
    const post = createPost({ agents, userAgent: 'countersign/test' })
    const hanging = Array.from({ length: PROVIDER_SOCKETS_MAX }, () =>
      http.get(`${provider.url}/hang`, { agent: agents.http }).on('error', () => {}),
    )
    const waiting = Array.from({ length: 10 }, async () => rejection(post(provider.url, form())))
    for (const error of await Promise.all(waiting))
      expect(error).toMatchObject({ reason: 'upstream_unreachable' })
    expect(provider.requests).toHaveLength(PROVIDER_SOCKETS_MAX)

    // Those that gave up are not sent later on either, when there are sockets again.
    for (const request of hanging) request.destroy()
    expect((await post(provider.url, form())).status).toBe(200)
    expect(provider.requests).toHaveLength(PROVIDER_SOCKETS_MAX + 1)
  })
})
