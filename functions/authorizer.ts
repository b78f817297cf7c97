import { randomUUID } from 'node:crypto'
import type { Context } from 'aws-lambda'
import { hasSession } from '../lib/config/client.ts'
import { ProxyError, type Reason } from '../lib/errors.ts'
import { INIT_MS } from '../lib/limits.ts'
import { createSessionReader, type SessionReader } from '../lib/reader.ts'
import { toWire } from '../lib/wire.ts'
import { inTime } from '../lib/within.ts'
import { accessLog } from './access-log.ts'
import { readEvent } from './call.ts'
import { recorded } from './middleware/errors.ts'
import { authorize } from './session/authorize.ts'

/**
 * The authorizer of the data path (delivery `session`): opens the session of a request and hands its access token to API
 * Gateway, which puts it into the request that it forwards. It signs nothing, refreshes nothing and writes no cookie.
 * API Gateway user guide, "Use API Gateway Lambda authorizers": a REQUEST authorizer of a REST API.
 */
export interface Policy {
  principalId: string
  policyDocument: {
    Version: '2012-10-17'
    Statement: [{ Action: 'execute-api:Invoke'; Effect: 'Allow' | 'Deny'; Resource: string }]
  }
  /** `context.authorizer` of API Gateway's mappings: texts only. */
  context?: { authorization: string }
}

/** What API Gateway answers with 401; any other error is its 500. */
const UNAUTHORIZED = 'Unauthorized'
const NOTHING = 'arn:aws:execute-api:::none'
const NO_SESSION: ReadonlySet<Reason> = new Set(['session_missing', 'session_unreadable', 'session_ended'])

/** The path as it goes to the API behind, and not as it came in: a stage or a mapping may stand before that. */
interface AuthorizerEvent {
  methodArn?: unknown
  httpMethod?: unknown
  pathParameters?: { proxy?: unknown } | null
}

export interface Authorizer {
  handler(event: unknown, context?: Partial<Context>): Promise<Policy>
  ready: Promise<void>
}

/** The function: an event becomes a decision, and a line in the log. The parts are made when they are first asked for. */
export function authorizer(createParts: () => SessionReader): Authorizer {
  let kept: SessionReader | undefined
  const parts = () => {
    kept ??= createParts()
    return kept
  }
  return {
    async handler(event, context = {}) {
      const call = readEvent(event, context.awsRequestId ?? randomUUID())
      const { methodArn, pathParameters } = (event ?? {}) as AuthorizerEvent
      // A REST API's event always has one: without, this is another's, and nothing can be allowed.
      const resource = typeof methodArn === 'string' ? methodArn : NOTHING
      const proxy = pathParameters?.proxy
      call.record.route = '/api'
      const log = (status: number) =>
        accessLog(call, { status, headers: {}, body: undefined }, context.functionName)
      try {
        call.deps = parts()
        const access_token = await authorize(call, `/${typeof proxy === 'string' ? proxy : ''}`, parts())
        if (resource === NOTHING) throw new ProxyError('internal')
        call.record.outcome = 'authorized'
        log(200)
        return policy('Allow', resource, { authorization: `Bearer ${access_token}` })
      } catch (thrown) {
        const error = recorded(thrown, call)
        const { status } = toWire(error)
        log(status)
        if (NO_SESSION.has(error.reason)) throw new Error(UNAUTHORIZED)
        // Switched off is an answer, and no fault that should ring.
        if (status >= 500 && error.reason !== 'client_disabled') throw new Error(error.reason)
        return policy('Deny', resource)
      }
    },
    ready: inTime(INIT_MS, async () => prepare(parts())),
  }
}

/** The work of a cold start: the configuration, and the keys of sessions. */
async function prepare({ configuration, seals }: SessionReader): Promise<void> {
  const client = (await configuration()).registrations.clients.find(hasSession)
  if (client) await seals.toSeal('session', client)
}

function policy(Effect: 'Allow' | 'Deny', Resource: string, context?: Policy['context']): Policy {
  return {
    principalId: 'session',
    policyDocument: {
      Version: '2012-10-17',
      // This request alone: nothing is kept, so that a logout takes effect.
      Statement: [{ Action: 'execute-api:Invoke', Effect, Resource }],
    },
    ...(context && { context }),
  }
}

export const { handler, ready } = authorizer(createSessionReader)
