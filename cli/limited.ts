/** More than any document that a command reads: a longer one is none, and would fill the memory. */
const MAX_B = 256 * 1024

/** The body as text. Rejects with RangeError where it has more than `max` bytes, counted after decompression. */
export async function limitedText(response: Response, max: number = MAX_B): Promise<string> {
  const chunks: Uint8Array[] = []
  let length = 0
  for await (const chunk of response.body ?? []) {
    length += chunk.length
    // Leaving the loop cancels the rest.
    if (length > max) throw new RangeError(`more than ${max / 1024} KiB`)
    chunks.push(chunk)
  }
  return new TextDecoder().decode(Buffer.concat(chunks))
}
