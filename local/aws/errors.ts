/**
 * The errors of KMS and Secrets Manager, by the names that their clients know.
 *
 * Both services answer a caller's mistake with 400, whatever the `httpError` of the SDK's model says: KMS's
 * NotFoundException (404 there) and DisabledException (409 there) arrive as 400 over AWS JSON 1.1. The server's own
 * faults keep their 5xx, and the SDK repeats a request on those alone (and on the throttling names).
 */
const STATUS: Readonly<Record<string, number>> = {
  DependencyTimeoutException: 503,
  InternalFailure: 500,
  InternalServiceError: 500,
  KMSInternalException: 500,
  KeyUnavailableException: 500,
  RequestEntityTooLargeException: 413,
  ServiceUnavailableException: 503,
  // The page of errors common to all services gives 404 for an operation that does not exist.
  UnknownOperationException: 404,
}

/** What a client is told: `name` becomes `__type`. Only these are answered as they are; any other is an InternalFailure. */
export class AwsError extends Error {
  readonly status: number

  constructor(name: string, message: string, status: number = statusOf(name)) {
    super(message)
    this.name = name
    this.status = status
  }
}

/** The HTTP status of an error's name; 400 for every name that is not a server's own fault. */
function statusOf(name: string): number {
  return Object.hasOwn(STATUS, name) ? STATUS[name]! : 400
}

/** The sentence in which both services report a member that breaks its model's constraint (`member` in lowerCamelCase). */
export function invalid(member: string, value: string, constraint: string): AwsError {
  const name = member.charAt(0).toLowerCase() + member.slice(1)
  return new AwsError(
    'ValidationException',
    `1 validation error detected: Value ${value} at '${name}' failed to satisfy constraint: Member must ${constraint}`,
  )
}

/** A thing that the real service has and this stand-in has not: said aloud, so that no test passes by accident. */
export function unsupported(what: string): AwsError {
  return new AwsError('UnsupportedOperationException', `${what} is not supported by this local stand-in.`)
}
