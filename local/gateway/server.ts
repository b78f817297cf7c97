import { randomUUID } from 'node:crypto'
import http from 'node:http'
import { pathToFileURL } from 'node:url'
import type { APIGatewayProxyStructuredResultV2 } from 'aws-lambda'
import { epochMs, type Span } from '../clock.ts'
import { listen } from '../listen.ts'
import { toEvent } from './event.ts'
import { type RunningFunction, startInstances } from './function.ts'
import { type RestApi, restApi } from './rest-api.ts'
import { restHandler } from './rest-server.ts'
import { type FunctionDeclaration, matchRoute, readServerlessYml } from './routes.ts'
import { readResources } from './template.ts'

export interface GatewayOptions {
  port: number
  /** Where serverless.yml lies, and the built functions that its handlers name. */
  root: string
  /** The whole environment of one function, by its name in serverless.yml. */
  environmentOf(functionName: string): Record<string, string | undefined>
  /** How many of each function there are, which take turns. Default 1. */
  instances?: number
  /** What has to be there before a function starts, and needs to know where the gateway listens. */
  prepare?(url: string): Promise<void>
  /** Parameters of the deployment (infra/parameters.yml). With an ApiUrl the REST API of infra/session-api.yml is served too. */
  parameters?: Record<string, string>
  /** What the functions write. */
  log: NodeJS.WritableStream
  /** Told of every request that a function answered. */
  onAnswered?(answered: Answered): void
}

/** One request, from its first byte here to its answer. */
export interface Answered {
  /** The function's own id of it, which its log has too. */
  request_id: string | undefined
  status: number
  gateway: Span
  /** Of the handler itself. */
  function: Span
}

export interface Gateway {
  url: string
  close(): Promise<void>
}

/** API Gateway's own limits: a request body, a request line with its headers, the time of an integration. */
const BODY_MAX_B = 10 * 1024 * 1024
const HEADERS_MAX_B = 10_240
const INTEGRATION_TIMEOUT_MS = 30_000

/**
 * An HTTP API on loopback: the routes of serverless.yml in front of the built functions, with the events, limits and
 * messages of the real one. It adds no CORS header, as the real one adds none where its own `cors` is unset.
 */
export async function startGateway(options: GatewayOptions): Promise<Gateway> {
  const { routes, functions } = readServerlessYml(`${options.root}/serverless.yml`)
  const running = new Map<string, RunningFunction>()
  const api = readRestApi(options, functions)
  const rest = api && restHandler(api, running)

  // Beyond its header limit Node answers 431 by itself.
  const server = http.createServer({ maxHeaderSize: HEADERS_MAX_B }, async (request, response) => {
    const { method = '', url = '/' } = request
    const start = epochMs()
    if (rest?.(request, response)) return
    try {
      const route = matchRoute(routes, method, url.split('?', 1)[0] ?? '')
      const invoked = route && running.get(route.functionName)
      if (!route || !invoked) return answer(response, 404, 'Not Found')
      const body = await readBody(request)
      if (!body) return answer(response, 413, 'Request Entity Too Large')
      const sourceIp = request.socket.remoteAddress ?? ''
      const event = toEvent({ method, url, rawHeaders: request.rawHeaders, body, sourceIp }, route)
      const returned = await withinTime(invoked.invoke(event))
      if (returned === TIME_UP) return answer(response, 503, 'Service Unavailable')
      const result = returned.result as APIGatewayProxyStructuredResultV2
      const end = epochMs()
      write(response, result)
      options.onAnswered?.({
        request_id: result.headers?.['x-request-id']?.toString(),
        status: response.statusCode,
        gateway: { start, end },
        function: returned.span,
      })
    } catch {
      answer(response, 500, 'Internal Server Error')
    }
  })

  const close = async () => {
    server.closeAllConnections()
    server.close()
    await Promise.all([...running.values()].map(one => one.close()))
  }
  try {
    // The port first: where it is taken, nothing else has to start.
    const url = await listen(server, options.port)
    await options.prepare?.(url)
    // Any other function is called by a clock, and there is none here.
    const called = new Set([
      ...routes.map(({ functionName }) => functionName),
      ...(api?.methods.map(({ authorizer }) => authorizer) ?? []),
    ])
    for (const { name, handler, timeoutSeconds } of functions.filter(one => called.has(one.name))) {
      const [file = '', exportName = ''] = splitHandler(handler)
      const module = pathToFileURL(`${options.root}/${file}.mjs`).href
      const data = { module, exportName, functionName: name, timeoutSeconds }
      const { instances = 1, environmentOf, log } = options
      running.set(name, await startInstances(instances, data, environmentOf(name), log))
    }
    return { url, close }
  } catch (error) {
    await close()
    throw error
  }
}

/** As a deployment with a name of its own would have it. */
function readRestApi(
  { root, parameters }: GatewayOptions,
  functions: readonly FunctionDeclaration[],
): RestApi | undefined {
  if (parameters?.ApiUrl === undefined) return undefined
  const given = { CookieDeliveries: 'true', DomainName: 'api.example.localhost', ...parameters }
  const aliases = functions.map(({ name }) => [`${name[0]?.toUpperCase()}${name.slice(1)}LiveAlias`, name])
  return restApi(readResources(`${root}/infra`, 'session-api.yml', given, Object.fromEntries(aliases)))
}

function splitHandler(handler: string): [string, string] {
  const dot = handler.lastIndexOf('.')
  return [handler.slice(0, dot), handler.slice(dot + 1)]
}

async function readBody(request: http.IncomingMessage): Promise<Buffer | undefined> {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    length += chunk.length
    if (length <= BODY_MAX_B) chunks.push(chunk)
  }
  return length <= BODY_MAX_B ? Buffer.concat(chunks) : undefined
}

const TIME_UP = Symbol('time up')

async function withinTime<T>(work: Promise<T>): Promise<T | typeof TIME_UP> {
  let timer: NodeJS.Timeout | undefined
  const timeUp = new Promise<typeof TIME_UP>(resolve => {
    timer = setTimeout(() => resolve(TIME_UP), INTEGRATION_TIMEOUT_MS)
  })
  try {
    return await Promise.race([work, timeUp])
  } finally {
    clearTimeout(timer)
  }
}

function write(response: http.ServerResponse, result: APIGatewayProxyStructuredResultV2): void {
  const { statusCode = 200, headers = {}, cookies = [], body = '', isBase64Encoded = false } = result
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, String(value))
  if (cookies.length > 0) response.setHeader('set-cookie', cookies)
  response.setHeader('apigw-requestid', randomUUID())
  response.writeHead(statusCode).end(Buffer.from(body, isBase64Encoded ? 'base64' : 'utf8'))
}

function answer(response: http.ServerResponse, status: number, message: string): void {
  if (response.headersSent) return void response.destroy()
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify({ message }))
}
