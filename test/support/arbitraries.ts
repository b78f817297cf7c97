import fc from 'fast-check'

// Texts as tests draw them, and changes that leave most of what they are made to as it was.

/** Of any characters, halves of surrogate pairs and control characters among them. */
export const anyText = (maxLength = 60) =>
  fc.oneof(fc.string({ unit: 'binary', maxLength }), fc.string({ maxLength }))

/** A place in something whose length is known later: 0 is its beginning, 1 behind its end. */
export const place = fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true })

export const at = (where: number, length: number) => Math.floor(where * length)

/** The list with one of its items taken out, doubled, or put in another place; an empty one stays. */
export function changedList<T>(
  items: readonly T[],
  how: 'without' | 'doubled' | 'reversed',
  where: number,
): T[] {
  const index = at(where, items.length)
  if (how === 'reversed') return [...items].reverse()
  const kept = how === 'without' ? [] : items.slice(index, index + 1).flatMap(item => [item, item])
  return [...items.slice(0, index), ...kept, ...items.slice(index + 1)]
}

/** The text with one character taken out, put in, or put in place of another. */
export function changedText(
  text: string,
  how: 'without' | 'with' | 'other',
  where: number,
  other: string,
): string {
  const index = at(where, text.length)
  return (
    text.slice(0, index) + (how === 'without' ? '' : other) + text.slice(how === 'with' ? index : index + 1)
  )
}
