import { randomUUID } from 'node:crypto'
import { readFile, rename, writeFile } from 'node:fs/promises'
import { CreateSecretCommand, PutSecretValueCommand } from '@aws-sdk/client-secrets-manager'
import { TAGS } from '../../infra/tags.ts'
import { parseRegistrations } from '../../lib/config/registrations.ts'
import type { Context } from '../context.ts'
import {
  type Deployment,
  onLambda,
  PENDING,
  type RawDocument,
  readDeployment,
  readDocument,
  replaceDocument,
  withoutLabel,
} from '../document.ts'
import { EXIT, Failure } from '../failure.ts'
import { deploymentUrl } from '../url.ts'
import type { Flags } from './options.ts'

/** Where the document is taken from and written to. */
export interface Target {
  /** What the client is added to. */
  base: RawDocument
  /** With what --url says in place of the tag. */
  deployment: Deployment
  /** A secret that is not there yet. */
  isNew: boolean
  /** For a person: `the secret countersign/config`. */
  name: string
  /** Writes, and returns the id of the version that is in force then. */
  write(document: RawDocument): Promise<string | undefined>
}

const EMPTY: RawDocument = { version: 1, clients: [] }

export async function targetOf(context: Context, flags: Flags): Promise<Target> {
  if (flags.out === undefined) return secretTarget(context, flags)
  const { base, deployment } = await basisOf(context, flags, flags.out)
  return {
    base,
    deployment,
    isNew: false,
    name: flags.out === '-' ? 'standard output' : flags.out,
    write: document => writeFileWhole(flags.out!, document),
  }
}

/** A file that is there already is added to; else what the secret holds, where one is named. */
async function basisOf(
  context: Context,
  flags: Flags,
  file: string,
): Promise<Pick<Target, 'base' | 'deployment'>> {
  const secret = isNamed(context) ? await secretTarget(context, flags) : undefined
  const deployment = secret?.deployment ?? given(flags, NO_DEPLOYMENT)
  const text = file === '-' ? undefined : await contentOf(file)
  if (text === undefined) return { base: secret?.base ?? EMPTY, deployment }
  try {
    parseRegistrations(text, { revision: '', onLambda: onLambda(deployment) })
  } catch (error) {
    throw new Failure(
      'configuration_invalid',
      `${file} is no valid configuration:\n${(error as Error).message}`,
    )
  }
  return { base: JSON.parse(text) as RawDocument, deployment }
}

async function contentOf(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

async function writeFileWhole(file: string, document: RawDocument): Promise<undefined> {
  if (file === '-') return undefined
  // Whoever reads it meanwhile sees the old one or the new one.
  const temporary = `${file}.${randomUUID()}.tmp`
  await writeFile(temporary, `${JSON.stringify(document, null, 2)}\n`)
  await rename(temporary, file)
  return undefined
}

export function isNamed(context: Context): boolean {
  try {
    return context.secretId() !== ''
  } catch {
    return false
  }
}

const NO_DEPLOYMENT: Deployment = {
  account: undefined,
  url: undefined,
  signers: [],
  signing_key: undefined,
  operator: undefined,
}

function given(flags: Flags, deployment: Deployment): Deployment {
  return {
    ...deployment,
    url: deploymentUrl(flags.url, deployment),
  }
}

async function secretTarget(context: Context, flags: Flags): Promise<Target> {
  const name = `the secret ${context.secretId()}`
  const tagged = await orNothing(readDeployment(context))
  if (tagged === undefined) {
    if (context.secretId().startsWith('arn:')) {
      throw new Failure('secret_missing', `There is no secret ${context.secretId()}.`, {
        fix: 'A new one is made by its name: --secret-id NAME.',
      })
    }
    const deployment = given(flags, NO_DEPLOYMENT)
    return {
      base: EMPTY,
      deployment,
      isNew: true,
      name,
      write: document => create(context, { url: deployment.url, signers: flags.signer ?? [] }, document),
    }
  }
  const deployment = given(flags, tagged)
  const stored = await orNothing(readDocument(context))
  return {
    base: stored?.document ?? EMPTY,
    deployment,
    isNew: false,
    name,
    write: document =>
      stored === undefined
        ? firstVersion(context, document)
        : replaceDocument(context, { version_id: stored.version_id, deployment }, document),
  }
}

/** What is not there is none; every other error is one. */
async function orNothing<T>(reading: Promise<T>): Promise<T | undefined> {
  try {
    return await reading
  } catch (error) {
    if ((error as Error).name === 'ResourceNotFoundException') return undefined
    throw error
  }
}

async function create(
  context: Context,
  { url, signers }: Pick<Deployment, 'url' | 'signers'>,
  document: RawDocument,
): Promise<string> {
  const ClientRequestToken = randomUUID()
  try {
    await context.secrets().send(
      new CreateSecretCommand({
        Name: context.secretId(),
        Description: 'The configuration of Countersign',
        SecretString: JSON.stringify(document, null, 2),
        ClientRequestToken,
        Tags: [
          ...(url === undefined ? [] : [{ Key: TAGS.url, Value: url }]),
          ...(signers.length === 0 ? [] : [{ Key: TAGS.signers, Value: signers.join(' ') }]),
        ],
      }),
    )
  } catch (error) {
    throw (error as Error).name === 'ResourceExistsException' ? changedMeanwhile() : error
  }
  return ClientRequestToken
}

/** Of a secret without a value. The first version is in force at once, and only the first: no other is replaced unseen. */
async function firstVersion(context: Context, document: RawDocument): Promise<string> {
  const ClientRequestToken = randomUUID()
  const { VersionStages = [] } = await context.secrets().send(
    new PutSecretValueCommand({
      SecretId: context.secretId(),
      SecretString: JSON.stringify(document, null, 2),
      ClientRequestToken,
      VersionStages: [PENDING],
    }),
  )
  if (!VersionStages.includes('AWSCURRENT')) throw changedMeanwhile()
  await withoutLabel(context, ClientRequestToken)
  return ClientRequestToken
}

function changedMeanwhile(): Failure {
  return new Failure(
    'changed_meanwhile',
    'Somebody else has written the configuration meanwhile. Nothing was changed.',
    {
      fix: 'Run the command again.',
      exit: EXIT.refused,
    },
  )
}
