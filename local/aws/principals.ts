import { wildcard } from '../../cli/wildcard.ts'
import { AwsError } from './errors.ts'

/** Who calls: an ARN and its identity policy. `*` and `?` are wildcards, as in IAM; `*` alone is for the operator only. */
export interface Principal {
  arn: string
  allow: readonly { actions: readonly string[]; resources: readonly string[] }[]
}

/** IAM compares the names of actions without regard to case. */
export function actionMatches(pattern: string, action: string): boolean {
  return wildcard(pattern, action, true)
}

/** Whether the caller's own identity policy allows the action on the resource. */
export function identityAllows(caller: Principal, action: string, resource: string): boolean {
  return caller.allow.some(
    ({ actions, resources }) =>
      actions.some(pattern => actionMatches(pattern, action)) &&
      resources.some(pattern => wildcard(pattern, resource)),
  )
}

/** The account of an ARN: its fifth part. */
export function accountOf(arn: string): string | undefined {
  return arn.split(':')[4]
}

/**
 * The names under which a policy may mean this caller: its ARN, and for a session of a role also the role, because
 * that is what a policy names (`arn:aws:sts::…:assumed-role/name/session` → `arn:aws:iam::…:role/name`).
 */
export function namesOf(caller: Principal): readonly string[] {
  const session = /^arn:aws:sts::(\d+):assumed-role\/([^/]+)\/[^/]+$/.exec(caller.arn)
  return session ? [caller.arn, `arn:aws:iam::${session[1]}:role/${session[2]}`] : [caller.arn]
}

/**
 * AccessDeniedException, worded as the real services word it. It names the caller's and the resource's ARN, account
 * id and all: a caller that passes this text on leaks them, and a test here can catch it.
 */
export function accessDenied(caller: Principal, action: string, resource: string, why: string): AwsError {
  return new AwsError(
    'AccessDeniedException',
    `User: ${caller.arn} is not authorized to perform: ${action} on resource: ${resource} ${why}`,
  )
}

/** Refuses what the caller's identity policy does not allow. */
export function requireIdentity(caller: Principal, action: string, resource: string): void {
  if (identityAllows(caller, action, resource)) return
  throw accessDenied(caller, action, resource, `because no identity-based policy allows the ${action} action`)
}
