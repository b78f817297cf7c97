/** Text of somebody else's, for a terminal: no control character, which could rewrite what stands there. */
export function plain(text: string): string {
  return text.replace(/\p{Cc}/gu, '�')
}
