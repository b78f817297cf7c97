import { createHash } from 'node:crypto'
import http from 'node:http'
import { json } from 'node:stream/consumers'
import { decodeJwt } from 'jose'
import { listen } from '../listen.ts'

/** A request as it came here. */
export interface SeenRequest {
  method: string
  url: string
  /** Names and values in turn. */
  rawHeaders: readonly string[]
}

/** The API that the demo is about. */
export interface Api {
  url: string
  /** All requests so far. */
  seen(): readonly SeenRequest[]
  close(): Promise<void>
}

const ORDERS = [
  { id: 1, item: 'A lamp' },
  { id: 2, item: 'A chair' },
]

/**
 * A small resource server: `GET /me`, `GET` and `POST /orders`. It judges no token, for it is there to show what arrives, and of
 * a token it repeats a fingerprint alone. It sends the CORS headers of its own answers, as an API behind the REST API has to.
 *
 * @param options.origins asked when a request comes: whose pages may read the answers
 */
export async function startApi(options: { port: number; origins: () => readonly string[] }): Promise<Api> {
  const seen: SeenRequest[] = []
  const server = http.createServer(async (request, response) => {
    const { method = '', url = '/', rawHeaders, headers } = request
    seen.push({ method, url, rawHeaders })
    if (headers.origin !== undefined && options.origins().includes(headers.origin)) {
      response.setHeader('access-control-allow-origin', headers.origin)
      response.setHeader('access-control-allow-credentials', 'true')
    }
    response.setHeader('vary', 'Origin')
    response.setHeader('cache-control', 'no-store')
    try {
      const [status, body] = await answer(request)
      response
        .writeHead(status, { 'content-type': 'application/json' })
        .end(JSON.stringify({ ...body, bearer: fingerprint(headers.authorization) }))
    } catch {
      response.writeHead(400).end()
    }
  })
  return {
    url: await listen(server, options.port),
    seen: () => seen,
    async close() {
      server.closeAllConnections()
      server.close()
    },
  }
}

async function answer(request: http.IncomingMessage): Promise<[number, object]> {
  const path = request.url?.split('?', 1)[0]
  switch (`${request.method} ${path}`) {
    case 'GET /me':
      return [200, { caller: request.headers['x-client-ip'] ?? 'unknown' }]
    case 'GET /orders':
      return [200, { orders: ORDERS }]
    case 'POST /orders':
      return [201, { ordered: await json(request) }]
    default:
      return [404, { error: 'not_found' }]
  }
}

/** Whose token came along, and which: never the token itself. */
function fingerprint(authorization = ''): string {
  const [, token] = /^Bearer (.+)$/.exec(authorization) ?? []
  if (token === undefined) return 'absent'
  return `present: ${subject(token)}/${createHash('sha256').update(token).digest('hex').slice(0, 8)}`
}

/** Of a token that is no JWT nothing can be said here. */
function subject(token: string): string {
  try {
    return decodeJwt(token).sub ?? '-'
  } catch {
    return '-'
  }
}
