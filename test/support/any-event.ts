import type { Ask } from './meant-requests.ts'

// What API Gateway makes of a request: payload 2.0 of an HTTP API, or 1.0 of a REST API.

/** JSON by hand: a member may stand there twice. */
const jsonOf = (pairs: Ask['params']) =>
  `{${pairs.map(([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value)}`).join(',')}}`

export function bodyOf({ as, params, raw }: Ask): string | undefined {
  if (raw !== undefined) return raw
  if (as === 'query') return undefined
  return as === 'json' ? jsonOf(params) : new URLSearchParams(params).toString()
}

function grouped(pairs: Ask['params']): Record<string, string[]> {
  const groups = new Map<string, string[]>()
  for (const [name, value] of pairs) groups.set(name, [...(groups.get(name) ?? []), value])
  return Object.fromEntries(groups)
}

const mapped = (groups: Record<string, string[]>, one: (values: string[]) => string) =>
  Object.fromEntries(Object.entries(groups).map(([name, values]) => [name, one(values)]))

export function eventOf(ask: Ask): Record<string, unknown> {
  const { method, route, headers, cookies, params, as, base64, v1 } = ask
  const text = bodyOf(ask)
  const body = text === undefined || !base64 ? text : Buffer.from(text).toString('base64')
  const common = { body, isBase64Encoded: base64 && text !== undefined }
  const query = as === 'query' ? params : []
  if (v1) {
    const cookie: Ask['headers'] = cookies.length > 0 ? [['Cookie', cookies.join('; ')]] : []
    const multiValueHeaders = grouped([...headers, ...cookie])
    return {
      version: '1.0',
      path: route,
      httpMethod: method,
      headers: mapped(multiValueHeaders, values => values.at(-1)!),
      multiValueHeaders,
      multiValueQueryStringParameters: query.length > 0 ? grouped(query) : null,
      requestContext: { stage: 'live', httpMethod: method },
      ...common,
    }
  }
  return {
    version: '2.0',
    routeKey: `ANY ${route}`,
    rawPath: `/live${route}`,
    rawQueryString: new URLSearchParams(query).toString(),
    ...(cookies.length > 0 && { cookies }),
    headers: mapped(grouped(headers), values => values.join(',')),
    requestContext: { http: { method, path: route } },
    ...common,
  }
}
