import { readFile } from 'node:fs/promises'
import http from 'node:http'
import { json } from 'node:stream/consumers'
import { parse } from 'yaml'
import { DEMO_CLIENTS } from '../clients.ts'
import type { StackDescription } from '../description.ts'
import { listen } from '../listen.ts'
import { siblingOf } from '../site.ts'
import type { Traces } from '../traces.ts'
import { readAssets } from './assets.ts'

/** What the demo needs of the stack, once everything runs. */
export interface Behind {
  description: StackDescription
  traces: Traces
  /** Has KMS throttle, or stops it. */
  setKmsDown(down: boolean): Promise<void>
}

export interface App {
  url: string
  connect(behind: Behind): void
  close(): Promise<void>
}

/** The demo app: its files, and beside them what the local stack tells it. */
export async function startApp({ port }: { port: number }): Promise<App> {
  const assets = await readAssets()
  let behind: Behind | undefined
  const server = http.createServer(async (request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '/', url)
    // By another name than its own somebody else's page may be speaking (DNS rebinding).
    const own = [url, siblingOf(url, 'app')].find(one => new URL(one).host === request.headers.host)
    if (!behind || (own === undefined && request.headers.host !== new URL(foreignOrigin(url)).host)) {
      return send(response, 421, 'text/plain', 'Misdirected request\n')
    }
    // The app lives under two names; the third one is only the foreign page's.
    if (own === undefined && !pathname.startsWith('/foreign')) {
      response.setHeader('location', url)
      return send(response, 307, 'text/plain', `The app is at ${url}\n`)
    }
    // Cookies go to siblings alone, so that page has to be one; the first page's sign-ins come back to the address.
    const home = { '/': url, '/deliveries': siblingOf(url, 'app') }[pathname] ?? own
    if (home !== undefined && home !== own) {
      response.setHeader('location', home + request.url)
      return send(response, 307, 'text/plain', 'This page lives under another name\n')
    }
    const asset = assets.get(pathname)
    if (request.method === 'GET' && asset) {
      response.setHeader(
        'content-security-policy',
        policy(behind.description, gatewayFor(own, behind.description)),
      )
      return send(response, 200, asset.type, asset.content)
    }
    try {
      const answer = await answerOf(request, pathname, searchParams, behind, own)
      if (answer !== undefined) return send(response, 200, 'application/json', JSON.stringify(answer))
    } catch {
      return send(response, 400, 'text/plain', 'Bad request\n')
    }
    send(response, 404, 'text/plain', 'Not found\n')
  })
  const url = await listen(server, port)
  return {
    url,
    connect(next) {
      behind = next
    },
    async close() {
      server.closeAllConnections()
      server.close()
    },
  }
}

async function answerOf(
  request: http.IncomingMessage,
  pathname: string,
  query: URLSearchParams,
  { description, traces, setKmsDown }: Behind,
  own: string | undefined,
): Promise<unknown> {
  const { issuer, clients, app } = description
  const gateway = gatewayFor(own, description)
  switch (`${request.method} ${pathname}`) {
    case 'GET /configuration':
      return {
        issuer,
        gateway,
        api: description.api,
        clients: clients.slice(0, DEMO_CLIENTS),
        foreign: `${foreignOrigin(app)}/foreign`,
      }
    case 'GET /openapi.json':
      return readOpenApi(description.gateway)
    case 'GET /trace':
      return query.has('request_id')
        ? traces.byId(query.get('request_id') ?? '')
        : traces.lastRefusedSince(Number(query.get('refused_since') ?? Number.NaN))
    case 'POST /kms': {
      // JSON, which no other page can send without a preflight that nobody answers.
      if (request.headers['content-type'] !== 'application/json') return undefined
      const { down } = (await json(request)) as { down: unknown }
      await setKmsDown(down === true)
      return { down: down === true }
    }
    default:
      return undefined
  }
}

/** The description of the endpoints, with this stack's gateway for its server. */
async function readOpenApi(gateway: string): Promise<object> {
  const text = await readFile(new URL('../../docs/openapi.yaml', import.meta.url), 'utf8')
  return { ...parse(text), servers: [{ url: gateway }] }
}

/** The same server by another name is another origin. */
function foreignOrigin(app: string): string {
  return app.replace('127.0.0.1', 'localhost')
}

/** A page under the name of the site has the gateway there: cookies go to siblings alone. */
function gatewayFor(own: string | undefined, { gateway, site }: StackDescription): string {
  return own === site.app ? site.gateway : gateway
}

function policy({ app, issuer, api }: StackDescription, gateway: string): string {
  return [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    'img-src data:',
    `connect-src 'self' ${gateway} ${new URL(issuer).origin} ${api}`,
    `frame-src ${foreignOrigin(app)}`,
    `frame-ancestors ${app}`,
    "base-uri 'none'",
    "form-action 'none'",
  ].join('; ')
}

function send(
  response: http.ServerResponse,
  status: number,
  type: string,
  content: string | Uint8Array,
): void {
  response
    .writeHead(status, {
      'content-type': type,
      'cache-control': 'no-store',
      'referrer-policy': 'no-referrer',
      'x-content-type-options': 'nosniff',
    })
    .end(content)
}
