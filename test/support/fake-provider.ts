import { once } from 'node:events'
import http from 'node:http'
import https from 'node:https'
import net from 'node:net'

// Servers on loopback that note what reaches them and answer as told, also against the rules.

/** A request as it arrived. `headers` keeps the spelling and the order of the wire. */
export interface Received {
  method: string
  path: string
  headers: [name: string, value: string][]
  body: string
}

export interface Provider {
  url: string
  requests: Received[]
  /** TCP connections so far. */
  connections: number
}

export type Tls = { key: string; cert: string } & Pick<
  https.ServerOptions,
  'minVersion' | 'maxVersion' | 'ciphers'
>

const open: (() => void)[] = []

/** Ends every server of this file and what is connected to them. For `afterAll`. */
export function closeProviders(): void {
  for (const close of open.splice(0)) close()
}

async function listening(server: net.Server, scheme: string): Promise<string> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return `${scheme}://127.0.0.1:${(server.address() as net.AddressInfo).port}`
}

function pairs(raw: string[]): [string, string][] {
  return raw.flatMap((name, i) => (i % 2 === 0 ? [[name, raw[i + 1]!] as [string, string]] : []))
}

/** A well-behaved server, over TLS where `tls` is given. `answer` gets each request once its body is complete. */
export async function startProvider(
  answer: (response: http.ServerResponse, request: Received, nth: number) => void,
  tls?: Tls,
): Promise<Provider> {
  const provider: Provider = { url: '', requests: [], connections: 0 }
  const listener: http.RequestListener = async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk)
    const received = {
      method: request.method ?? '',
      path: request.url ?? '',
      headers: pairs(request.rawHeaders),
      body: Buffer.concat(chunks).toString('utf8'),
    }
    provider.requests.push(received)
    answer(response, received, provider.requests.length)
  }
  const server = tls ? https.createServer(tls, listener) : http.createServer(listener)
  // Longer than any idle time that a test is about.
  server.keepAliveTimeout = 60_000
  server.on('connection', () => {
    provider.connections++
  })
  provider.url = await listening(server, tls ? 'https' : 'http')
  open.push(() => {
    server.close()
    server.closeAllConnections()
  })
  return provider
}

/** A server that speaks bytes: `onConnection` gets each connection as it is accepted, nothing read. */
export async function startRaw(
  onConnection: (socket: net.Socket, nth: number) => void,
): Promise<{ url: string; port: number; connections: number }> {
  const sockets = new Set<net.Socket>()
  const server = net.createServer(socket => {
    sockets.add(socket)
    socket.on('error', () => {})
    raw.connections++
    onConnection(socket, raw.connections)
  })
  const raw = { url: '', port: 0, connections: 0 }
  raw.url = await listening(server, 'http')
  raw.port = Number(new URL(raw.url).port)
  open.push(() => {
    server.close()
    for (const socket of sockets) socket.destroy()
  })
  return raw
}

/** A raw server that reads one whole form request on each connection, and then lets `act` do with the socket what it wants. */
export async function startMisbehaving(
  act: (socket: net.Socket, nth: number) => void,
): Promise<{ url: string; requests: string[]; connections: number }> {
  const requests: string[] = []
  const raw = await startRaw(socket => {
    let text = ''
    socket.on('data', chunk => {
      text += chunk.toString('latin1')
      const [head = '', body] = text.split('\r\n\r\n', 2)
      const length = Number(/^content-length: (\d+)$/im.exec(head)?.[1])
      if (body === undefined || body.length < length) return
      requests.push(text)
      text = ''
      act(socket, requests.length)
    })
  })
  return {
    url: raw.url,
    requests,
    get connections() {
      return raw.connections
    },
  }
}

/** Answers with JSON. */
export function json(response: http.ServerResponse, status: number, value: unknown, headers = {}): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers })
  response.end(JSON.stringify(value))
}

/** The error that a promise is rejected with; an error of the test where it is not. */
export async function rejection(promise: Promise<unknown>): Promise<unknown> {
  let value: unknown
  try {
    value = await promise
  } catch (error) {
    return error
  }
  throw new Error(`expected a rejection, got ${JSON.stringify(value)}`)
}
