/** A request or an answer of HTTP/1.1 as it stands on the wire, one character a byte (RFC 9112 section 2.1). */
export interface HttpText {
  /** The request line or the status line. */
  start: string
  /** As they were written. */
  headers: [name: string, value: string][]
  body: string
}

/** The first message of `bytes` that is no interim answer; undefined while it is not complete. */
export function parseHttp(bytes: Buffer): HttpText | undefined {
  const text = bytes.toString('latin1')
  const end = text.indexOf('\r\n\r\n')
  if (end < 0) return undefined
  const [start = '', ...lines] = text.slice(0, end).split('\r\n')
  const headers = lines.map(line => {
    const colon = line.indexOf(':')
    return [line.slice(0, colon), line.slice(colon + 1).trim()] as [string, string]
  })
  // RFC 9110 section 15.2: an interim answer (100 Continue) has no body, and the one that counts follows.
  if (/^HTTP\/1\.1 1\d\d /.test(start)) return parseHttp(bytes.subarray(end + 4))
  if (headerOf(headers, 'transfer-encoding') === 'chunked') {
    const body = unchunked(text.slice(end + 4))
    return body === undefined ? undefined : { start, headers, body }
  }
  const length = Number(headerOf(headers, 'content-length') ?? 0)
  const body = text.slice(end + 4, end + 4 + length)
  return body.length < length ? undefined : { start, headers, body }
}

/** RFC 9112 section 7.1, without extensions and trailers; undefined while the last chunk is not there. */
function unchunked(text: string): string | undefined {
  const line = text.indexOf('\r\n')
  const length = Number.parseInt(text.slice(0, line), 16)
  if (line < 0 || length === 0) return line < 0 ? undefined : ''
  const end = line + 2 + length
  const rest = unchunked(text.slice(end + 2))
  return rest === undefined ? undefined : text.slice(line + 2, end) + rest
}

export function headerOf(headers: [name: string, value: string][], wanted: string): string | undefined {
  return headers.find(([name]) => name.toLowerCase() === wanted)?.[1]
}
