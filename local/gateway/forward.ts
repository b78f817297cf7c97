import http from 'node:http'
import https from 'node:https'
import { type ForwardIntegration, staticValue } from './rest-api.ts'
import type { RestRequest } from './rest-request.ts'

// What a REST API does by an HTTP_PROXY integration: the request goes on as it is, but for the headers that are mapped.

/** Neither goes any further: they are about one connection, or are the gateway's own to say. */
const DROPPED = new Set([
  ...['connection', 'keep-alive', 'te', 'trailer', 'transfer-encoding', 'upgrade'],
  ...['expect', 'host', 'proxy-authenticate', 'proxy-authorization', 'proxy-connection', 'via'],
])

/** Where a request goes and with which headers. */
export interface Forwarded {
  url: URL
  /** Path and query as they are sent: an URL would take the dots out of them. */
  path: string
  headers: string[]
}

/** Undefined for a path that cannot be decoded. */
export function forwarded(
  { uri, headers }: ForwardIntegration,
  request: RestRequest,
  context: Record<string, string>,
): Forwarded | undefined {
  const url = new URL(uri.replace('/{proxy}', ''))
  const decoded = decodedOnce(request.proxy)
  if (decoded === undefined) return undefined
  // API Gateway decodes what the pattern took and puts it into the URI: so what was an escaped slash is one now.
  const path = `${url.pathname.replace(/\/$/, '')}/${encodeURI(decoded)}`
  return {
    url,
    path: request.rawQuery === '' ? path : `${path}${path.includes('?') ? '&' : '?'}${request.rawQuery}`,
    headers: mapped(request, headers, context),
  }
}

function decodedOnce(text: string): string | undefined {
  try {
    return decodeURIComponent(text)
  } catch {
    return undefined
  }
}

function mapped(
  { headers: incoming, sourceIp }: RestRequest,
  mapping: Record<string, string>,
  context: Record<string, string>,
): string[] {
  // What has no value is not mapped: then the caller's own header goes on.
  const ours = Object.entries(mapping).flatMap(([name, source]) => {
    const value = mappedValue(source, context, sourceIp)
    return value === undefined ? [] : [[name, value] as const]
  })
  const replaced = new Set(ours.map(([name]) => name.toLowerCase()))
  const kept: string[] = []
  let through = sourceIp
  for (let i = 0; i < incoming.length; i += 2) {
    const [name = '', value = ''] = [incoming[i], incoming[i + 1]]
    const lower = name.toLowerCase()
    if (DROPPED.has(lower) || replaced.has(lower)) continue
    if (lower === 'x-forwarded-for') through = `${value}, ${sourceIp}`
    else kept.push(name, value)
  }
  const added = replaced.has('x-forwarded-for') ? [] : ['X-Forwarded-For', through]
  return [...kept, ...ours.flat(), ...added, 'X-Amzn-Apigateway-Api-Id', 'local']
}

function mappedValue(source: string, context: Record<string, string>, sourceIp: string): string | undefined {
  const fixed = staticValue(source)
  if (fixed !== undefined) return fixed === '' ? undefined : fixed
  if (source === 'context.identity.sourceIp') return sourceIp
  const [, name] = /^context\.authorizer\.(\w+)$/.exec(source) ?? []
  if (name === undefined) throw new Error(`${source} is not mapped here`)
  return context[name]
}

export type Failure = 'INTEGRATION_FAILURE' | 'INTEGRATION_TIMEOUT' | 'REQUEST_TOO_LARGE'

/**
 * Sends it on and the answer back, as both come in. A redirection is an answer like any other. Resolves with what went wrong
 * before there was an answer.
 */
export function send(
  { url, path, headers }: Forwarded,
  incoming: http.IncomingMessage,
  outgoing: http.ServerResponse,
  { timeoutMs, bodyMax }: { timeoutMs: number; bodyMax: number },
): Promise<Failure | undefined> {
  return new Promise(resolve => {
    const { request } = url.protocol === 'https:' ? https : http
    const { hostname, port, protocol } = url
    const sent = request({
      protocol,
      hostname,
      port,
      path,
      method: incoming.method,
      headers: withHost(url, headers),
    })
    const end = (failure?: Failure) => {
      clearTimeout(timer)
      sent.destroy()
      // Half an answer cannot be taken back.
      if (failure && outgoing.headersSent) outgoing.destroy()
      resolve(failure)
    }
    const timer = setTimeout(() => end('INTEGRATION_TIMEOUT'), timeoutMs)
    outgoing.on('close', () => end())
    sent.on('error', () => end('INTEGRATION_FAILURE'))
    sent.on('response', answer => {
      outgoing.writeHead(answer.statusCode ?? 502, withoutDropped(answer.rawHeaders))
      answer.on('error', () => end('INTEGRATION_FAILURE'))
      answer.pipe(outgoing)
    })
    let length = 0
    incoming.on('data', (chunk: Buffer) => {
      length += chunk.length
      if (length > bodyMax) end('REQUEST_TOO_LARGE')
    })
    incoming.pipe(sent)
  })
}

function withHost({ host }: URL, headers: string[]): string[] {
  return ['Host', host, ...headers]
}

function withoutDropped(raw: readonly string[]): string[] {
  return raw.filter((_, i) => !DROPPED.has((raw[i - (i % 2)] ?? '').toLowerCase()))
}
