import type { Span } from './stack.ts'

/** A request to the token endpoint, as this page saw it. */
export interface Observed {
  span: Span
  request_id: string | null
  /** What the library sent. */
  form: URLSearchParams
}

let last: Observed | undefined

/** Looks over the shoulder of whoever calls fetch; changes nothing. */
export function observe(token_endpoint: string): void {
  const original = window.fetch
  window.fetch = async (input, init) => {
    const url = input instanceof Request ? input.url : String(input)
    if (url !== token_endpoint) return original(input, init)
    const start = performance.timeOrigin + performance.now()
    const response = await original(input, init)
    last = {
      span: { start, end: performance.timeOrigin + performance.now() },
      request_id: response.headers.get('x-request-id'),
      form: new URLSearchParams(String(init?.body ?? '')),
    }
    return response
  }
}

export function lastExchange(): Observed | undefined {
  return last
}
