/** A request to the REST API, taken apart. */
export interface RestRequest {
  method: string
  /** As it came, the mapping's part included. */
  path: string
  /** What `{proxy+}` took: as it came, without slashes around it. */
  proxy: string
  rawQuery: string
  query: URLSearchParams
  /** Names and values in turn, as they stood on the wire. */
  headers: readonly string[]
  sourceIp: string
}

/** Undefined where the mapping does not lead here: its key is one whole segment. */
export function restRequest(
  mappingKey: string,
  incoming: { method: string; url: string; rawHeaders: readonly string[]; sourceIp: string },
): RestRequest | undefined {
  const mark = incoming.url.indexOf('?')
  const path = mark === -1 ? incoming.url : incoming.url.slice(0, mark)
  const rawQuery = mark === -1 ? '' : incoming.url.slice(mark + 1)
  if (path !== `/${mappingKey}` && !path.startsWith(`/${mappingKey}/`)) return undefined
  return {
    method: incoming.method,
    path,
    proxy: path.slice(mappingKey.length + 2).replace(/\/$/, ''),
    rawQuery,
    query: new URLSearchParams(rawQuery),
    headers: incoming.rawHeaders,
    sourceIp: incoming.sourceIp,
  }
}
