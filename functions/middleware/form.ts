import type { MiddlewareObj } from '@middy/core'
import { ProxyError } from '../../lib/errors.ts'
import { readForm } from '../../lib/http/form.ts'
import type { Reply } from '../../lib/http/reply.ts'
import type { Call } from '../call.ts'

/** Method, then size, then type, then content: the cheap question first. */
export function form(): MiddlewareObj<Call, Reply> {
  return {
    before({ event: call }) {
      if (call.method !== 'POST') throw new ProxyError('method_not_allowed')
      call.form = readForm({
        contentType: call.headers['content-type'],
        body: call.body,
        isBase64Encoded: call.isBase64Encoded,
      })
    },
  }
}
