import type { Client } from '../lib/config/client.ts'
import type { Post } from '../lib/http/post.ts'
import { type ClientAuth, privateKeyJwt } from '../lib/oauth/client-auth.ts'
import { audience } from '../lib/oauth/endpoint.ts'
import type { ReadyCall } from './call.ts'
import { timed } from './timed.ts'

/** The two things that cost: a signature, and a request to the provider. Both leave their traces in the log record. */
export interface Upstream {
  authenticate: ClientAuth
  post: Post
}

/** What a route sends with, as one client, to one of its provider's endpoints. `onSent` is told once the request has left. */
export async function upstream(
  { deps, record }: Pick<ReadyCall, 'deps' | 'record'>,
  client: Client,
  endpoint: string,
  onSent?: () => void,
): Promise<Upstream> {
  const assertions = await deps.assertionsFor(client)
  record.kid = assertions.kid
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
  const post: Post = (url, form) => deps.post(url, form, whileItWorks)
  return {
    authenticate: timed(record, 'kms_ms', authenticate),
    post: timed(record, 'provider_ms', post),
  }
}
