/**
 * Whether a member stands twice in one object of a JSON text that has been parsed to `value`. JSON.parse keeps the last
 * one in silence (RFC 8259 section 4 leaves it open), and a reader of the text may have seen the first. In JSON only a
 * member's name is a string with a colon behind it, so names that were lost show in their number.
 */
export function hasRepeatedMembers(text: string, value: unknown): boolean {
  let written = 0
  for (const [, colon] of text.matchAll(/"(?:[^"\\]|\\.)*"(\s*:)?/g)) if (colon !== undefined) written++
  return written !== countMembers(value)
}

function countMembers(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0
  const inside = Object.values(value).reduce((sum: number, one) => sum + countMembers(one), 0)
  return Array.isArray(value) ? inside : inside + Object.keys(value).length
}
