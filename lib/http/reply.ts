import type { Wire } from '../wire.ts'

/** An answer, before it takes a gateway's shape. `body` is undefined where there is none. */
export interface Reply {
  status: number
  headers: Record<string, string>
  body: string | undefined
  /** Where it sends the browser on after a failure: the status that the failure would have had, for the log. */
  failure?: number
}

/** On every answer: no page is here that could be framed, sniffed or left (OWASP HTTP headers). */
const EVERY = {
  'strict-transport-security': 'max-age=63072000; includeSubDomains',
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
}

// Tokens are in these answers: nothing may keep them (RFC 6749 section 5.1). Cross-Origin-Resource-Policy speaks of loads
// without CORS, which have no business here.
const ALWAYS = {
  'cache-control': 'no-store',
  pragma: 'no-cache',
  ...EVERY,
  'cross-origin-resource-policy': 'same-origin',
}

/** Lets a page of any origin read an answer; without credentials, which `*` rules out (Fetch, CORS check). */
export const READABLE = {
  'access-control-allow-origin': '*',
  'access-control-expose-headers': 'ETag, X-Request-Id',
  'cross-origin-resource-policy': 'cross-origin',
}

/** An answer that anybody may read and keep, as its `cache-control` says. */
export function publicReply(
  status: number,
  body: string | undefined,
  headers: Record<string, string>,
): Reply {
  return { status, headers: { ...EVERY, ...READABLE, ...headers }, body }
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

/** Sends the browser on. 303: whatever the method was, it is a GET from here (RFC 9700 section 4.12). */
export function redirectReply(location: string): Reply {
  return emptyReply(303, { location })
}

/** What a human sees who has come here by navigation and cannot be sent back. */
export function textReply({ status, error_description, headers }: Wire): Reply {
  return {
    status,
    headers: { ...ALWAYS, 'content-type': 'text/plain;charset=UTF-8', ...headers },
    body: `${error_description}\n`,
  }
}

/** RFC 6749 section 5.2. */
export function errorReply({ status, error, error_description, headers }: Wire): Reply {
  return jsonReply(status, { error, error_description }, headers)
}
