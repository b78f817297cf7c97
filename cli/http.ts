// A request to whoever is named, and an answer of somebody else's.

const DEFAULT_MAX_B = 256 * 1024

/** No redirect is followed: where a server points is not what was asked, and would be said of the wrong one. */
export function fetchOnce(url: string, ms: number, init: RequestInit = {}): Promise<Response> {
  return fetch(url, { ...init, redirect: 'manual', signal: AbortSignal.timeout(ms) })
}

/**
 * The text of an answer, of which there may be no end: counted as it is unpacked. Rejects with RangeError where there is more
 * than `max` bytes, and with the error of `fetch` where the rest does not come.
 */
export async function limitedText(response: Response, max = DEFAULT_MAX_B): Promise<string> {
  const chunks: Uint8Array[] = []
  let length = 0
  for await (const chunk of response.body ?? []) {
    length += chunk.length
    // Leaving the loop cancels the rest.
    if (length > max) throw new RangeError(`answered more than ${max / 1024} KiB`)
    chunks.push(chunk)
  }
  return new TextDecoder().decode(Buffer.concat(chunks))
}

/** Why there is no answer, or none to its end: the network's own name for it where it has one. */
export function whyUnanswered(error: unknown, ms: number): string {
  const { name, message, cause } = error as Error & { cause?: { code?: string; message?: string } }
  if (name === 'TimeoutError') return `no answer within ${ms / 1000} s`
  return cause?.code ?? cause?.message ?? message
}

/** The JSON object that a text is; undefined where it is none. */
export function jsonObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return isObject(value) ? value : undefined
  } catch {
    return undefined
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
