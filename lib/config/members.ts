import * as v from 'valibot'
import { memberPath, type Problem } from './problems.ts'

// The few words in which the schema is written, over valibot. Every text is fixed: valibot's own would quote the value.

/** A JSON object as it was given, unchecked. */
export type Raw = Readonly<Record<string, unknown>>

export function isRaw(value: unknown): value is Raw {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** The objects of an array, each with its index; none of what is no array. */
export function rawItems(value: unknown): [Raw, number][] {
  if (!Array.isArray(value)) return []
  return value.flatMap((item: unknown, index) => (isRaw(item) ? [[item, index] as [Raw, number]] : []))
}

const UNKNOWN = 'is not a member that is known here'

/**
 * A strict object. `entriesOf` gets the raw object, so that what one member must be can depend on another even while
 * that other one is wrong: this is what lets all problems be listed at once. (valibot's strictObject stops at the
 * first unknown member.)
 */
export function members<const E extends v.ObjectEntries>(
  entriesOf: (raw: Raw) => E,
  unknownProblem: (name: string) => string = () => UNKNOWN,
) {
  return v.lazy(input => {
    if (!isRaw(input)) return v.never('must be an object')
    const entries = entriesOf(input)
    const refuseUnknown = v.rawCheck<v.InferOutput<v.ObjectSchema<E, undefined>>>(({ addIssue }) => {
      for (const key of Object.keys(input)) {
        if (Object.hasOwn(entries, key)) continue
        const at = { type: 'object', origin: 'key', input, key, value: input[key] } as const
        addIssue({ message: unknownProblem(key), path: [at] })
      }
    })
    return v.pipe(v.object(entries), refuseUnknown)
  })
}

/** A string that a rule finds nothing wrong with. The rule returns a fixed text, or undefined. */
export function text(problem: (value: string) => string | undefined) {
  return v.pipe(
    v.string(),
    v.rawCheck(({ dataset, addIssue }) => {
      const message = dataset.typed ? problem(dataset.value) : undefined
      if (message !== undefined) addIssue({ message })
    }),
  )
}

/** One of a few words, which the text names; `others` are words with a text of their own. */
export function oneOf<const T extends string>(
  words: readonly T[],
  others: Readonly<Record<string, string>> = {},
) {
  const usual = `must be ${words.map(word => `"${word}"`).join(' or ')}`
  return v.picklist(words, ({ input }) =>
    typeof input === 'string' && Object.hasOwn(others, input) ? others[input]! : usual,
  )
}

/** An array, with a rule for the whole of it that is also asked while some element is wrong. */
export function list<S extends v.GenericSchema>(
  item: S,
  problem: (items: readonly unknown[]) => string | undefined,
) {
  return v.pipe(
    v.array(item),
    v.rawCheck(({ dataset, addIssue }) => {
      const message = Array.isArray(dataset.value) ? problem(dataset.value) : undefined
      if (message !== undefined) addIssue({ message })
    }),
  )
}

/** valibot names the type that it expected; a required member that is absent comes as undefined. */
function typeProblem({ expected, input }: v.BaseIssue<unknown>): string {
  if (input === undefined) return 'is required'
  if (expected === 'boolean') return 'must be true or false'
  return expected === 'Array' ? 'must be an array' : `must be a ${expected}`
}

/** Checks a value against a schema: what the schema makes of it, or every problem. */
export function check<S extends v.GenericSchema>(
  schema: S,
  value: unknown,
): { output: v.InferOutput<S> } | { problems: Problem[] } {
  const result = v.safeParse(schema, value, { message: typeProblem })
  if (result.success) return { output: result.output }
  return { problems: result.issues.map(issue => ({ path: pathOf(issue), message: issue.message })) }
}

function pathOf(issue: v.BaseIssue<unknown>): string {
  let path = ''
  for (const { key } of issue.path ?? []) {
    path = typeof key === 'number' ? `${path}[${key}]` : memberPath(path, String(key))
  }
  return path
}
