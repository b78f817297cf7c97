import { AwsError } from './errors.ts'
import { accountOf, actionMatches, identityAllows, namesOf, type Principal } from './principals.ts'

interface Statement {
  effect: 'Allow' | 'Deny'
  principals: readonly string[]
  actions: readonly string[]
  resources: readonly string[]
  /** Condition key in lower case (IAM ignores its case) and the values that it may have. */
  conditions: readonly { key: string; values: readonly string[] }[]
  /** Milliseconds since the epoch, from which on the statement says nothing any more. */
  until: number
}

/** A key policy: the text as it was given (GetKeyPolicy returns it) and what it says. */
export interface KeyPolicy {
  text: string
  statements: readonly Statement[]
}

/** What a request asks of a key. `context` holds the condition keys that the request has, in lower case. */
export interface Ask {
  action: string
  resource: string
  context: Readonly<Record<string, string>>
}

/** Undefined when allowed, or the end of the sentence that says why not. */
export type Refusal = string | undefined

const STATEMENT_MEMBERS = ['Sid', 'Effect', 'Principal', 'Action', 'Resource', 'Condition']
const CONDITION_KEYS = ['kms:signingalgorithm', 'kms:messagetype']
/** KMS API reference, PutKeyPolicy: a key policy has at most 32 KiB. */
const POLICY_MAX_CHARS = 32_768

