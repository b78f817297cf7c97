import { randomInt, randomUUID } from 'node:crypto'
import { AwsError, invalid } from './errors.ts'
import { blob, flag, type Input, optionalString, requiredString, strings, tags } from './input.ts'
import { type Principal, requireIdentity } from './principals.ts'
import {
  addVersion,
  type Content,
  pickVersion,
  type Secret,
  stagesOf,
  updateStage,
} from './secret-versions.ts'
import type { Operation, Service } from './service.ts'

/** API reference, CreateSecret: SecretString and SecretBinary hold at most 65536 bytes. */
const VALUE_MAX_B = 65_536
const SUFFIX_CHARACTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789'

interface SecretStore {
  region: string
  account: string
  /** By name. */
  secrets: Map<string, Secret>
}

function arnOf(store: SecretStore, name: string): string {
  return `arn:aws:secretsmanager:${store.region}:${store.account}:secret:${name}`
}

/** The hyphen and six characters that make the ARN of a secret differ from that of an earlier one of the same name. */
function suffix(): string {
  return `-${Array.from({ length: 6 }, () => SUFFIX_CHARACTERS[randomInt(SUFFIX_CHARACTERS.length)]).join('')}`
}

/**
 * The secret that `SecretId` means (name or whole ARN), once the caller's identity policy allows the operation.
 * Permission comes first, so whoever may not read a secret does not learn whether it exists.
 */
function open(store: SecretStore, operation: string, input: Input, caller: Principal): Secret {
  const id = requiredString(input, 'SecretId')
  const secret = store.secrets.get(id) ?? [...store.secrets.values()].find(({ arn }) => arn === id)
  const resource = secret?.arn ?? (id.startsWith('arn:') ? id : arnOf(store, id))
  requireIdentity(caller, `secretsmanager:${operation}`, resource)
  if (secret) return secret
  throw new AwsError('ResourceNotFoundException', "Secrets Manager can't find the specified secret.")
}

/** Text or bytes, never both; undefined where neither is given, which some operations allow. */
function readContent(input: Input): Content | undefined {
  const text = optionalString(input, 'SecretString')
  const binary = optionalString(input, 'SecretBinary')
  if (text !== undefined && binary !== undefined) {
    throw new AwsError(
      'InvalidParameterException',
      "You can't specify both a binary secret value and a string secret value in the same secret.",
    )
  }
  if (binary !== undefined) {
    return { SecretBinary: blob(input, 'SecretBinary', VALUE_MAX_B).toString('base64') }
  }
  if (text !== undefined && Buffer.byteLength(text) > VALUE_MAX_B) {
    throw invalid('SecretString', 'of too many bytes', `have length less than or equal to ${VALUE_MAX_B}`)
  }
  return text === undefined ? undefined : { SecretString: text }
}

/** The id of the version that is made: the caller's token, so that a repeated request makes no second one. */
function readToken(input: Input): string {
  const token = optionalString(input, 'ClientRequestToken') ?? randomUUID()
  if (token.length >= 32 && token.length <= 64) return token
  throw new AwsError('InvalidParameterException', 'ClientRequestToken must be 32-64 characters long.')
}

function createSecret(store: SecretStore): Operation {
  return (input, caller) => {
    const name = requiredString(input, 'Name')
    const arn = arnOf(store, name) + suffix()
    requireIdentity(caller, 'secretsmanager:CreateSecret', arn)
    if (!/^[A-Za-z0-9/_+=.@-]{1,512}$/.test(name)) {
      throw new AwsError(
        'ValidationException',
        'Invalid name. Must be a valid name containing alphanumeric characters, or any of the following: -/_+=.@!',
      )
    }
    const content = readContent(input)
    const token = readToken(input)
    const known = store.secrets.get(name)
    // The same request once more (same token) is answered as the first one was; addVersion compares the values.
    if (known && !(content && known.versions.has(token))) {
      throw new AwsError(
        'ResourceExistsException',
        `The operation failed because the secret ${name} already exists.`,
      )
    }
    const now = Date.now()
    const secret: Secret = known ?? {
      arn,
      name,
      description: optionalString(input, 'Description'),
      kms_key_id: optionalString(input, 'KmsKeyId'),
      created: now,
      changed: now,
      tags: tags(input, ['Key', 'Value']),
      versions: new Map(),
      stages: new Map(),
    }
    if (content) addVersion(secret, token, content, ['AWSCURRENT'], now)
    store.secrets.set(name, secret)
    return { ARN: secret.arn, Name: name, ...(content ? { VersionId: token } : {}) }
  }
}

