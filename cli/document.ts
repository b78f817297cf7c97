import { randomUUID } from 'node:crypto'
import {
  DescribeSecretCommand,
  GetSecretValueCommand,
  PutSecretValueCommand,
  UpdateSecretVersionStageCommand,
} from '@aws-sdk/client-secrets-manager'
import { TAGS } from '../infra/tags.ts'
import type { Client, Registrations, SigningKey } from '../lib/config/client.ts'
import { ConfigurationError } from '../lib/config/problems.ts'
import { parseRegistrations } from '../lib/config/registrations.ts'
import { isLoopback } from '../lib/config/urls.ts'
import type { Context } from './context.ts'
import { EXIT, Failure, misuse } from './failure.ts'

/** A client as the document has it: spelled as docs/configuration.md says, unset members left out. */
export interface RawClient {
  client_id: string
  signing_keys: SigningKey[]
  [member: string]: unknown
}

/** The document as it is written. */
export interface RawDocument {
  version: 1
  clients: RawClient[]
  [member: string]: unknown
}

/** What the secret's tags say of the deployment that it belongs to (infra/tags.ts). */
export interface Deployment {
  /** Of the secret: twelve digits. Undefined where there is no secret. */
  account: string | undefined
  /** Base URL, without a trailing slash. */
  url: string | undefined
  /** ARNs of the principals that may sign. */
  signers: string[]
  signing_key: string | undefined
  /** ARN of the role that operates the keys. */
  operator: string | undefined
}

/** One version of the configuration. */
export interface Stored {
  version_id: string
  document: RawDocument
  registrations: Registrations
  deployment: Deployment
}

/** The label of a version that is written and not in force yet. */
export const PENDING = 'countersign-pending'
const CURRENT = 'AWSCURRENT'

/** Reads the deployment's tags. Rejects with the SDK's error. */
export async function readDeployment(context: Context): Promise<Deployment> {
  const { Tags = [], ARN = '' } = await context
    .secrets()
    .send(new DescribeSecretCommand({ SecretId: context.secretId() }))
  const tag = (name: string) => Tags.find(({ Key }) => Key === name)?.Value || undefined
  return {
    account: ARN.split(':')[4],
    url: tag(TAGS.url)?.replace(/\/$/, ''),
    signers: tag(TAGS.signers)?.split(' ').filter(Boolean) ?? [],
    signing_key: tag(TAGS.signing_key),
    operator: tag(TAGS.operator),
  }
}

/** On Lambda no loopback URL is taken; what runs on loopback itself is no Lambda. */
export function onLambda({ url }: Deployment): boolean {
  return url !== undefined && URL.canParse(url) && !isLoopback(new URL(url).hostname)
}

/** Reads the version in force, or another one. Throws Failure where it is not valid. */
export async function readDocument(
  context: Context,
  version: { VersionId?: string; VersionStage?: string } = {},
): Promise<Stored> {
  const deployment = await readDeployment(context)
  const { text, version_id } = await readText(context, version)
  const registrations = checked(text, version_id, deployment)
  return { version_id, document: JSON.parse(text), registrations, deployment }
}

/** The same as it stands there, valid or not. */
export async function readText(
  context: Context,
  version: { VersionId?: string; VersionStage?: string } = {},
): Promise<{ text: string; version_id: string }> {
  const { SecretString, VersionId } = await context
    .secrets()
    // By its label, although it is the default: not every stand-in of AWS has the same.
    .send(
      new GetSecretValueCommand({
        SecretId: context.secretId(),
        ...(version.VersionId === undefined && { VersionStage: CURRENT }),
        ...version,
      }),
    )
  if (SecretString === undefined || VersionId === undefined) {
    throw new Failure('configuration_unreadable', 'The configuration secret has no text.')
  }
  return { text: SecretString, version_id: VersionId }
}

