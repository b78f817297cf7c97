import { type KeyPolicy, OPERATION } from '../../kms/policy.ts'
import {
  type AnyStatement,
  allows,
  conditionOf,
  covers,
  principalsOf,
  statementsOf,
  texts,
} from './policy.ts'

/** Those who are meant to have a part in a key, beside the account that it is in. */
export interface Known {
  /** ARNs. */
  signers: readonly string[]
  /** ARN of the role that operates the deployment's keys, where there is one. */
  operator?: string | undefined
}

/** By any of these one signs, or has oneself or others sign: a grant, another policy, a copy with a policy of its own. */
const POWERS = ['kms:Sign', 'kms:CreateGrant', 'kms:PutKeyPolicy', 'kms:ReplicateKey']
/** Of these, what the account's administrators have: the alarms on the key watch them. */
const OF_THE_ACCOUNT = ['kms:PutKeyPolicy', 'kms:ReplicateKey']

/** What a key's policy permits beyond what it has to: a line for each. `account`: the key's own. */
export function surplusOf(policy: KeyPolicy, account: string, { signers, operator }: Known): string[] {
  return statementsOf(policy)
    .filter(allows)
    .flatMap(statement =>
      principalsOf(statement).flatMap(name => {
        if (signers.includes(name)) return ofSigner(statement, name, name === operator)
        const powers = POWERS.filter(
          power => covers(statement, power) && !(isAccount(name, account) && OF_THE_ACCOUNT.includes(power)),
        )
        if (powers.length > 0) return [`${named(name)} may ${powers.join(', ')}`]
        if (!isForeign(statement, name, account) || (name === operator && only(statement, OPERATION)))
          return []
        return [`${named(name)}, not of the key's account, may ${actionsOf(statement)}`]
      }),
    )
}

function ofSigner(statement: AnyStatement, name: string, operates: boolean): string[] {
  const fits = only(statement, ['kms:Sign']) || (operates && only(statement, OPERATION))
  return [
    ...(fits ? [] : [`${name} may do more than kms:Sign`]),
    ...(covers(statement, 'kms:Sign') && !wholeMessages(statement)
      ? [`${name} may sign digests, too (no condition kms:MessageType RAW)`]
      : []),
  ]
}

/** It names actions, all of them in `list`. */
function only({ Action }: AnyStatement, list: readonly string[]): boolean {
  const known = list.map(action => action.toLowerCase())
  const actions = texts(Action)
  return actions.length > 0 && actions.every(action => known.includes(action.toLowerCase()))
}

function wholeMessages(statement: AnyStatement): boolean {
  const types = conditionOf(statement, 'kms:MessageType')
  return types?.length === 1 && types[0] === 'RAW'
}

function isAccount(name: string, account: string): boolean {
  return name === account || new RegExp(`^arn:[^:]+:iam::${account}:root$`).test(name)
}

/** Somebody whom the key's account has no say over. Services and deleted principals belong to none. */
function isForeign(statement: AnyStatement, name: string, account: string): boolean {
  if (/^\d{12}$/.test(name)) return name !== account
  if (name.startsWith('arn:')) return name.split(':')[4] !== account
  // Everybody: unless no caller from elsewhere fits.
  const callers =
    conditionOf(statement, 'kms:CallerAccount') ?? conditionOf(statement, 'aws:PrincipalAccount') ?? []
  return isEverybody(name) && !(callers.length === 1 && callers[0] === account)
}

function isEverybody(name: string): boolean {
  return name === '*' || name.includes('NotPrincipal')
}

function actionsOf({ Action, NotAction }: AnyStatement): string {
  return NotAction === undefined ? texts(Action).join(', ') : `everything but ${texts(NotAction).join(', ')}`
}

/** Who is meant by the short forms. */
function named(principal: string): string {
  if (principal === '*') return 'everybody (*)'
  if (/^\d{12}$|:root$/.test(principal)) return `whomever IAM allows it in the account (${principal})`
  // What becomes of a role's ARN in a policy once the role is deleted; one made anew under the same name has another.
  return /^A[A-Z0-9]{15,}$/.test(principal) ? `a principal that is deleted (${principal})` : principal
}
