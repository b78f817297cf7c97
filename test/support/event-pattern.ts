// Whether EventBridge would match an event, as its documentation has it: "Comparison operators for use in event patterns".
// As far as the rules of infra/ need it; any other operator throws, so that none is taken for a match.

type Json = null | boolean | number | string | Json[] | { [key: string]: Json }
type Pattern = { [key: string]: Json }

const isObject = (value: Json | undefined): value is { [key: string]: Json } =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** One alternative of a leaf, against all the values that the event has there (of an array, each of its elements). */
function matchesOne(matcher: Json, values: Json[]): boolean {
  if (!isObject(matcher)) return values.includes(matcher)
  const [operator = '', operand = null] = Object.entries(matcher)[0] ?? []
  switch (operator) {
    case 'exists':
      return values.length > 0 === operand
    // Of what is there: where there is nothing, nothing is "anything but".
    case 'anything-but':
      return values.some(value => ![operand].flat().includes(value as never))
    default:
      throw new Error(`an operator that is not known here: ${operator}`)
  }
}

/** What lies at a member, through arrays of objects as well. */
const at = (nodes: Json[], key: string): Json[] =>
  nodes
    .flatMap(node => (Array.isArray(node) ? node : [node]))
    .flatMap(node => (isObject(node) && Object.hasOwn(node, key) ? [node[key]!] : []))

function matchesIn(pattern: Pattern, nodes: Json[]): boolean {
  return Object.entries(pattern).every(([key, part]) => {
    if (key === '$or') return (part as Pattern[]).some(alternative => matchesIn(alternative, nodes))
    const inner = at(nodes, key)
    if (isObject(part)) return matchesIn(part, inner)
    const values = inner.flatMap(value => (Array.isArray(value) ? value : [value]))
    return (part as Json[]).some(matcher => matchesOne(matcher, values))
  })
}

export const matches = (pattern: object, event: object): boolean =>
  matchesIn(pattern as Pattern, [event as Json])