function malformed(why: string): AwsError {
  return new AwsError('MalformedPolicyDocumentException', why)
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** IAM's grammar lets one value stand for a list of one. */
function list(value: unknown, what: string): readonly string[] {
  const values: unknown[] = Array.isArray(value) ? value : [value]
  if (values.length > 0 && values.every(item => typeof item === 'string' && item !== '')) {
    return values as string[]
  }
  throw malformed(`${what} must be a string or a list of strings.`)
}

function readActions(value: unknown): readonly string[] {
  const actions = list(value, 'Action')
  // Wildcards anywhere but at the end are legal in IAM; here they are refused rather than half understood.
  const odd = actions.find(action => !/^(\*|kms:(\*|[A-Za-z]+\*?))$/i.test(action))
  if (odd !== undefined) throw malformed(`Action ${odd} is not supported by this local stand-in.`)
  return actions
}

function readPrincipals(value: unknown): readonly string[] {
  if (value === '*') return ['*']
  if (!isObject(value) || Object.keys(value).join() !== 'AWS') {
    throw malformed('Policy contains a statement with one or more invalid principals.')
  }
  return list(value.AWS, 'Principal').map(name => {
    // A bare account id is short for that account's root (IAM user guide, "AWS account principals").
    if (/^\d{12}$/.test(name)) return `arn:aws:iam::${name}:root`
    if (name === '*' || /^arn:aws:(iam|sts)::\d{12}:[^*?]+$/.test(name)) return name
    throw malformed('Policy contains a statement with one or more invalid principals.')
  })
}

function readConditions(value: unknown): Statement['conditions'] {
  if (value === undefined) return []
  if (!isObject(value)) throw malformed('Condition must be an object.')
  return Object.entries(value).flatMap(([operator, tests]) => {
    if (operator === 'DateLessThan') return []
    // An operator that is skipped would widen the policy: every one but these is refused.
    if (operator !== 'StringEquals') {
      throw malformed(`Condition operator ${operator} is not supported by this local stand-in.`)
    }
    if (!isObject(tests)) throw malformed('A condition operator must hold an object.')
    return Object.entries(tests).map(([name, values]) => {
      const key = name.toLowerCase()
      if (!CONDITION_KEYS.includes(key)) {
        throw malformed(`Condition key ${name} is not supported by this local stand-in.`)
      }
      return { key, values: list(values, name) }
    })
  })
}

/** `DateLessThan` of `aws:CurrentTime`, in RFC 3339. */
function readUntil(condition: unknown): number {
  const tests = isObject(condition) ? condition.DateLessThan : undefined
  if (tests === undefined) return Number.POSITIVE_INFINITY
  const [[name, time] = [], ...others] = isObject(tests) ? Object.entries(tests) : []
  const until = typeof time === 'string' ? Date.parse(time) : Number.NaN
  if (name?.toLowerCase() !== 'aws:currenttime' || others.length > 0 || Number.isNaN(until)) {
    throw malformed('DateLessThan is supported by this local stand-in for one aws:CurrentTime.')
  }
  return until
}

function readStatement(value: unknown): Statement {
  if (!isObject(value)) throw malformed('A statement must be an object.')
  const odd = Object.keys(value).find(member => !STATEMENT_MEMBERS.includes(member))
  if (odd !== undefined) throw malformed(`${odd} in a statement is not supported by this local stand-in.`)
  if (value.Effect !== 'Allow' && value.Effect !== 'Deny') throw malformed('Effect must be Allow or Deny.')
  return {
    effect: value.Effect,
    principals: readPrincipals(value.Principal),
    actions: readActions(value.Action),
    resources: list(value.Resource, 'Resource'),
    conditions: readConditions(value.Condition),
    until: readUntil(value.Condition),
  }
}

/**
 * Reads a key policy whole or not at all: MalformedPolicyDocumentException on anything that this stand-in would not
 * enforce, because a condition that is silently ignored makes a test of it worthless.
 */
export function parseKeyPolicy(text: string): KeyPolicy {
  if (text.length > POLICY_MAX_CHARS) throw new AwsError('LimitExceededException', 'The policy is too long.')
  let document: unknown
  try {
    document = JSON.parse(text)
  } catch {
    throw malformed('The policy is not JSON.')
  }
  if (!isObject(document)) throw malformed('The policy must be an object.')
  const odd = Object.keys(document).find(member => !['Version', 'Id', 'Statement'].includes(member))
  if (odd !== undefined) throw malformed(`${odd} is not a member of a policy.`)
  if (document.Version !== '2012-10-17' && document.Version !== '2008-10-17') {
    throw malformed('Version must be 2012-10-17.')
  }
  const statements: unknown[] = Array.isArray(document.Statement) ? document.Statement : [document.Statement]
  return { text, statements: statements.map(readStatement) }
}

/** The policy of a key that is created without one: the account, and through it its identity policies. */
export function defaultKeyPolicy(account: string): string {
  const statement = {
    Sid: 'Enable IAM User Permissions',
    Effect: 'Allow',
    Principal: { AWS: `arn:aws:iam::${account}:root` },
    Action: 'kms:*',
    Resource: '*',
  }
  return JSON.stringify({ Version: '2012-10-17', Id: 'key-default-1', Statement: [statement] }, null, 2)
}

function applies(statement: Statement, ask: Ask): boolean {
  return (
    statement.actions.some(pattern => actionMatches(pattern, ask.action)) &&
    // "*" in a key policy means the key that carries it.
    statement.resources.some(resource => resource === '*' || resource === ask.resource) &&
    Date.now() < statement.until &&
    // A condition on something that the request does not have is not met (IAM: StringEquals without IfExists).
    statement.conditions.every(({ key, values }) => values.includes(ask.context[key] ?? ''))
  )
}

/**
 * Whether `caller` may do what it asks, by the rules of KMS (developer guide, "Determining access to KMS keys"): an
 * explicit Deny wins; the key's own policy may allow the caller by name; or it allows the account, and then the
 * caller's identity policy decides. An identity policy alone is never enough. A caller of another account needs both.
 */
export function decide(policy: KeyPolicy, ask: Ask, caller: Principal, account: string): Refusal {
  const root = `arn:aws:iam::${account}:root`
  const callerRoot = `arn:aws:iam::${accountOf(caller.arn)}:root`
  const names = namesOf(caller)
  const relevant = policy.statements.filter(statement => applies(statement, ask))
  const some = (effect: Statement['effect'], wanted: readonly string[]): boolean =>
    relevant.some(
      statement => statement.effect === effect && statement.principals.some(name => wanted.includes(name)),
    )

  if (some('Deny', ['*', callerRoot, ...names])) return 'with an explicit deny in a resource-based policy'
  const identity = identityAllows(caller, ask.action, ask.resource)
  const identityRefusal = `because no identity-based policy allows the ${ask.action} action`
  if (some('Allow', ['*', ...names])) return identity || callerRoot === root ? undefined : identityRefusal
  if (some('Allow', [callerRoot])) return identity ? undefined : identityRefusal
  return `because no resource-based policy allows the ${ask.action} action`
}
