import type { KeyPolicy } from '../../kms/policy.ts'
import { wildcard } from '../../wildcard.ts'

// What a key policy lets whom do. A statement is read as widely as it could be meant: what is not understood permits.

/** A statement as anybody may have written it. */
export type AnyStatement = Readonly<Record<string, unknown>>

export function statementsOf({ Statement }: KeyPolicy): readonly AnyStatement[] {
  return [Statement].flat() as unknown as AnyStatement[]
}

export function texts(value: unknown): string[] {
  return [value].flat().filter(item => typeof item === 'string')
}

/** Who is meant. `*` is everybody. */
export function principalsOf({ Principal, NotPrincipal }: AnyStatement): string[] {
  if (NotPrincipal !== undefined) return ['everybody but a few (NotPrincipal)']
  if (typeof Principal !== 'object' || Principal === null) return texts(Principal)
  return Object.values(Principal).flatMap(texts)
}

/** IAM compares actions without regard to case, and knows `*` and `?`. */
export function covers({ Action, NotAction }: AnyStatement, action: string): boolean {
  return NotAction === undefined
    ? texts(Action).some(pattern => wildcard(pattern, action, true))
    : !texts(NotAction).some(pattern => wildcard(pattern, action, true))
}

/** The values that a request may have under a condition; undefined where the statement has no such condition. */
export function conditionOf({ Condition }: AnyStatement, key: string): string[] | undefined {
  const equals = (Condition as Record<string, Record<string, unknown>> | undefined)?.StringEquals ?? {}
  const found = Object.entries(equals).find(([name]) => name.toLowerCase() === key.toLowerCase())
  return found && texts(found[1])
}

export function allows({ Effect }: AnyStatement): boolean {
  return Effect === 'Allow'
}

/** The statements by which one of `signers` may sign; where nobody knows who they are, by which anybody may. */
export function signingGrants(policy: KeyPolicy, signers: readonly string[]): AnyStatement[] {
  return statementsOf(policy).filter(
    statement =>
      allows(statement) &&
      covers(statement, 'kms:Sign') &&
      (signers.length === 0 || principalsOf(statement).some(name => signers.includes(name))),
  )
}
