import { randomUUID } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'
import { AwsError } from './errors.ts'
import type { Input } from './input.ts'
import type { Principal } from './principals.ts'

/** One operation: takes the request's JSON object and who asks, gives the answer's. Refuses by throwing an AwsError. */
export type Operation = (input: Input, caller: Principal) => object | Promise<object>

/** A service of the AWS JSON 1.1 protocol: pure, it knows nothing of HTTP. */
export interface Service {
  /** What stands before the dot of `X-Amz-Target`. */
  target: string
  /** KMS writes an error's text as `message`, Secrets Manager as `Message`. */
  message_member: 'message' | 'Message'
  operations: ReadonlyMap<string, Operation>
  /** The same operations with a wrong signature in the answer, for those that make one. */
  forgeries: ReadonlyMap<string, Operation>
}

/** An HTTP request, its body read. */
export interface AwsRequest {
  method: string
  path: string
  headers: IncomingHttpHeaders
  body: Buffer
}

export interface Answer {
  status: number
  headers: Record<string, string>
  body: string
}

/** A request that got through the protocol: what to do, for whom. */
export interface Call {
  operation: string
  input: Input
  caller: Principal
}

const CONTENT_TYPE = 'application/x-amz-json-1.1'

/** The name of the operation in `X-Amz-Target`, or undefined where this service has no such. */
export function operationOf(service: Service, headers: IncomingHttpHeaders): string | undefined {
  const target = headers['x-amz-target']
  const [prefix, operation] = typeof target === 'string' ? target.split('.') : []
  return prefix === service.target && service.operations.has(operation ?? '') ? operation : undefined
}

/** The access key id of a Signature Version 4 header: the first part of `Credential=`. */
export function accessKeyIdOf(headers: IncomingHttpHeaders): string | undefined {
  return /^AWS4-HMAC-SHA256 .*?Credential=([^/,\s]+)\//.exec(headers.authorization ?? '')?.[1]
}

/**
 * Reads a call, or refuses it by the protocol's own names. The access key id alone says who calls. The signature is
 * not verified: the secret beside it is a dummy that the caller and this stand-in would only agree on in public.
 */
export function readCall(
  service: Service,
  principals: Readonly<Record<string, Principal>>,
  request: AwsRequest,
): Call {
  const operation = operationOf(service, request.headers)
  const [type] = (request.headers['content-type'] ?? '').split(';')
  if (request.method !== 'POST' || request.path !== '/' || type?.trim() !== CONTENT_TYPE || !operation) {
    throw new AwsError('UnknownOperationException', 'There is no such operation here.')
  }
  const id = accessKeyIdOf(request.headers)
  if (id === undefined) {
    throw new AwsError('MissingAuthenticationTokenException', 'Missing Authentication Token')
  }
  const caller = Object.hasOwn(principals, id) ? principals[id] : undefined
  if (!caller) {
    throw new AwsError(
      'UnrecognizedClientException',
      'The security token included in the request is invalid.',
    )
  }
  return { operation, caller, input: readInput(request.body) }
}

function readInput(body: Buffer): Input {
  let value: unknown
  try {
    value = JSON.parse(body.toString('utf8') || '{}')
  } catch {
    value = undefined
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Input
  throw new AwsError('SerializationException', 'The request body is not a JSON object.')
}

/** A new request id: every answer carries one, as `x-amzn-RequestId`. */
export function newRequestId(): string {
  return randomUUID()
}

export function success(output: object, requestId: string): Answer {
  return {
    status: 200,
    headers: { 'Content-Type': CONTENT_TYPE, 'x-amzn-RequestId': requestId },
    body: JSON.stringify(output),
  }
}

/** The answer to a refusal. The SDK takes the name from `__type` or from `x-amzn-ErrorType`; both are there. */
export function failure(service: Service, error: AwsError, requestId: string): Answer {
  // Refusals of access carry the capital whatever the service: they are not written by the service itself.
  const member = error.name === 'AccessDeniedException' ? 'Message' : service.message_member
  return {
    status: error.status,
    headers: {
      'Content-Type': CONTENT_TYPE,
      'x-amzn-RequestId': requestId,
      'x-amzn-ErrorType': error.name,
    },
    body: JSON.stringify({ __type: error.name, [member]: error.message }),
  }
}
