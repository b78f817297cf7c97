// The strokes that the picture is made of. Coordinates are in the picture's own units, text is placed by its baseline.

export interface Box {
  x: number
  y: number
  width: number
  height: number
}

export type Point = readonly [x: number, y: number]

export function escapeXml(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
}

export function box({ x, y, width, height }: Box, classes: string): string {
  return `<rect class="${classes}" x="${x}" y="${y}" width="${width}" height="${height}" rx="10"/>`
}

/** `classes` are those of the style sheet: the kind of text, then its colour; `end` and `middle` anchor it. */
export function text([x, y]: Point, content: string, classes = ''): string {
  return `<text${classes && ` class="${classes}"`} x="${x}" y="${y}">${escapeXml(content)}</text>`
}

/** Lines one below the other. */
export function lines([x, y]: Point, contents: readonly string[], classes: string, leading = 19): string {
  return contents.map((content, i) => text([x, y + i * leading], content, classes)).join('\n')
}

const HEAD_LENGTH = 11
const HEAD_HALF = 5.5

/** A straight arrow, horizontal or vertical, whose point touches `to` exactly. */
export function arrow([x1, y1]: Point, [x2, y2]: Point, classes: string): string {
  const dx = Math.sign(x2 - x1)
  const dy = Math.sign(y2 - y1)
  // The shaft ends inside the head: with a thick line the point would be blunt otherwise.
  const shaft = `M${x1} ${y1}L${x2 - dx * (HEAD_LENGTH - 1)} ${y2 - dy * (HEAD_LENGTH - 1)}`
  const [bx, by] = [x2 - dx * HEAD_LENGTH, y2 - dy * HEAD_LENGTH]
  const head = `M${x2} ${y2}L${bx + dy * HEAD_HALF} ${by + dx * HEAD_HALF}L${bx - dy * HEAD_HALF} ${by - dx * HEAD_HALF}Z`
  return `<g class="${classes}"><path class="shaft" d="${shaft}"/><path class="head" d="${head}"/></g>`
}

/** The number of a step, on its arrow. */
export function step([x, y]: Point, number: number, classes: string): string {
  return `<g class="${classes}"><circle class="disc" cx="${x}" cy="${y}" r="12"/>${text([x, y + 5], String(number), 'number middle')}</g>`
}

/** A key, 44 units wide, its bow on the left. */
export function keySymbol([x, y]: Point): string {
  return `<g class="key" transform="translate(${x} ${y})"><circle class="bow" cx="11" cy="11" r="8"/><path class="bow" d="M19 11H42M36 11V19M29 11V17"/></g>`
}
