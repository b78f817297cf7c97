import { randomUUID } from 'node:crypto'
import { wildcard } from '../../cli/wildcard.ts'
import { ACCOUNT, REGION } from '../roles.ts'
import { FunctionError, type RunningFunction } from './function.ts'
import type { RestApi } from './rest-api.ts'
import type { RestRequest } from './rest-request.ts'

// What a REST API does with a Lambda authorizer of the type REQUEST.

/** A request may go on with what the authorizer said of it, or is answered by a gateway response. */
export type Decision =
  | { allowed: true; context: Record<string, string> }
  | { allowed: false; response: GatewayResponse }

/** A type of gateway response, with the text that API Gateway has for it. */
export interface GatewayResponse {
  type: string
  status: number
  message: string
}

const refused = (type: string, status: number, message: string | null): Decision => ({
  allowed: false,
  response: { type, status, message: message as string },
})
const MISCONFIGURED = refused('AUTHORIZER_CONFIGURATION_ERROR', 500, null)

/** Asks the function, about every request anew. */
export async function authorize(
  authorizer: RunningFunction,
  api: RestApi,
  request: RestRequest,
): Promise<Decision> {
  const event = authorizerEvent(api, request)
  try {
    return decide((await authorizer.invoke(event)).result, event.methodArn)
  } catch (error) {
    // By this text, and no other, a function says 401.
    const unauthorized = error instanceof FunctionError && error.reported === 'Unauthorized'
    return unauthorized
      ? refused('UNAUTHORIZED', 401, 'Unauthorized')
      : refused('AUTHORIZER_FAILURE', 500, null)
  }
}

/** The event of a REST API: names of headers as they came, a path as it came, with the mapping's own part. */
export function authorizerEvent(
  api: RestApi,
  { method, path, proxy, query, headers, sourceIp }: RestRequest,
) {
  const resourcePath = api.resource
  const all = multiValues(headers)
  const parameters = multiValues([...query.entries()].flat())
  const host = headers[headers.findIndex((one, i) => i % 2 === 0 && one.toLowerCase() === 'host') + 1] ?? ''
  return {
    type: 'REQUEST',
    methodArn: `arn:aws:execute-api:${REGION}:${ACCOUNT}:local/${api.stage}/${method}/${proxy}`,
    resource: resourcePath,
    path,
    httpMethod: method,
    headers: lastOf(all),
    multiValueHeaders: all,
    queryStringParameters: lastOf(parameters),
    multiValueQueryStringParameters: parameters,
    pathParameters: { proxy },
    stageVariables: {},
    requestContext: {
      accountId: ACCOUNT,
      apiId: 'local',
      domainName: host,
      httpMethod: method,
      identity: { sourceIp, userAgent: lastOf(all)['User-Agent'] ?? lastOf(all)['user-agent'] ?? null },
      path,
      protocol: 'HTTP/1.1',
      requestId: randomUUID(),
      requestTimeEpoch: Date.now(),
      resourceId: 'proxy',
      resourcePath,
      stage: api.stage,
    },
  }
}

/** Names and values in turn: of each name all values, in order. */
function multiValues(pairs: readonly string[]): Record<string, string[]> {
  // Names are the caller's, and some are those of every object.
  const all: Record<string, string[]> = Object.create(null)
  for (let i = 0; i < pairs.length; i += 2) {
    all[pairs[i]!] ??= []
    all[pairs[i]!]!.push(pairs[i + 1]!)
  }
  return all
}

function lastOf(all: Record<string, string[]>): Record<string, string> {
  const last: Record<string, string> = Object.create(null)
  for (const [name, values] of Object.entries(all)) last[name] = values.at(-1)!
  return last
}

interface Statement {
  Effect: string
  Action: string | string[]
  Resource: string | string[]
}

/** A Deny goes before every Allow, and what no statement names is denied. */
function decide(result: unknown, methodArn: string): Decision {
  const { policyDocument, context = {} } = (result ?? {}) as {
    policyDocument?: { Statement?: Statement[] }
    context?: Record<string, unknown>
  }
  const statements = policyDocument?.Statement
  const plain = Object.values(context).every(value => ['string', 'number', 'boolean'].includes(typeof value))
  if (!Array.isArray(statements) || !plain) return MISCONFIGURED
  const effects = statements.filter(one => concerns(one, methodArn)).map(({ Effect }) => Effect)
  if (effects.includes('Deny')) {
    const message = 'User is not authorized to access this resource with an explicit deny'
    return refused('ACCESS_DENIED', 403, message)
  }
  if (!effects.includes('Allow')) {
    return refused('ACCESS_DENIED', 403, 'User is not authorized to access this resource')
  }
  const texts = Object.entries(context).map(([name, value]) => [name, String(value)])
  return { allowed: true, context: Object.fromEntries(texts) }
}

function concerns({ Action, Resource }: Statement, methodArn: string): boolean {
  const invokes = [Action].flat().some(action => /^(\*|execute-api:(\*|Invoke))$/i.test(action))
  return invokes && [Resource].flat().some(pattern => wildcard(pattern, methodArn))
}
