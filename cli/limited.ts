const DEFAULT_MAX_B = 256 * 1024

/**
 * The text of an answer of somebody else's, who may send without end: counted as it is unpacked. Rejects with RangeError
 * where there is more than `max` bytes, and with the error of `fetch` where the rest does not come.
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
