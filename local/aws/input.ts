import { AwsError, invalid } from './errors.ts'

/** A request's JSON object, its members still unchecked. */
export type Input = Readonly<Record<string, unknown>>

/** A string member, or undefined where it is left out. Null counts as left out, as AWS JSON has it. */
export function optionalString(input: Input, member: string): string | undefined {
  const value = input[member] ?? undefined
  if (value === undefined || typeof value === 'string') return value
  throw new AwsError('SerializationException', `${member} must be a string.`)
}

/** A string member that must be there and not be empty. */
export function requiredString(input: Input, member: string): string {
  const value = optionalString(input, member)
  if (value === undefined) throw invalid(member, 'null', 'not be null')
  if (value === '') throw invalid(member, "''", 'have length greater than or equal to 1')
  return value
}

/** A string member out of a closed list; `fallback` where it is left out, and without one it is required. */
export function choice<T extends string>(
  input: Input,
  member: string,
  values: readonly T[],
  fallback?: T,
): T {
  const value = optionalString(input, member) ?? fallback ?? requiredString(input, member)
  const found = values.find(allowed => allowed === value)
  if (found === undefined) {
    throw invalid(member, `'${value}'`, `satisfy enum value set: [${values.join(', ')}]`)
  }
  return found
}

/** A blob member (base64 in AWS JSON) of 1 to `max` bytes. */
export function blob(input: Input, member: string, max: number): Buffer {
  const text = optionalString(input, member)
  if (text === undefined) throw invalid(member, 'null', 'not be null')
  if (!/^[A-Za-z0-9+/]*={0,2}$/.test(text)) {
    throw new AwsError('SerializationException', `${member} must be base64.`)
  }
  const bytes = Buffer.from(text, 'base64')
  if (bytes.length < 1) throw invalid(member, 'of 0 bytes', 'have length greater than or equal to 1')
  if (bytes.length > max)
    throw invalid(member, `of ${bytes.length} bytes`, `have length less than or equal to ${max}`)
  return bytes
}

/** A whole number between `min` and `max`, or `fallback`. */
export function integer(input: Input, member: string, min: number, max: number, fallback: number): number {
  const value = input[member] ?? fallback
  if (typeof value !== 'number' || !Number.isInteger(value)) {
    throw new AwsError('SerializationException', `${member} must be an integer.`)
  }
  if (value < min || value > max)
    throw invalid(member, `'${value}'`, `have value between ${min} and ${max}, inclusive`)
  return value
}

/** A boolean member; false where it is left out. */
export function flag(input: Input, member: string): boolean {
  const value = input[member] ?? false
  if (typeof value === 'boolean') return value
  throw new AwsError('SerializationException', `${member} must be a boolean.`)
}

/** A list of strings, or undefined where it is left out. */
export function strings(input: Input, member: string): readonly string[] | undefined {
  const value = input[member] ?? undefined
  if (value === undefined) return undefined
  if (Array.isArray(value) && value.every(item => typeof item === 'string')) return value
  throw new AwsError('SerializationException', `${member} must be a list of strings.`)
}

/** A list of tags as a map. `names` are the two member names: KMS says TagKey and TagValue, Secrets Manager Key and Value. */
export function tags(input: Input, names: readonly [string, string]): Map<string, string> {
  const list = input.Tags ?? []
  if (!Array.isArray(list)) throw new AwsError('SerializationException', 'Tags must be a list.')
  return new Map(
    list.map(item => {
      const tag: Input = typeof item === 'object' && item !== null ? item : {}
      return [requiredString(tag, names[0]), optionalString(tag, names[1]) ?? '']
    }),
  )
}
