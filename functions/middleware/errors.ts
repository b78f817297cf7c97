import type { MiddlewareObj } from '@middy/core'
import { ConfigurationError, loggedProblems } from '../../lib/config/problems.ts'
import { causeName, ProxyError } from '../../lib/errors.ts'
import { errorReply, type Reply, textReply } from '../../lib/http/reply.ts'
import { toWire } from '../../lib/wire.ts'
import type { Call } from '../call.ts'

/** Turns whatever was thrown into an answer and into the log's members. The caller is told a fixed text, the log the reason. */
export function errors(): MiddlewareObj<Call, Reply> {
  return {
    onError(request) {
      request.response = errorReply(toWire(recorded(request.error, request.event)))
    },
  }
}

/** The same for a human, who has come by navigation. */
export function pageErrors(): MiddlewareObj<Call, Reply> {
  return {
    onError(request) {
      request.response = textReply(toWire(recorded(request.error, request.event)))
    },
  }
}

/** What was thrown as one of our own errors, and in the log's members. */
export function recorded(thrown: unknown, call: Pick<Call, 'record'>): ProxyError {
  const error = asProxyError(thrown, call)
  const { record } = call
  record.outcome = error.reason
  if (error.parameter !== undefined) record.parameter = error.parameter
  if (error.upstream) record.upstream_status = error.upstream.status
  if (error.upstream?.error !== undefined) record.upstream_error = error.upstream.error
  if (error.kmsRequestId !== undefined) record.kms_request_id = error.kmsRequestId
  return error
}

function asProxyError(error: unknown, { record }: Pick<Call, 'record'>): ProxyError {
  if (error instanceof ProxyError) {
    record.error_name = causeName(error.cause)
    if (error.cause instanceof ConfigurationError) record.problems = loggedProblems(error.cause)
    return error
  }
  if (error instanceof ConfigurationError) {
    record.problems = loggedProblems(error)
    return new ProxyError('configuration_unavailable')
  }
  record.error_name = causeName(error)
  // Middy's own early time-out: the code may have been sent by then.
  if (error instanceof Error && error.name === 'TimeoutError') return new ProxyError('upstream_timeout')
  return new ProxyError('internal')
}
