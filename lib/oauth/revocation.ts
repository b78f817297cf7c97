import { ProxyError } from '../errors.ts'
import type { Form } from '../http/form.ts'
import type { Answer } from '../http/post.ts'
import { readErrorResponse } from './error-response.ts'
import { opaque, single } from './parameters.ts'

/** The parameters of a revocation (RFC 7009 section 2.1) as they go to the provider. Throws ProxyError. */
export function revocationParameters(form: Form): URLSearchParams {
  const parameters = new URLSearchParams({ token: opaque(form, 'token') })
  const hint = single(form, 'token_type_hint')
  if (hint !== undefined) {
    if (!/^[\w.-]{1,64}$/.test(hint))
      throw new ProxyError('parameter_malformed', { parameter: 'token_type_hint' })
    parameters.set('token_type_hint', hint)
  }
  return parameters
}

/** RFC 7009 section 2.2: 200, also for a token that is not known; what the body says is ignored. Throws ProxyError. */
export function readRevocationResponse(answer: Answer): void {
  if (answer.status !== 200) throw readErrorResponse(answer)
}
