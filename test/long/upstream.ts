import { once } from 'node:events'
import { createServer, type Server } from 'node:https'
import net, { type AddressInfo } from 'node:net'
import tls from 'node:tls'
import { idToken, published } from '../support/id-tokens.ts'
import { testKey } from '../support/keys.ts'
import { VISITED } from './visitor.ts'

type Certificate = { key: string; cert: string }

/** How a provider behaves: well; with 503; two seconds late; the connection reset once it has read the request. */
export type Mood = 'well' | 'unavailable' | 'late' | 'reset'

export interface Upstream {
  url: string
  mood: Mood
  /** How often each code came, and each refresh token. */
  codes: Map<string, number>
  close(): void
}

const LATE_MS = 2_000
const TOKENS = { access_token: 'a'.repeat(900), token_type: 'Bearer', expires_in: 3600 }
const JSON_TYPE = { 'content-type': 'application/json' }
const KEY = testKey('ES256', 'provider')

async function listening(server: net.Server | Server): Promise<number> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return (server.address() as AddressInfo).port
}

/** A provider over TLS that keeps nothing of a request but its code or refresh token, which it gives one time each. */
export async function startUpstream(certificate: Certificate): Promise<Upstream> {
  let given = 0
  const answerTo = (path: string, form: URLSearchParams): object => {
    if (path !== '/token') return {}
    const spent = form.get('code') ?? form.get('refresh_token') ?? ''
    upstream.codes.set(spent, (upstream.codes.get(spent) ?? 0) + 1)
    if (form.get('client_id') !== VISITED) return TOKENS
    const tokens = { ...TOKENS, refresh_token: `r${given++}` }
    const nonce = spent.split('.')[1]
    if (nonce === undefined) return tokens
    const claims = { aud: VISITED, nonce }
    return { ...tokens, id_token: idToken(upstream.url, Date.now(), { claims }, KEY) }
  }
  const server = createServer(certificate, async (request, response) => {
    let body = ''
    for await (const chunk of request) body += chunk
    if (request.url === '/jwks') {
      return response.writeHead(200, JSON_TYPE).end(JSON.stringify({ keys: [published(KEY, 'kid-p')] }))
    }
    const answer = JSON.stringify(answerTo(request.url ?? '', new URLSearchParams(body)))
    switch (upstream.mood) {
      case 'well':
        return response.writeHead(200, JSON_TYPE).end(answer)
      case 'unavailable':
        return response.writeHead(503, JSON_TYPE).end('{"error":"temporarily_unavailable"}')
      case 'late':
        return setTimeout(() => response.writeHead(200, JSON_TYPE).end(answer), LATE_MS)
      case 'reset':
        return request.socket.destroy()
    }
  })
  // It is the function that closes idle connections: a request that meets a closing one would be a fault of its own.
  server.keepAliveTimeout = 0
  const upstream: Upstream = {
    url: '',
    mood: 'well',
    codes: new Map(),
    close() {
      server.close()
      server.closeAllConnections()
    },
  }
  upstream.url = `https://127.0.0.1:${await listening(server)}`
  return upstream
}

/** TLS in front of a service that speaks without: the local AWS. Its connections end as those behind them do. */
export async function startTlsFront(
  target: string,
  certificate: Certificate,
): Promise<{ url: string; close(): void }> {
  const { port } = new URL(target)
  const sockets = new Set<tls.TLSSocket>()
  const server = tls.createServer(certificate, socket => {
    sockets.add(socket.on('close', () => sockets.delete(socket)))
    const behind = net.connect(Number(port), '127.0.0.1')
    socket.pipe(behind).pipe(socket)
    for (const [one, other] of [
      [socket, behind],
      [behind, socket],
    ] as const) {
      one.on('error', () => {}).on('close', () => other.destroy())
    }
  })
  const url = `https://127.0.0.1:${await listening(server)}`
  return {
    url,
    close() {
      server.close()
      for (const socket of sockets) socket.destroy()
    },
  }
}
