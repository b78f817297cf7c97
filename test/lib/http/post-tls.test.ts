import net from 'node:net'
import tls from 'node:tls'
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest'
import { guardedAgents } from '../../../lib/http/agents.ts'
import { createPost } from '../../../lib/http/post.ts'
import { selfSignedCertificate } from '../../support/certificate.ts'
import {
  closeProviders,
  json,
  type Provider,
  rejection,
  startProvider,
  startRaw,
} from '../../support/fake-provider.ts'

const form = () => new URLSearchParams({ code: 'code-1' })
const trusted = selfSignedCertificate(['127.0.0.1'])
const elsewhere = selfSignedCertificate(['auth.example.com'])
const expired = selfSignedCertificate(['127.0.0.1'], Date.now() - 10 * 86_400_000)
const stranger = selfSignedCertificate(['127.0.0.1'])

const before = {
  ca: tls.getCACertificates('default'),
  version: tls.DEFAULT_MIN_VERSION,
  ciphers: tls.DEFAULT_CIPHERS,
}
/** One at a time: they have one name, and of two authorities of one name OpenSSL looks at the first. */
const trust = (certificate: typeof trusted) => tls.setDefaultCACertificates([certificate.cert])

beforeEach(() => trust(trusted))

afterEach(() => {
  delete process.env.NODE_TLS_REJECT_UNAUTHORIZED
  tls.DEFAULT_MIN_VERSION = before.version
  tls.DEFAULT_CIPHERS = before.ciphers
})
afterAll(() => {
  tls.setDefaultCACertificates(before.ca)
  closeProviders()
})

/** A container of its own: no socket, no TLS session of another test. */
const newPost = () => createPost({ agents: guardedAgents(), userAgent: 'countersign/test' })

const start = (certificate: typeof trusted, options = {}): Promise<Provider> =>
  startProvider(response => json(response, 200, {}), { ...certificate, ...options })

describe('REQ-4: TLS', () => {
  test('a server with a trusted certificate is asked, twice over one connection', async () => {
    const provider = await start(trusted)
    const post = newPost()
    expect((await post(provider.url, form())).status).toBe(200)
    expect((await post(provider.url, form())).status).toBe(200)
    expect([provider.requests.length, provider.connections]).toEqual([2, 1])
  })

  test.each([
    ['of an unknown authority', stranger],
    ['for another host', elsewhere],
    ['out of its time', expired],
  ])(
    'a certificate %s is refused: tried twice, and not a byte of the request sent',
    async (_, certificate) => {
      const provider = await start(certificate)
      expect(await rejection(newPost()(provider.url, form()))).toMatchObject({
        reason: 'upstream_unreachable',
      })
      expect([provider.requests.length, provider.connections]).toEqual([0, 2])
    },
  )

  test('nor can the environment turn that off', async () => {
    process.env.NODE_TLS_REJECT_UNAUTHORIZED = '0'
    for (const certificate of [stranger, elsewhere]) {
      trust(elsewhere)
      const provider = await start(certificate)
      expect(await rejection(newPost()(provider.url, form()))).toMatchObject({
        reason: 'upstream_unreachable',
      })
      expect(provider.requests).toEqual([])
    }
  })

  test('a server that speaks TLS 1.1 at most is refused, even where Node would take it', async () => {
    const old = { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT:@SECLEVEL=0' } as const
    tls.DEFAULT_MIN_VERSION = 'TLSv1'
    tls.DEFAULT_CIPHERS = 'DEFAULT:@SECLEVEL=0'
    const provider = await start(trusted, old)
    // The server is fine, for a client that has no rule of its own.
    const { hostname, port } = new URL(provider.url)
    const socket = tls.connect({ host: hostname, port: Number(port) })
    await new Promise((resolve, reject) => socket.once('secureConnect', resolve).once('error', reject))
    expect(socket.getProtocol()).toBe('TLSv1.1')
    socket.destroy()

    expect(await rejection(newPost()(provider.url, form()))).toMatchObject({ reason: 'upstream_unreachable' })
    expect(provider.requests).toEqual([])
  })

  test('a server that speaks no TLS is refused', async () => {
    const plain = await startProvider(response => json(response, 200, {}))
    const error = await rejection(newPost()(plain.url.replace('http:', 'https:'), form()))
    expect(error).toMatchObject({ reason: 'upstream_unreachable' })
    expect(plain.requests).toEqual([])
  })
})

describe('REQ-8: a connection that fails in the handshake is opened once more', () => {
  const withTls = (port: number) => `https://127.0.0.1:${port}/`

  test('and not a third time', async () => {
    const server = await startRaw(socket => socket.once('data', () => socket.destroy()))
    const error = await rejection(newPost()(withTls(server.port), form()))
    expect(error).toMatchObject({ reason: 'upstream_unreachable' })
    expect(server.connections).toBe(2)
  })

  test('the second one carries the request, once', async () => {
    const provider = await start(trusted)
    const server = await startRaw((socket, nth) => {
      if (nth === 1) socket.once('data', () => socket.destroy())
      else {
        const inner = net.connect(Number(new URL(provider.url).port), '127.0.0.1')
        socket.pipe(inner).pipe(socket)
      }
    })
    expect((await newPost()(withTls(server.port), form())).status).toBe(200)
    expect([server.connections, provider.requests.length]).toEqual([2, 1])
  })

  test('but not one that is lost after it: the request may have left', async () => {
    const provider = await startProvider(response => response.socket?.destroy(), trusted)
    expect(await rejection(newPost()(provider.url, form()))).toMatchObject({ reason: 'upstream_lost' })
    expect([provider.requests.length, provider.connections]).toEqual([1, 1])
  })
})
