import type { Wire } from '../wire.ts'

/** An answer, before it takes a gateway's shape. `body` is undefined where there is none. */
export interface Reply {
  status: number
  headers: Record<string, string>
  body: string | undefined
}

// Tokens are in these answers, and no page is: nothing may keep, frame, sniff or embed them (RFC 6749 section 5.1;
// OWASP HTTP headers). Cross-Origin-Resource-Policy speaks of loads without CORS, which have no business here.
const ALWAYS = {
  'cache-control': 'no-store',
  pragma: 'no-cache',
  'strict-transport-security': 'max-age=63072000; includeSubDomains',
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'cross-origin-resource-policy': 'same-origin',
}

/** A JSON answer; the spelling of its type is the one that oidc-client-ts accepts. */
export function jsonReply(status: number, data: object, headers: Record<string, string> = {}): Reply {
  return {
    status,
    headers: { ...ALWAYS, 'content-type': 'application/json;charset=UTF-8', ...headers },
    body: JSON.stringify(data),
  }
}

export function emptyReply(status: number, headers: Record<string, string> = {}): Reply {
  return { status, headers: { ...ALWAYS, ...headers }, body: undefined }
}

/** RFC 6749 section 5.2. */
export function errorReply({ status, error, error_description, headers }: Wire): Reply {
  return jsonReply(status, { error, error_description }, headers)
}
