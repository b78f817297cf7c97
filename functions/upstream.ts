import type { Client } from '../lib/config/client.ts'
import { ProxyError } from '../lib/errors.ts'
import type { Answer, Post } from '../lib/http/post.ts'
import { privateKeyJwt } from '../lib/oauth/client-auth.ts'
import { audience, authenticatedRequest } from '../lib/oauth/endpoint.ts'
import type { ReadyCall } from './call.ts'
import { timed } from './timed.ts'

/** A request to one of the provider's endpoints, as one client. */
export interface UpstreamRequest {
  client: Client
  endpoint: string
  parameters: URLSearchParams
  /** A DPoP proof to pass on. */
  dpop?: string | undefined
  /** Told once the request has left. */
  onSent?: () => void
}

/**
 * The two things that cost: a signature, and one request to the provider. Both leave their traces in the log record.
 * Rejects as `AssertionSource.take` and `Post` do.
 */
export async function send(
  { deps, record }: Pick<ReadyCall, 'deps' | 'record'>,
  { client, endpoint, parameters, dpop, onSent }: UpstreamRequest,
): Promise<Answer> {
  const assertions = await deps.assertionsFor(client)
  record.kid = assertions.kid
  if (dpop !== undefined) record.proof = true
  const authenticate = privateKeyJwt(assertions, {
    aud: audience(client.assertion.aud, client.as, endpoint),
    onSigned({ jti, kms_request_id, ahead }) {
      record.jti = jti
      record.ahead = ahead
      if (kms_request_id !== undefined) record.kms_request_id = kms_request_id
    },
  })
  // The next one's assertion is made while the provider works, and not before: it keeps the processor busy for a while.
  const whileItWorks = () => {
    onSent?.()
    assertions.signNext()
  }
  const post: Post = (url, form) => deps.post(url, form, { dpop, onSent: whileItWorks })
  const answer = await authenticatedRequest(
    endpoint,
    client,
    timed(record, 'kms_ms', authenticate),
    parameters,
    timed(record, 'provider_ms', post),
  )
  record.upstream_status = answer.status
  return answer
}

/**
 * The same for a request that spends nothing, neither a code nor a token: where nobody knows what became of it, it may
 * be made again, and the app is told so.
 */
export async function sendRepeatable(
  call: Pick<ReadyCall, 'deps' | 'record'>,
  request: UpstreamRequest,
): Promise<Answer> {
  try {
    return await send(call, request)
  } catch (error) {
    if (
      error instanceof ProxyError &&
      (error.reason === 'upstream_timeout' || error.reason === 'upstream_lost')
    ) {
      throw new ProxyError('upstream_unanswered', { cause: error.cause })
    }
    throw error
  }
}
