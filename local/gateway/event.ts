import { randomUUID } from 'node:crypto'
import type { APIGatewayProxyEventV2 } from 'aws-lambda'
import type { Route } from './routes.ts'

/** What came in over HTTP. */
export interface Incoming {
  method: string
  /** Path and query. */
  url: string
  /** Names and values in turn, as they stood on the wire (`http.IncomingMessage.rawHeaders`). */
  rawHeaders: readonly string[]
  body: Buffer
  sourceIp: string
}

/** Makes the payload 2.0 event of an HTTP API: lower-cased headers joined by commas, cookies apart, binary bodies in base64. */
export function toEvent(incoming: Incoming, route: Route): APIGatewayProxyEventV2 {
  const url = new URL(incoming.url, 'http://gateway.invalid')
  const { headers, cookies } = readHeaders(incoming.rawHeaders)
  const isBase64Encoded = incoming.body.length > 0 && !isText(headers['content-type'])
  const routeKey = `${route.method} ${route.path}`
  const now = Date.now()
  return {
    version: '2.0',
    routeKey,
    rawPath: url.pathname,
    rawQueryString: url.search.slice(1),
    ...(cookies.length > 0 && { cookies }),
    headers,
    ...(url.search !== '' && { queryStringParameters: queryOf(url) }),
    requestContext: {
      accountId: 'anonymous',
      apiId: 'local',
      domainName: headers.host ?? '',
      domainPrefix: 'local',
      http: {
        method: incoming.method,
        path: url.pathname,
        protocol: 'HTTP/1.1',
        sourceIp: incoming.sourceIp,
        userAgent: headers['user-agent'] ?? '',
      },
      requestId: randomUUID(),
      routeKey,
      stage: '$default',
      time: new Date(now).toUTCString(),
      timeEpoch: now,
    },
    ...(incoming.body.length > 0 && { body: incoming.body.toString(isBase64Encoded ? 'base64' : 'utf8') }),
    isBase64Encoded,
  }
}

function readHeaders(raw: readonly string[]): { headers: Record<string, string>; cookies: string[] } {
  const headers: Record<string, string> = {}
  for (let i = 0; i < raw.length; i += 2) {
    const name = (raw[i] ?? '').toLowerCase()
    const value = raw[i + 1] ?? ''
    headers[name] = headers[name] === undefined ? value : `${headers[name]},${value}`
  }
  const { cookie, ...others } = headers
  return { headers: others, cookies: cookie === undefined ? [] : cookie.split(/;\s*/) }
}

// What API Gateway takes for text; a form is not among it and arrives in base64.
function isText(contentType = ''): boolean {
  const type = contentType.split(';', 1)[0]?.trim().toLowerCase() ?? ''
  return (
    type.startsWith('text/') ||
    ['application/json', 'application/javascript', 'application/xml'].includes(type)
  )
}

function queryOf(url: URL): Record<string, string> {
  const query: Record<string, string> = {}
  for (const [name, value] of url.searchParams)
    query[name] = name in query ? `${query[name]},${value}` : value
  return query
}