function checked(text: string, revision: string, deployment: Deployment): Registrations {
  try {
    return parseRegistrations(text, { revision, onLambda: onLambda(deployment) })
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error
    throw new Failure('configuration_invalid', `The configuration is not valid:\n${error.message}`, {
      fix: 'countersign config show prints it, config put replaces it, keys rollback takes it back.',
    })
  }
}

/** Throws Failure where `text` is no document that could be written. */
export function requireValid(text: string, deployment: Deployment): void {
  try {
    parseRegistrations(text, { revision: '', onLambda: onLambda(deployment) })
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error
    throw new Failure(
      'configuration_invalid',
      `The configuration would not be valid, and nothing was written:\n${error.message}`,
    )
  }
}

/**
 * Writes `document` as a new version and puts it in force, unless another version than `basis` is in force by then:
 * what somebody else has written meanwhile is never overwritten unseen. Returns the new version's id.
 */
export async function replaceDocument(
  context: Context,
  basis: Pick<Stored, 'version_id' | 'deployment'>,
  document: RawDocument,
): Promise<string> {
  const text = JSON.stringify(document, null, 2)
  requireValid(text, basis.deployment)
  return replaceText(context, basis.version_id, text)
}

/** The same of whatever the secret of the context holds. Not looked at: a text that is none of ours would be in force. */
export async function replaceText(context: Context, from: string, text: string): Promise<string> {
  const SecretId = context.secretId()
  const VersionId = randomUUID()
  await context.secrets().send(
    new PutSecretValueCommand({
      SecretId,
      SecretString: text,
      ClientRequestToken: VersionId,
      VersionStages: [PENDING],
    }),
  )
  await promote(context, from, VersionId)
  await withoutLabel(context, VersionId)
  return VersionId
}

/** Takes PENDING from a version: a label that stays behind would say that something is unfinished. */
export async function withoutLabel(context: Context, VersionId: string): Promise<void> {
  const label = { SecretId: context.secretId(), VersionStage: PENDING, RemoveFromVersionId: VersionId }
  // What was written is in force, with the label or without.
  await context
    .secrets()
    .send(new UpdateSecretVersionStageCommand(label))
    .catch(() => {})
}

/** Moves AWSCURRENT, in one step and only from where it is believed to be. Secrets Manager moves AWSPREVIOUS along. */
export async function promote(context: Context, from: string, to: string): Promise<void> {
  try {
    await context.secrets().send(
      new UpdateSecretVersionStageCommand({
        SecretId: context.secretId(),
        VersionStage: CURRENT,
        RemoveFromVersionId: from,
        MoveToVersionId: to,
      }),
    )
  } catch (error) {
    if ((error as Error).name !== 'InvalidParameterException') throw error
    // The answer to the first try may have been lost, and this be the one to its repetition.
    if ((await currentVersion(context)) === to) return
    throw new Failure(
      'changed_meanwhile',
      'Somebody else has changed the configuration meanwhile. Nothing was changed.',
      {
        fix: 'Look at it (countersign keys list) and run the command again.',
        exit: EXIT.refused,
      },
    )
  }
}

async function currentVersion(context: Context): Promise<string | undefined> {
  const { VersionIdsToStages = {} } = await context
    .secrets()
    .send(new DescribeSecretCommand({ SecretId: context.secretId() }))
  return Object.keys(VersionIdsToStages).find(id => VersionIdsToStages[id]?.includes(CURRENT))
}

/** The client that is meant: by its id, or the only one. Throws Failure. */
export function clientIn<T extends Pick<Client, 'client_id'>>(
  clients: readonly T[],
  client_id: string | undefined,
): T {
  const ids = clients.map(client => client.client_id).join(', ') || 'none'
  if (client_id === undefined) {
    if (clients.length === 1) return clients[0]!
    throw misuse(`Which client? Name it by --client. There are: ${ids}`)
  }
  const found = clients.find(client => client.client_id === client_id)
  if (!found) throw misuse(`There is no client "${client_id}". There are: ${ids}`)
  return found
}
