import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { epochMs } from '../clock.ts'
import { listenAt } from '../listen.ts'
import { CONTROL_PATH } from './control.ts'
import { AwsError } from './errors.ts'
import {
  createSwitchboard,
  type Fault,
  parseFault,
  type RequestRecord,
  recorded,
  type Switchboard,
} from './faults.ts'
import type { Principal } from './principals.ts'
import {
  type Answer,
  accessKeyIdOf,
  type Call,
  failure,
  newRequestId,
  operationOf,
  readCall,
  type Service,
  success,
} from './service.ts'

/** A secret of 64 KiB, every byte of it escaped, still fits. */
const BODY_MAX_B = 512 * 1024
/** Node closes an idle connection after 5 s; the real services keep it longer, and clients count on that. */
const KEEP_ALIVE_MS = 60_000

/** What is done with a request: answered, or (by a fault) left hanging or cut off. */
type Outcome = Answer | 'hang' | 'reset'

export interface Listener {
  url: string
  close(): Promise<void>
}

/** Reads a body whole. One that is too large is still read to its end, unkept: then the refusal can be sent. */
async function readBody(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of request) {
    size += chunk.length
    if (size <= BODY_MAX_B) chunks.push(chunk)
  }
  if (size > BODY_MAX_B) throw new AwsError('RequestEntityTooLargeException', 'The request is too large.')
  return Buffer.concat(chunks)
}

/** An answer of the switches. */
function json(status: number, body: object): Answer {
  return { status, headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) }
}

/** The switches: see control.ts for the requests. */
function answerControl(service: Service, board: Switchboard, request: IncomingMessage, body: Buffer): Answer {
  if (request.method === 'GET') return json(200, board.state())
  if (request.method === 'DELETE') {
    board.reset()
    return json(200, board.state())
  }
  // A page in a browser can post text/plain to loopback unasked; JSON it may not send without asking.
  const [type] = (request.headers['content-type'] ?? '').split(';')
  if (request.method !== 'POST' || type !== 'application/json') {
    return json(405, { error: 'POST application/json, GET or DELETE' })
  }
  try {
    const { operation, fault, times } = JSON.parse(body.toString('utf8')) as Record<string, unknown>
    if (typeof operation !== 'string' || !(operation === '*' || service.operations.has(operation))) {
      throw new Error('operation is not one of this service')
    }
    if (times !== undefined && !(Number.isInteger(times) && Number(times) > 0)) {
      throw new Error('times must be a positive integer')
    }
    const parsed = parseFault(fault)
    if (parsed?.kind === 'wrong-signature' && !service.forgeries.has(operation)) {
      throw new Error(`${operation} makes no signature`)
    }
    board.set(operation, parsed, times as number | undefined)
    return json(200, board.state())
  } catch (error) {
    return json(400, { error: (error as Error).message })
  }
}

/** Does the work, or what a fault puts in its place. */
async function perform(
  service: Service,
  call: Call,
  fault: Fault | undefined,
  requestId: string,
  signal: AbortSignal,
): Promise<Outcome> {
  const { operation, input, caller } = call
  const run = async (table: Service['operations']): Promise<Answer> =>
    success(await table.get(operation)!(input, caller), requestId)
  switch (fault?.kind) {
    case undefined:
      return run(service.operations)
    case 'delay':
      await sleep(fault.ms, undefined, { signal })
      return run(service.operations)
    case 'wrong-signature':
      return run(service.forgeries)
    case 'error':
      throw new AwsError(fault.name, fault.message ?? 'A fault was asked for.', fault.status)
    case 'garbage':
      return {
        ...success({}, requestId),
        body: (fault.body ?? '<html>not what was asked for').repeat(fault.times ?? 1),
      }
    case 'hang':
    case 'reset':
      return fault.kind
  }
}

function asAwsError(error: unknown): AwsError {
  if (error instanceof AwsError) return error
  // A bug of this stand-in must not pass for a refusal of the service: it is printed, and answered as a 500.
  console.error(error)
  return new AwsError('InternalFailure', 'The local stand-in failed: its output says why.')
}

/** From a request that was read to what is done with it. Every request is noted first, whatever becomes of it. */
async function respond(
  service: Service,
  principals: Readonly<Record<string, Principal>>,
  board: Switchboard,
  request: IncomingMessage,
  body: Buffer,
  signal: AbortSignal,
): Promise<{ outcome: Outcome; record: RequestRecord }> {
  const requestId = newRequestId()
  const { record, fault } = board.begin({
    operation: operationOf(service, request.headers) ?? null,
    access_key_id: accessKeyIdOf(request.headers) ?? null,
    request_id: requestId,
  })
  try {
    const { method = '', url = '', headers } = request
    const call = readCall(service, principals, { method, path: url, headers, body })
    record.parameters = recorded(call.input)
    return { outcome: await perform(service, call, fault, requestId, signal), record }
  } catch (error) {
    signal.throwIfAborted() // closed in the middle of a delay: there is nobody left to answer
    const refusal = asAwsError(error)
    record.error = refusal.name
    return { outcome: failure(service, refusal, requestId), record }
  }
}

function send(response: ServerResponse, { status, headers, body }: Answer): void {
  // With its length, so that the connection can be used again at once.
  response.writeHead(status, { ...headers, 'Content-Length': Buffer.byteLength(body) })
  response.end(body)
}

/** The HTTP side of one request: body in, answer (or hang, or reset) out. */
async function serve(
  service: Service,
  principals: Readonly<Record<string, Principal>>,
  board: Switchboard,
  request: IncomingMessage,
  response: ServerResponse,
  signal: AbortSignal,
): Promise<void> {
  let body: Buffer
  try {
    body = await readBody(request)
  } catch (error) {
    if (!(error instanceof AwsError)) return // the client went away in the middle of its request
    return send(response, failure(service, error, newRequestId()))
  }
  if (request.url === CONTROL_PATH) return send(response, answerControl(service, board, request, body))
  const { outcome, record } = await respond(service, principals, board, request, body, signal)
  if (outcome === 'hang') return
  if (outcome === 'reset') {
    request.socket.resetAndDestroy()
    return
  }
  record.status = outcome.status
  record.ended_at = epochMs()
  send(response, outcome)
}

/**
 * Serves one service over plain HTTP. `port` 0 takes a free one; a port in use rejects with Node's own error
 * (`code` EADDRINUSE). `close` cuts every connection, hung requests included.
 */
export async function startListener(
  service: Service,
  principals: Readonly<Record<string, Principal>>,
  { host, port }: { host: string; port: number },
): Promise<Listener> {
  const board = createSwitchboard()
  const stop = new AbortController()
  const server = createServer((request, response) => {
    serve(service, principals, board, request, response, stop.signal).catch(error => {
      // Expected after `close`, which ends the wait of a delayed answer; before it, a bug to be seen.
      if (!stop.signal.aborted) console.error(error)
      response.destroy()
    })
  })
  server.keepAliveTimeout = KEEP_ALIVE_MS
  const bound = await listenAt(server, port, host)
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${bound}`,
    close: () =>
      new Promise(resolve => {
        stop.abort()
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}
