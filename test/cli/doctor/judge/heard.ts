import type { Heard } from '../../../../cli/doctor/facts/http.ts'
import { ProxyError, type Reason } from '../../../../lib/errors.ts'
import { errorReply } from '../../../../lib/http/reply.ts'
import { toWire } from '../../../../lib/wire.ts'

export function heard(
  status: number,
  json: Record<string, unknown> = {},
  headers: Record<string, string> = {},
): Heard {
  return { status, headers: new Headers(headers), body: '', json, clock: undefined }
}

export const refused: Heard = { error: 'ECONNREFUSED', certificate: false }

/** What the function answers for this reason. */
export function ofFunction(reason: Reason, upstream?: { status: number; error: string }): Heard {
  const { status, body = '' } = errorReply(toWire(new ProxyError(reason, upstream ? { upstream } : {})))
  return heard(status, JSON.parse(body))
}
