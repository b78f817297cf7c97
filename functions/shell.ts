import { randomUUID } from 'node:crypto'
import middy from '@middy/core'
import type { Context } from 'aws-lambda'
import type { Reply } from '../lib/http/reply.ts'
import { INIT_MS, TIMEOUT_EARLY_MS } from '../lib/limits.ts'
import type { Reader } from '../lib/reader.ts'
import type { Deps } from '../lib/runtime.ts'
import { inTime } from '../lib/within.ts'
import { accessLog } from './access-log.ts'
import { type Call, type Endpoint, type Page, type PageCall, type ReadyCall, readEvent } from './call.ts'
import { configure } from './middleware/configure.ts'
import { cors } from './middleware/cors.ts'
import { errors, pageErrors } from './middleware/errors.ts'
import { form } from './middleware/form.ts'
import { navigation } from './middleware/navigation.ts'
import { ownPage } from './middleware/own-page.ts'
import { readable } from './middleware/readable.ts'
import { route } from './middleware/route.ts'

/** What API Gateway (payload 1.0 and 2.0) and function URLs take as an answer. */
export interface GatewayResult {
  statusCode: number
  headers: Record<string, string>
  body: string
  isBase64Encoded: false
  /** Payload 2.0. */
  cookies?: string[]
  /** Payload 1.0, which knows no `cookies`. */
  multiValueHeaders?: { 'set-cookie': string[] }
}

export interface Shell {
  handler(event: unknown, context?: Partial<Context>): Promise<GatewayResult>
  /** The work of a cold start, to be awaited by the module that Lambda loads. Never rejects; ends within `INIT_MS`. */
  ready: Promise<void>
}

/** A chain of middy over the container's parts, which are made when they are first asked for. */
type Chain<Parts> = (parts: () => Parts) => (call: Call, context: Context) => Promise<Reply>

/** What every function is: an event becomes a call, the chain answers it, and the log gets its line. */
function serve<Parts extends Reader>(
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
      return toGateway(reply, call)
    },
    ready: inTime(INIT_MS, async () => warmUp(parts())),
  }
}

/**
 * The chain that every request of an app to an OAuth endpoint runs through. Read top to bottom on the way in and bottom to top
 * on the way out: an error becomes an answer in `errors` and gets its CORS headers in `cors`. (On the way out middy
 * passes through every link, also those that an error on the way in kept it from reaching.)
 */
export function shell(
  routes: Readonly<Record<string, Endpoint>>,
  createRuntime: () => Deps,
  warmUp?: (deps: Deps) => Promise<unknown>,
  pages: Readonly<Record<string, Page>> = {},
): Shell {
  const requests: Chain<Deps> = runtime =>
    // Middy's own time-out, a while before Lambda's: the app is answered, and the log has its line.
    middy<Call, Reply, Error, Context>({ timeoutEarlyInMillis: TIMEOUT_EARLY_MS })
      .use(configure(runtime))
      .use(route(routes))
      .use(cors())
      .use(errors())
      .use(ownPage())
      .use(form())
      .handler(async call => routes[call.route]!(call as ReadyCall))
  const chain: Chain<Deps> = runtime => {
    const [ofAnApp, byNavigation] = [requests(runtime), navigations(pages)(runtime)]
    return (call, context) =>
      Object.hasOwn(pages, call.route) ? byNavigation(call, context) : ofAnApp(call, context)
  }
  return serve(chain, createRuntime, warmUp)
}

/** The chain of what a browser comes to by navigation: it has no Origin to look at, and a human reads the errors. */
function navigations(pages: Readonly<Record<string, Page>>): Chain<Deps> {
  return runtime =>
    middy<Call, Reply, Error, Context>({ timeoutEarlyInMillis: TIMEOUT_EARLY_MS })
      .use(configure(runtime))
      .use(route(pages))
      .use(pageErrors())
      .use(navigation())
      .handler(async call => pages[call.route]!(call as unknown as PageCall))
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

function toGateway({ status, headers, body }: Reply, { request_id, setCookies, v1 }: Call): GatewayResult {
  const cookies = v1 ? { multiValueHeaders: { 'set-cookie': setCookies } } : { cookies: setCookies }
  return {
    statusCode: status,
    headers: { ...headers, 'x-request-id': request_id },
    body: body ?? '',
    isBase64Encoded: false,
    ...(setCookies.length > 0 && cookies),
  }
}
