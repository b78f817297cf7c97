import { once } from 'node:events'
import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Failure } from '../failure.ts'
import { CONTENT_SECURITY_POLICY, RECEIVED } from './page.ts'
import { type Way, withPort } from './redirect.ts'

export interface Listener {
  /** With the port that it has. */
  redirect_uri: string
  /** The query of the redirect. Rejects with Failure `timeout`. */
  received(timeout_s: number): Promise<URLSearchParams>
  close(): void
}

/** Listens on loopback for the redirect of one sign-in. Rejects with Failure where the port cannot be had. */
export async function listenFor({
  redirect_uri,
  listen,
}: Way & Required<Pick<Way, 'listen'>>): Promise<Listener> {
  const { promise: query, resolve } = Promise.withResolvers<URLSearchParams>()
  const { pathname } = new URL(redirect_uri)
  const handle: RequestListener = (request, response) => {
    const { pathname: path, searchParams } = new URL(request.url ?? '/', 'http://localhost')
    response.setHeader('connection', 'close')
    if (path !== pathname) return void response.writeHead(404).end()
    if (request.method !== 'GET') return void response.writeHead(405, { allow: 'GET' }).end()
    response
      .writeHead(200, {
        'content-type': 'text/html; charset=utf-8',
        'content-security-policy': CONTENT_SECURITY_POLICY,
        // The page's own URL holds the code.
        'referrer-policy': 'no-referrer',
        'cache-control': 'no-store',
      })
      .end(RECEIVED, () => resolve(searchParams))
  }
  const servers = await open(listen, handle)
  const { port } = servers[0]!.address() as AddressInfo
  return {
    redirect_uri: listen.any_port ? withPort(redirect_uri, port) : redirect_uri,
    received: timeout_s => within(query, timeout_s),
    close() {
      for (const server of servers) {
        server.close()
        server.closeAllConnections()
      }
    },
  }
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

async function within<T>(work: Promise<T>, seconds: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () =>
        reject(
          new Failure('timeout', `No redirect came within ${seconds} s.`, {
            fix: 'Is this redirect URI registered with the provider, to the letter? The page that the browser shows may say more.',
          }),
        ),
      seconds * 1_000,
    )
  })
  try {
    return await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
}
