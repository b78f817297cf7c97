import { randomUUID } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'

/** The payload 2.0 event of an HTTP API for a form that was posted to /token: it comes in base64. */
export function toEvent(headers: IncomingHttpHeaders, body: Buffer) {
  return {
    version: '2.0',
    routeKey: 'ANY /token',
    rawPath: '/token',
    rawQueryString: '',
    headers,
    requestContext: {
      accountId: 'anonymous',
      apiId: 'bench',
      http: {
        method: 'POST',
        path: '/token',
        protocol: 'HTTP/1.1',
        sourceIp: '127.0.0.1',
        userAgent: 'bench',
      },
      requestId: randomUUID(),
      routeKey: 'ANY /token',
      stage: '$default',
      timeEpoch: Date.now(),
    },
    body: body.toString('base64'),
    isBase64Encoded: true,
  }
}

/** The context of one invocation, as far as the handlers look at it. */
export function newContext() {
  return {
    awsRequestId: randomUUID(),
    functionName: 'bench',
    functionVersion: '$LATEST',
    invokedFunctionArn: 'arn:aws:lambda:eu-central-1:000000000000:function:bench',
    memoryLimitInMB: '512',
    getRemainingTimeInMillis: () => 15_000,
  }
}

/** What every handler here returns. */
export interface Result {
  statusCode: number
  headers?: Record<string, string>
  body?: string
}

export interface HandlerModule {
  handler(event: unknown, context: unknown): Promise<Result>
}
