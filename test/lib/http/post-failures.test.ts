import type { Socket } from 'node:net'
import fc from 'fast-check'
import { afterAll, afterEach, describe, expect, test } from 'vitest'
import { causeName, ProxyError } from '../../../lib/errors.ts'
import { guardedAgents } from '../../../lib/http/agents.ts'
import { createPost } from '../../../lib/http/post.ts'
import {
  closeProviders,
  json,
  rejection,
  startMisbehaving,
  startProvider,
  startRaw,
} from '../../support/fake-provider.ts'

const agents = guardedAgents()
const post = createPost({ agents, userAgent: 'countersign/test' })
const form = () => new URLSearchParams({ code: 'sentinel' })

// An error event that nobody listens to would end the process; here it fails the test.
const uncaught: unknown[] = []
const note = (error: unknown) => uncaught.push(error)
process.on('uncaughtExceptionMonitor', note)

afterEach(() => expect(uncaught).toEqual([]))
afterAll(() => {
  process.off('uncaughtExceptionMonitor', note)
  agents.http.destroy()
  closeProviders()
})

const HEAD = 'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n'

describe('REQ-8: once the request may have left, it is not sent again', () => {
  test.each<[string, (socket: Socket) => void, reason: string]>([
    ['reads, then resets', socket => socket.resetAndDestroy(), 'upstream_lost'],
    ['reads, then closes', socket => socket.end(), 'upstream_lost'],
    ['half a status line', socket => socket.end('HTTP/1.1 20'), 'upstream_lost'],
    ['half of the headers', socket => socket.end(HEAD), 'upstream_lost'],
    ['half of a body', socket => socket.end(`${HEAD}content-length: 20\r\n\r\n{"access_`), 'upstream_lost'],
    [
      'half of a chunked body',
      socket => socket.end(`${HEAD}transfer-encoding: chunked\r\n\r\n5\r\n{"acc\r\n`),
      'upstream_lost',
    ],
    [
      'half a body, then a reset',
      socket => socket.write(`${HEAD}content-length: 20\r\n\r\n{"access_`, () => socket.resetAndDestroy()),
      'upstream_lost',
    ],
    ['garbage in place of HTTP', socket => socket.end('SSH-2.0-OpenSSH_9.2\r\n'), 'upstream_lost'],
    ['a bad chunk', socket => socket.end(`${HEAD}transfer-encoding: chunked\r\n\r\nzz\r\n`), 'upstream_lost'],
    [
      'two lengths',
      socket => socket.end(`${HEAD}content-length: 1\r\ncontent-length: 2\r\n\r\n{}`),
      'upstream_lost',
    ],
    [
      'both framings',
      socket =>
        socket.end(`${HEAD}content-length: 2\r\ntransfer-encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n`),
      'upstream_lost',
    ],
    ['headers without an end', socket => socket.end(`${HEAD}x: ${'y'.repeat(20_000)}`), 'upstream_lost'],
    [
      'another protocol',
      socket => socket.end('HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n'),
      'upstream_malformed',
    ],
  ])('%s: one request', async (_, act, reason) => {
    const server = await startMisbehaving(act)
    const error = await rejection(post(server.url, form()))
    expect(error).toBeInstanceOf(ProxyError)
    expect(error).toMatchObject({ reason })
    expect([server.requests.length, server.connections]).toEqual([1, 1])
    // REQ-8 and LOG-1: nor does the error tell what was sent.
    expect(JSON.stringify(error) + String(error)).not.toContain('sentinel')
  })

  test('a server that switches to another protocol is not left with an open connection', async () => {
    const closed = Promise.withResolvers<void>()
    const server = await startMisbehaving(socket => {
      socket.on('close', () => closed.resolve())
      socket.write('HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n')
    })
    const error = await rejection(post(server.url, form()))
    expect(error).toMatchObject({ reason: 'upstream_malformed', upstream: { status: 101 } })
    expect(causeName((error as Error).cause)).toBe('UPGRADE')
    await closed.promise
  })

  test('an answer that breaks off tells its status, and what broke it', async () => {
    const server = await startMisbehaving(socket =>
      socket.end('HTTP/1.1 503 Unavailable\r\ncontent-length: 20\r\n\r\n{'),
    )
    const error = await rejection(post(server.url, form()))
    expect(error).toMatchObject({ reason: 'upstream_lost', upstream: { status: 503 } })
    expect(causeName((error as Error).cause)).toBe('ECONNRESET')
  })

  test('also on a connection that was kept from an earlier request', async () => {
    const server = await startMisbehaving((socket, nth) => {
      if (nth === 1) socket.write(`${HEAD}content-length: 2\r\n\r\n{}`)
      else socket.resetAndDestroy()
    })
    await post(server.url, form())
    expect(await rejection(post(server.url, form()))).toMatchObject({ reason: 'upstream_lost' })
    expect([server.requests.length, server.connections]).toEqual([2, 1])
  })
})

