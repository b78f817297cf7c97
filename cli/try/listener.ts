import { once } from 'node:events'
import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerResponse,
} from 'node:http'
import type { AddressInfo } from 'node:net'
import { Failure } from '../failure.ts'
import { CONTENT_SECURITY_POLICY, NOT_IT, RECEIVED } from './page.ts'
import { type Way, withPort } from './redirect.ts'

export interface Listener {
  /** With the port that it has. */
  redirect_uri: string
  /** The query of the redirect that carries `state`; others are turned away. Rejects with Failure `timeout`. */
  received(state: string, timeout_s: number): Promise<URLSearchParams>
  close(): void
}

/** Listens on loopback for the redirect of one sign-in. Rejects with Failure where the port cannot be had. */
export async function listenFor({
  redirect_uri,
  listen,
}: Way & Required<Pick<Way, 'listen'>>): Promise<Listener> {
  const { promise: query, resolve } = Promise.withResolvers<URLSearchParams>()
  const { pathname } = new URL(redirect_uri)
  let host = ''
  let wanted: string | undefined
  let others = 0
  const handle: RequestListener = (request, response) => {
    response.setHeader('connection', 'close')
    const url = urlOf(request)
    // A name that an attacker has pointed at this machine would make what it serves a page of theirs.
    if (url === undefined || request.headers.host?.toLowerCase() !== host) return show(response, 400, NOT_IT)
    if (url.pathname !== pathname) return void response.writeHead(404).end()
    if (request.method !== 'GET') return void response.writeHead(405, { allow: 'GET' }).end()
    // Any page can send a browser here: what is not asked for must not end what is.
    if (wanted === undefined || url.searchParams.get('state') !== wanted) {
      others++
      return show(response, 400, NOT_IT)
    }
    // Also where the browser leaves before it has the page.
    response.once('close', () => resolve(url.searchParams))
    show(response, 200, RECEIVED)
  }
  const servers = await open(listen, handle)
  const { port } = servers[0]!.address() as AddressInfo
  const actual = listen.any_port ? withPort(redirect_uri, port) : redirect_uri
  host = new URL(actual).host
  return {
    redirect_uri: actual,
    received(state, timeout_s) {
      wanted = state
      return within(query, timeout_s, () => late(timeout_s, others))
    },
    close() {
      for (const server of servers) {
        server.close()
        server.closeAllConnections()
      }
    },
  }
}

/** Undefined where the request target is no path: `//`, or the absolute form that a proxy is sent. */
function urlOf({ url = '' }: IncomingMessage): URL | undefined {
  const base = 'http://localhost'
  if (!URL.canParse(url, base)) return undefined
  const parsed = new URL(url, base)
  return parsed.origin === base ? parsed : undefined
}

function show(response: ServerResponse, status: number, page: string): void {
  response
    .writeHead(status, {
      'content-type': 'text/html; charset=utf-8',
      'content-security-policy': CONTENT_SECURITY_POLICY,
      // The page's own URL holds the code.
      'referrer-policy': 'no-referrer',
      'cache-control': 'no-store',
    })
    .end(page)
}

async function open(
  { hosts, port, any_port }: NonNullable<Way['listen']>,
  handle: RequestListener,
): Promise<Server[]> {
  const servers: Server[] = []
  for (const host of hosts) {
    try {
      servers.push(await listening(host, port, handle))
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException
      // `localhost` may have one address only.
      if (servers.length > 0 && code !== 'EADDRINUSE') continue
      for (const server of servers) server.close()
      if (any_port && port !== 0) return open({ hosts, port: 0, any_port }, handle)
      throw portFailure(port, code)
    }
  }
  return servers
}

async function listening(host: string, port: number, handle: RequestListener): Promise<Server> {
  const server = createServer(handle).listen(port, host)
  await once(server, 'listening')
  return server
}

function portFailure(port: number, code: string | undefined): Failure {
  return new Failure(
    'port_taken',
    code === 'EADDRINUSE'
      ? `Port ${port} is in use, and the redirect URI has this port and no other.`
      : `Port ${port} cannot be listened at: ${code}`,
    {
      fix: "End what listens there (the app's own server?), or choose another redirect URI by --redirect-uri.",
    },
  )
}

async function within<T>(work: Promise<T>, seconds: number, failure: () => Failure): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const end = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(failure()), seconds * 1_000)
  })
  try {
    return await Promise.race([work, end])
  } finally {
    clearTimeout(timer)
  }
}

function late(seconds: number, others: number): Failure {
  if (others === 0) {
    return new Failure('timeout', `No redirect came within ${seconds} s.`, {
      fix: 'Is this redirect URI registered with the provider, to the letter? The page that the browser shows may say more.',
    })
  }
  return new Failure(
    'timeout',
    `No redirect with the state of this sign-in came within ${seconds} s, but ${others} with another state or none.`,
    {
      fix: 'Sign in once more, by the URL that was printed last. If it stays so, the provider does not return state as RFC 6749 asks.',
    },
  )
}
