/** A word as a POSIX shell takes it, for command lines that a person copies: a client id may hold any printable character. */
export function quoted(word: string): string {
  return /^[\w.@:/-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`
}
