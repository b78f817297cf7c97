/** Text of somebody else's, for a terminal: nothing that could rewrite or reorder what stands there (control and format characters). */
export function plain(text: string): string {
  return text.replace(/[\p{C}\p{Zl}\p{Zp}]/gu, '�')
}

/** The same for a text whose lines are ours. */
export function plainLines(text: string): string {
  return text.split('\n').map(plain).join('\n')
}
