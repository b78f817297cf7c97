// Text of somebody else's, for a terminal. Control characters of either kind (U+0000-U+001F, U+007F-U+009F) could rewrite
// what stands there; what directs or hides text (Cf) could have it read as something else.

const UNSEEN = /[\p{Cc}\p{Cf}\u2028\u2029]/gu
const UNSEEN_BUT_NEWLINE = /(?!\n)[\p{Cc}\p{Cf}\u2028\u2029]/gu

/** One line. */
export function plain(text: string): string {
  return text.replace(UNSEEN, '�')
}

/** Text of our own that holds somebody else's: its lines stay lines. */
export function plainLines(text: string): string {
  return text.replace(UNSEEN_BUT_NEWLINE, '�')
}

/** The same JSON to a reader: JSON.stringify escapes up to U+001F alone. */
export function plainJson(value: unknown, indent?: number): string {
  return JSON.stringify(value, null, indent).replace(UNSEEN_BUT_NEWLINE, escaped)
}

function escaped(character: string): string {
  return Array.from(
    { length: character.length },
    (_, i) => `\\u${character.charCodeAt(i).toString(16).padStart(4, '0')}`,
  ).join('')
}

/** A value of JSON, whatever its type: a template literal would throw at an object that has a `toString` of its own. */
export function shown(value: unknown): string {
  return value === undefined ? '(none)' : plain(typeof value === 'string' ? value : JSON.stringify(value))
}