/** By default the version labelled AWSCURRENT. */
function getSecretValue(store: SecretStore): Operation {
  return (input, caller) => {
    const secret = open(store, 'GetSecretValue', input, caller)
    const version = pickVersion(
      secret,
      optionalString(input, 'VersionId'),
      optionalString(input, 'VersionStage'),
    )
    return {
      ARN: secret.arn,
      Name: secret.name,
      VersionId: version.id,
      ...version.content,
      VersionStages: stagesOf(secret, version.id),
      CreatedDate: version.created / 1000,
    }
  }
}

/** Without labels of its own the new version becomes the current one. */
function putSecretValue(store: SecretStore): Operation {
  return (input, caller) => {
    const secret = open(store, 'PutSecretValue', input, caller)
    const content = readContent(input)
    if (!content) {
      throw new AwsError('InvalidRequestException', 'You must provide either SecretString or SecretBinary.')
    }
    const token = readToken(input)
    addVersion(secret, token, content, strings(input, 'VersionStages') ?? ['AWSCURRENT'], Date.now())
    return { ARN: secret.arn, Name: secret.name, VersionId: token, VersionStages: stagesOf(secret, token) }
  }
}

/** Description and key alone make no version; a value does, and it becomes current. */
function updateSecret(store: SecretStore): Operation {
  return (input, caller) => {
    const secret = open(store, 'UpdateSecret', input, caller)
    const content = readContent(input)
    const token = readToken(input)
    if (content) addVersion(secret, token, content, ['AWSCURRENT'], Date.now())
    secret.description = optionalString(input, 'Description') ?? secret.description
    secret.kms_key_id = optionalString(input, 'KmsKeyId') ?? secret.kms_key_id
    secret.changed = Date.now()
    return { ARN: secret.arn, Name: secret.name, ...(content ? { VersionId: token } : {}) }
  }
}

/** How a rotation makes its pending version the current one. */
function updateSecretVersionStage(store: SecretStore): Operation {
  return (input, caller) => {
    const secret = open(store, 'UpdateSecretVersionStage', input, caller)
    updateStage(
      secret,
      requiredString(input, 'VersionStage'),
      optionalString(input, 'RemoveFromVersionId'),
      optionalString(input, 'MoveToVersionId'),
    )
    secret.changed = Date.now()
    return { ARN: secret.arn, Name: secret.name }
  }
}

function describeSecret(store: SecretStore): Operation {
  return (input, caller) => {
    const secret = open(store, 'DescribeSecret', input, caller)
    // A version without a label is deprecated and not listed here.
    const listed = [...new Set(secret.stages.values())].map(id => [id, stagesOf(secret, id)])
    return {
      ARN: secret.arn,
      Name: secret.name,
      Description: secret.description,
      KmsKeyId: secret.kms_key_id,
      CreatedDate: secret.created / 1000,
      LastChangedDate: secret.changed / 1000,
      VersionIdsToStages: Object.fromEntries(listed),
      Tags: [...secret.tags].map(([Key, Value]) => ({ Key, Value })),
    }
  }
}

/** All of them on one page: a local secret does not have so many. */
function listSecretVersionIds(store: SecretStore): Operation {
  return (input, caller) => {
    const secret = open(store, 'ListSecretVersionIds', input, caller)
    const all = flag(input, 'IncludeDeprecated')
    const Versions = [...secret.versions.values()]
      .map(({ id, created }) => ({
        VersionId: id,
        VersionStages: stagesOf(secret, id),
        CreatedDate: created / 1000,
      }))
      .filter(({ VersionStages }) => all || VersionStages.length > 0)
    return { ARN: secret.arn, Name: secret.name, Versions }
  }
}

/** An empty Secrets Manager. Identity policies alone decide who may do what: resource policies are not there. */
export function secretsManagerService({ region, account }: { region: string; account: string }): Service {
  const store: SecretStore = { region, account, secrets: new Map() }
  return {
    target: 'secretsmanager',
    message_member: 'Message',
    operations: new Map<string, Operation>([
      ['CreateSecret', createSecret(store)],
      ['GetSecretValue', getSecretValue(store)],
      ['PutSecretValue', putSecretValue(store)],
      ['UpdateSecret', updateSecret(store)],
      ['UpdateSecretVersionStage', updateSecretVersionStage(store)],
      ['DescribeSecret', describeSecret(store)],
      ['ListSecretVersionIds', listSecretVersionIds(store)],
    ]),
    forgeries: new Map(),
  }
}