describe('REQ-8: while nothing can have left', () => {
  test('a port where nobody listens is not reachable', async () => {
    const { url } = await startRaw(() => {})
    const free = new URL(url)
    free.hostname = '127.0.0.2'
    // Bound on 127.0.0.1 alone, so that nobody can take the port meanwhile.
    expect(await rejection(post(free.href, form()))).toMatchObject({ reason: 'upstream_unreachable' })
  })
})

describe('answers that are unusual and still answers', () => {
  test.each([
    [
      'an informational answer before it',
      `HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n${HEAD}content-length: 2\r\n\r\n{}`,
    ],
    ['100 Continue before it', `HTTP/1.1 100 Continue\r\n\r\n${HEAD}content-length: 2\r\n\r\n{}`],
    ['HTTP/1.0, ended by closing', 'HTTP/1.0 200 OK\r\ncontent-type: application/json\r\n\r\n{}'],
    ['no reason phrase', 'HTTP/1.1 200\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}'],
  ])('%s', async (_, text) => {
    const server = await startMisbehaving(socket => socket.end(text))
    expect(await post(server.url, form())).toMatchObject({ status: 200, body: '{}' })
  })

  test('a second answer that nobody asked for is not that of the next request', async () => {
    const server = await startMisbehaving((socket, nth) => {
      const answer = (body: string) => `${HEAD}content-length: ${body.length}\r\n\r\n${body}`
      socket.write(answer(`{"nth":${nth}}`) + (nth === 1 ? answer('{"smuggled":true}') : ''))
    })
    expect((await post(server.url, form())).body).toBe('{"nth":1}')
    expect((await post(server.url, form())).body).toBe('{"nth":2}')
    expect(server.connections).toBe(2)
  })

  test('nor is one that comes while the connection is idle', async () => {
    const sent = Promise.withResolvers<void>()
    const server = await startMisbehaving((socket, nth) => {
      const answer = (body: string) => `${HEAD}content-length: ${body.length}\r\n\r\n${body}`
      socket.write(answer(`{"nth":${nth}}`))
      if (nth === 1) setTimeout(() => socket.write(answer('{"smuggled":true}'), () => sent.resolve()), 20)
    })
    expect((await post(server.url, form())).body).toBe('{"nth":1}')
    await sent.promise
    await new Promise(done => setTimeout(done, 20))
    expect((await post(server.url, form())).body).toBe('{"nth":2}')
  })
})

describe('any bytes for an answer', () => {
  const pieces = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 30 }),
    fc.constantFrom(
      HEAD,
      '\r\n',
      '\r\n\r\n',
      'content-length: 2\r\n',
      'transfer-encoding: chunked\r\n',
      '{}',
      '0\r\n\r\n',
    ),
    fc.constantFrom(
      'HTTP/1.1 100 Continue\r\n\r\n',
      'HTTP/1.1 200 OK\r\n\r\n',
      'connection: close\r\n',
      'trailer: x\r\n',
    ),
  )

  test('end in an answer or in a ProxyError, and in one request', async () => {
    let answer = ''
    let reset = false
    const server = await startMisbehaving(socket => {
      if (reset) socket.write(answer, 'latin1', () => socket.resetAndDestroy())
      else socket.end(answer, 'latin1')
    })
    let runs = 0
    await fc.assert(
      fc.asyncProperty(fc.array(pieces, { maxLength: 8 }), fc.boolean(), async (parts, withReset) => {
        answer = parts.join('')
        reset = withReset
        runs++
        await post(server.url, form()).catch((error: unknown) => expect(error).toBeInstanceOf(ProxyError))
        expect(server.requests).toHaveLength(runs)
      }),
      { numRuns: 400 },
    )
  })
})

test('after each of these the next good request is answered', async () => {
  const bad = await startMisbehaving(socket => socket.resetAndDestroy())
  const good = await startProvider(response => json(response, 200, {}))
  await rejection(post(bad.url, form()))
  expect((await post(good.url, form())).status).toBe(200)
})

test('an answer that nobody asked for is not taken for the next one', async () => {
  const answer = (token: string) => {
    const body = JSON.stringify({ token })
    return `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`
  }
  const server = await startMisbehaving((socket, nth) => {
    socket.write(answer(`own-${nth}`))
    // After the first answer has been read: in the buffer of a socket that is idle again.
    setTimeout(() => socket.writable && socket.write(answer(`unasked-${nth}`)), 2)
  })
  const post = createPost({ agents: guardedAgents(), userAgent: 'countersign/test' })
  for (let n = 1; n <= 5; n++) {
    const { body } = await post(server.url, new URLSearchParams({ code: `code-${n}` }))
    expect(JSON.parse(body)).toEqual({ token: `own-${n}` })
    // Busy, as while signing: what has come in is not looked at until there is time.
    for (const end = performance.now() + 10; performance.now() < end; );
  }
})
