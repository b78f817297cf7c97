import { randomUUID } from 'node:crypto'
import type http from 'node:http'
import { authorize, type GatewayResponse } from './authorize.ts'
import { type Failure, forwarded, send } from './forward.ts'
import type { RunningFunction } from './function.ts'
import type { RestApi } from './rest-api.ts'
import { restRequest } from './rest-request.ts'

/** Answers a request that is the REST API's, or says that it is not. */
export type RestHandler = (request: http.IncomingMessage, response: http.ServerResponse) => boolean

/** A payload, of a request or of an answer. */
const BODY_MAX_B = 10 * 1024 * 1024

const GATEWAY_RESPONSES: Record<Failure | 'BAD_REQUEST_PARAMETERS' | 'MISSING', GatewayResponse> = {
  INTEGRATION_FAILURE: {
    type: 'INTEGRATION_FAILURE',
    status: 504,
    message: 'Network error communicating with endpoint',
  },
  INTEGRATION_TIMEOUT: { type: 'INTEGRATION_TIMEOUT', status: 504, message: 'Endpoint request timed out' },
  REQUEST_TOO_LARGE: { type: 'REQUEST_TOO_LARGE', status: 413, message: 'Request Too Long' },
  BAD_REQUEST_PARAMETERS: { type: 'BAD_REQUEST_PARAMETERS', status: 400, message: 'Bad Request' },
  // So it calls a path or a method that there is not.
  MISSING: { type: 'MISSING_AUTHENTICATION_TOKEN', status: 403, message: 'Missing Authentication Token' },
}

/** The REST API of infra/session-api.yml in front of another server, beside the HTTP API on one port. */
export function restHandler(api: RestApi, functions: ReadonlyMap<string, RunningFunction>): RestHandler {
  const answer = (response: http.ServerResponse, { type, status, message }: GatewayResponse) => {
    if (response.headersSent) return void response.destroy()
    const headers =
      api.gatewayResponses.get(type) ?? api.gatewayResponses.get(status < 500 ? 'DEFAULT_4XX' : 'DEFAULT_5XX')
    response
      .writeHead(status, {
        'content-type': 'application/json',
        'x-amzn-requestid': randomUUID(),
        ...headers,
      })
      .end(JSON.stringify({ message }))
  }

  async function handle(
    request: NonNullable<ReturnType<typeof restRequest>>,
    incoming: http.IncomingMessage,
    response: http.ServerResponse,
  ): Promise<void> {
    // What a greedy pattern takes is never empty.
    const methods = request.proxy === '' ? [] : api.methods
    const method =
      methods.find(one => one.httpMethod === request.method) ?? methods.find(one => one.httpMethod === 'ANY')
    if (!method) return answer(response, GATEWAY_RESPONSES.MISSING)
    const { integration, authorizer } = method
    if (integration.type === 'MOCK') {
      return void response.writeHead(integration.status, integration.headers).end()
    }
    const decision = authorizer
      ? await authorize(functions.get(authorizer)!, api, request)
      : { allowed: true as const, context: {} }
    if (!decision.allowed) return answer(response, decision.response)
    const onward = forwarded(integration, request, decision.context)
    if (!onward) return answer(response, GATEWAY_RESPONSES.BAD_REQUEST_PARAMETERS)
    const limits = { timeoutMs: integration.timeoutMs, bodyMax: BODY_MAX_B }
    const failure = await send(onward, incoming, response, limits)
    if (failure) answer(response, GATEWAY_RESPONSES[failure])
  }

  return (incoming, response) => {
    const { method = '', url = '/', rawHeaders } = incoming
    const sourceIp = incoming.socket.remoteAddress ?? ''
    const request = restRequest(api.mappingKey, { method, url, rawHeaders, sourceIp })
    if (!request) return false
    handle(request, incoming, response).catch(() =>
      answer(response, { type: 'API_CONFIGURATION_ERROR', status: 500, message: 'Internal server error' }),
    )
    return true
  }
}
