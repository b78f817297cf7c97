import { randomUUID } from 'node:crypto'
import middy from '@middy/core'
import type { Context } from 'aws-lambda'
import type { Reply } from '../lib/http/reply.ts'
import { INIT_MS, TIMEOUT_EARLY_MS } from '../lib/limits.ts'
import type { Reader } from '../lib/reader.ts'
import type { Deps } from '../lib/runtime.ts'
import { within } from '../lib/within.ts'
import { accessLog } from './access-log.ts'
import { type Call, type Endpoint, type ReadyCall, readEvent } from './call.ts'
import { configure } from './middleware/configure.ts'
import { cors } from './middleware/cors.ts'
import { errors } from './middleware/errors.ts'
import { form } from './middleware/form.ts'
import { readable } from './middleware/readable.ts'
import { route } from './middleware/route.ts'

/** What API Gateway (payload 1.0 and 2.0) and function URLs take as an answer. */
export interface GatewayResult {
  statusCode: number
  headers: Record<string, string>
  body: string
  isBase64Encoded: false
}

export interface Shell {
  handler(event: unknown, context?: Partial<Context>): Promise<GatewayResult>
  /** The work of a cold start, to be awaited by the module that Lambda loads. Never rejects; ends within `INIT_MS`. */
  ready: Promise<void>
}

/** A chain of middy over the container's parts, which are made when they are first asked for. */
type Chain<Parts> = (parts: () => Parts) => (call: Call, context: Context) => Promise<Reply>

/** What every function is: an event becomes a call, the chain answers it, and the log gets its line. */
export function serve<Parts extends Reader>(
  chainOf: Chain<Parts>,
  createParts: () => Parts,
  warmUp: (parts: Parts) => Promise<unknown> = parts => parts.configuration(),
): Shell {
  // Kept for the life of the container. What failed is not kept: the next request tries afresh.
  let kept: Parts | undefined
  const parts = () => {
    kept ??= createParts()
    return kept
  }
  const chain = chainOf(parts)
  return {
    async handler(event, context = {}) {
      const call = readEvent(event, context.awsRequestId ?? randomUUID())
      const reply = await chain(call, context as Context)
      accessLog(call, reply, context.functionName)
      return toGateway(reply, call.request_id)
    },
    ready: inTime(async () => warmUp(parts())),
  }
}

/**
 * The one chain that every request to an OAuth endpoint runs through. Read top to bottom on the way in and bottom to top
 * on the way out: an error becomes an answer in `errors` and gets its CORS headers in `cors`. (On the way out middy
 * passes through every link, also those that an error on the way in kept it from reaching.)
 */
export function shell(
  routes: Readonly<Record<string, Endpoint>>,
  createRuntime: () => Deps,
  warmUp?: (deps: Deps) => Promise<unknown>,
): Shell {
  const chain: Chain<Deps> = runtime =>
    // Middy's own time-out, a while before Lambda's: the app is answered, and the log has its line.
    middy<Call, Reply, Error, Context>({ timeoutEarlyInMillis: TIMEOUT_EARLY_MS })
      .use(configure(runtime))
      .use(route(routes))
      .use(cors())
      .use(errors())
      .use(form())
      .handler(async call => routes[call.route]!(call as ReadyCall))
  return serve(chain, createRuntime, warmUp)
}

/** The chain of a document that anybody may read: no client, no body, no Origin to look at. */
export function publicDocument<Parts extends Reader>(
  route: string,
  document: (call: Call & Required<Pick<Call, 'configuration'>>) => Promise<Reply>,
  createParts: () => Parts,
): Shell {
  const chain: Chain<Parts> = parts =>
    middy<Call, Reply, Error, Context>({ timeoutEarlyInMillis: TIMEOUT_EARLY_MS })
      .use(configure(parts))
      .use(readable(route))
      .use(errors())
      .handler(async call => document(call as Call & Required<Pick<Call, 'configuration'>>))
  return serve(chain, createParts)
}

function toGateway({ status, headers, body }: Reply, request_id: string): GatewayResult {
  return {
    statusCode: status,
    headers: { ...headers, 'x-request-id': request_id },
    body: body ?? '',
    isBase64Encoded: false,
  }
}

/** What fails or takes too long is not kept: a request that needs it does it itself, and reports it. */
async function inTime(work: () => Promise<unknown>): Promise<void> {
  await within(INIT_MS, work()).catch(() => {})
}
