import { AwsError } from './errors.ts'

/** One version's value, as it came: text, or bytes in base64. */
export interface Content {
  SecretString?: string
  SecretBinary?: string
}

export interface Version {
  id: string
  /** Milliseconds. */
  created: number
  content: Content
}

export interface Secret {
  arn: string
  name: string
  description: string | undefined
  kms_key_id: string | undefined
  created: number
  changed: number
  tags: ReadonlyMap<string, string>
  versions: Map<string, Version>
  /** Staging label → version id: a label is on one version at most. */
  stages: Map<string, string>
}

const CURRENT = 'AWSCURRENT'
const PREVIOUS = 'AWSPREVIOUS'

function refuse(message: string): AwsError {
  return new AwsError('InvalidParameterException', message)
}

/** The labels of a version, in the order in which they were put on. */
export function stagesOf(secret: Secret, id: string): string[] {
  return [...secret.stages].filter(([, version]) => version === id).map(([stage]) => stage)
}

/** Puts a label on a version, and AWSPREVIOUS on the version that AWSCURRENT leaves. */
function moveStage(secret: Secret, stage: string, to: string): void {
  const from = secret.stages.get(stage)
  if (stage === CURRENT && from !== undefined && from !== to) secret.stages.set(PREVIOUS, from)
  secret.stages.set(stage, to)
}

/**
 * Adds a version. API reference, PutSecretValue: the same token with the same content changes nothing, with another
 * content it is ResourceExistsException; the first version of a secret is current whatever labels are asked for.
 */
export function addVersion(
  secret: Secret,
  id: string,
  content: Content,
  stages: readonly string[],
  now: number,
): void {
  const known = secret.versions.get(id)
  if (known) {
    if (
      known.content.SecretString === content.SecretString &&
      known.content.SecretBinary === content.SecretBinary
    )
      return
    throw new AwsError(
      'ResourceExistsException',
      `You can't use ClientRequestToken ${id} because that value is already in use for a version of secret ${secret.arn}.`,
    )
  }
  const labels = secret.versions.size === 0 && !stages.includes(CURRENT) ? [...stages, CURRENT] : stages
  secret.versions.set(id, { id, created: now, content })
  for (const stage of labels) moveStage(secret, stage, id)
  secret.changed = now
}

/** The version by id, by label, or both (then they must agree); AWSCURRENT by default. */
export function pickVersion(secret: Secret, id: string | undefined, stage: string | undefined): Version {
  const wanted = id ?? secret.stages.get(stage ?? CURRENT)
  const version = wanted === undefined ? undefined : secret.versions.get(wanted)
  if (!version) {
    const what = id === undefined ? `staging label: ${stage ?? CURRENT}` : `VersionId: ${id}`
    throw new AwsError(
      'ResourceNotFoundException',
      `Secrets Manager can't find the specified secret value for ${what}`,
    )
  }
  if (id !== undefined && stage !== undefined && secret.stages.get(stage) !== id) {
    throw new AwsError(
      'InvalidRequestException',
      'You provided a VersionStage that is not associated to the provided VersionId.',
    )
  }
  return version
}

/** UpdateSecretVersionStage: a label moves only away from the version that the caller says it is on. */
export function updateStage(
  secret: Secret,
  stage: string,
  from: string | undefined,
  to: string | undefined,
): void {
  const holder = secret.stages.get(stage)
  for (const id of [from, to]) {
    if (id !== undefined && !secret.versions.has(id)) {
      throw new AwsError('ResourceNotFoundException', `Secrets Manager can't find the version ${id}.`)
    }
  }
  if (from !== undefined && holder !== from) {
    throw refuse(`The staging label ${stage} is not attached to version ${from}.`)
  }
  if (to === undefined) {
    if (from === undefined) throw refuse('RemoveFromVersionId or MoveToVersionId is needed.')
    if (stage === CURRENT) {
      throw refuse(`You can only move staging label ${CURRENT} to a different secret version.`)
    }
    secret.stages.delete(stage)
    return
  }
  if (holder !== undefined && holder !== to && from === undefined) {
    throw refuse(
      `The parameter RemoveFromVersionId can't be empty. Staging label ${stage} is currently attached to version ` +
        `${holder}, so you must explicitly reference that version in RemoveFromVersionId.`,
    )
  }
  moveStage(secret, stage, to)
}
