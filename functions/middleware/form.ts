import type { MiddlewareObj } from '@middy/core'
import { ProxyError } from '../../lib/errors.ts'
import { readForm } from '../../lib/http/form.ts'
import type { Reply } from '../../lib/http/reply.ts'
import { BODY_MAX_B, PAR_BODY_MAX_B } from '../../lib/limits.ts'
import type { Call } from '../call.ts'

/** Method, then size, then type, then content: the cheap question first. */
export function form(): MiddlewareObj<Call, Reply> {
  return {
    before({ event: call }) {
      if (call.method !== 'POST') throw new ProxyError('method_not_allowed')
      const { body, isBase64Encoded } = call
      const contentType = call.headers['content-type']
      call.form = readForm(
        { contentType, body, isBase64Encoded },
        call.route === '/par' ? PAR_BODY_MAX_B : BODY_MAX_B,
      )
    },
  }
}
