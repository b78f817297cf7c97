import { randomUUID } from 'node:crypto'
import { AwsError, unsupported } from './errors.ts'
import { choice, flag, type Input, integer, optionalString, requiredString, tags } from './input.ts'
import { decide, defaultKeyPolicy, type KeyPolicy, parseKeyPolicy } from './key-policy.ts'
import {
  arnOf,
  type Key,
  type KeyStore,
  keyOf,
  page,
  refuseGrantTokens,
  requireNotPending,
  seconds,
  specMembers,
} from './kms-keys.ts'
import { KEY_SPEC_NAMES, KEY_SPECS, type KeySpec } from './kms-specs.ts'
import { type Principal, requireIdentity } from './principals.ts'
import type { Operation } from './service.ts'

const DAY_MS = 24 * 60 * 60_000
const TAG_MEMBERS = ['TagKey', 'TagValue'] as const

/** KeyMetadata, as CreateKey and DescribeKey give it. */
function metadata(store: KeyStore, key: Key): object {
  return {
    AWSAccountId: store.account,
    KeyId: key.id,
    Arn: key.arn,
    CreationDate: seconds(key.created),
    Enabled: key.state === 'Enabled',
    Description: key.description,
    KeyState: key.state,
    ...(key.deletion === undefined ? {} : { DeletionDate: seconds(key.deletion) }),
    Origin: 'AWS_KMS',
    KeyManager: 'CUSTOMER',
    MultiRegion: false,
    ...specMembers(key),
  }
}

/**
 * Reads `Policy` and, unless the check is bypassed, refuses one under which the caller could not write the next one:
 * KMS API reference, PutKeyPolicy, BypassPolicyLockoutSafetyCheck.
 */
function readPolicy(store: KeyStore, input: Input, caller: Principal, resource: string): KeyPolicy {
  const policy = parseKeyPolicy(requiredString(input, 'Policy'))
  const ask = { action: 'kms:PutKeyPolicy', resource, context: {} }
  if (
    !flag(input, 'BypassPolicyLockoutSafetyCheck') &&
    decide(policy, ask, caller, store.account) !== undefined
  ) {
    throw new AwsError(
      'MalformedPolicyDocumentException',
      'The new key policy will not allow you to update the key policy in the future.',
    )
  }
  return policy
}

function readSpec(input: Input): KeySpec {
  const name =
    optionalString(input, 'KeySpec') ??
    optionalString(input, 'CustomerMasterKeySpec') ??
    // What the real service makes when it is told nothing: a symmetric key.
    'SYMMETRIC_DEFAULT'
  const spec = KEY_SPEC_NAMES.find(known => known === name)
  if (!spec) throw unsupported(`KeySpec ${name}`)
  return spec
}

/** The default of KeyUsage is ENCRYPT_DECRYPT, but only for symmetric keys: here it must be said. */
function readUsage(input: Input, spec: KeySpec): Key['usage'] {
  if (optionalString(input, 'KeyUsage') === undefined) {
    throw new AwsError(
      'ValidationException',
      'You must specify a KeyUsage value for all KMS keys except for symmetric encryption keys.',
    )
  }
  const usage = choice(input, 'KeyUsage', ['SIGN_VERIFY', 'ENCRYPT_DECRYPT'])
  if (usage === 'ENCRYPT_DECRYPT' && KEY_SPECS[spec].encryption.length === 0) {
    throw new AwsError('ValidationException', `KeyUsage ${usage} is not compatible with KeySpec ${spec}`)
  }
  return usage
}

/** The key exists once it is whole: one whose generation fails leaves nothing behind. */
function createKey(store: KeyStore): Operation {
  return async (input, caller) => {
    requireIdentity(caller, 'kms:CreateKey', '*')
    if ((optionalString(input, 'Origin') ?? 'AWS_KMS') !== 'AWS_KMS')
      throw unsupported('Imported key material')
    if (flag(input, 'MultiRegion')) throw unsupported('A multi-Region key')
    if (optionalString(input, 'CustomKeyStoreId') !== undefined) throw unsupported('A custom key store')
    const spec = readSpec(input)
    const usage = readUsage(input, spec)
    const id = randomUUID()
    const arn = arnOf(store, `key/${id}`)
    const key: Key = {
      id,
      arn,
      spec,
      usage,
      state: 'Enabled',
      description: optionalString(input, 'Description') ?? '',
      created: Date.now(),
      deletion: undefined,
      policy:
        optionalString(input, 'Policy') === undefined
          ? parseKeyPolicy(defaultKeyPolicy(store.account))
          : readPolicy(store, input, caller, arn),
      tags: tags(input, TAG_MEMBERS),
      private_key: await KEY_SPECS[spec].generate(),
    }
    store.keys.set(id, key)
    return { KeyMetadata: metadata(store, key) }
  }
}

/** The key stays pending for ever here: the shortest window is a week, and nothing outlives the process. */
function scheduleDeletion(store: KeyStore): Operation {
  return (input, caller) => {
    const days = integer(input, 'PendingWindowInDays', 7, 30, 30)
    const key = keyOf(store, input, caller, { action: 'kms:ScheduleKeyDeletion', alias: false })
    requireNotPending(key)
    key.state = 'PendingDeletion'
    key.deletion = Date.now() + days * DAY_MS
    return {
      KeyId: key.arn,
      DeletionDate: seconds(key.deletion),
      KeyState: key.state,
      PendingWindowInDays: days,
    }
  }
}

function cancelDeletion(store: KeyStore): Operation {
  return (input, caller) => {
    const key = keyOf(store, input, caller, { action: 'kms:CancelKeyDeletion', alias: false })
    if (key.state !== 'PendingDeletion') {
      throw new AwsError('KMSInvalidStateException', `${key.arn} is not pending deletion.`)
    }
    key.state = 'Disabled' // the reference is explicit: a rescued key has to be enabled again
    key.deletion = undefined
    return { KeyId: key.arn }
  }
}

function setState(store: KeyStore, operation: string, state: 'Enabled' | 'Disabled'): Operation {
  return (input, caller) => {
    const key = keyOf(store, input, caller, { action: `kms:${operation}`, alias: false })
    requireNotPending(key)
    key.state = state
    return {}
  }
}

/** A key has one policy, and its name is `default`. */
function checkPolicyName(input: Input): void {
  if ((optionalString(input, 'PolicyName') ?? 'default') !== 'default') {
    throw new AwsError('NotFoundException', 'No such policy exists')
  }
}

function putKeyPolicy(store: KeyStore): Operation {
  return (input, caller) => {
    const key = keyOf(store, input, caller, { action: 'kms:PutKeyPolicy', alias: false })
    checkPolicyName(input)
    // All or nothing: a policy that is refused leaves the old one.
    key.policy = readPolicy(store, input, caller, key.arn)
    return {}
  }
}

/** Tags with the same key are overwritten. */
function tagResource(store: KeyStore): Operation {
  return (input, caller) => {
    const key = keyOf(store, input, caller, { action: 'kms:TagResource', alias: false })
    requireNotPending(key)
    for (const [name, value] of tags(input, TAG_MEMBERS)) key.tags.set(name, value)
    return {}
  }
}

function listResourceTags(store: KeyStore): Operation {
  return (input, caller) => {
    const key = keyOf(store, input, caller, { action: 'kms:ListResourceTags', alias: false })
    const all = [...key.tags].map(([TagKey, TagValue]) => ({ TagKey, TagValue }))
    const { items, rest } = page(input, all, 50)
    return { Tags: items, ...rest }
  }
}

/** The operations that make and manage keys. */
export function adminOperations(store: KeyStore): [string, Operation][] {
  return [
    ['CreateKey', createKey(store)],
    [
      'DescribeKey',
      (input, caller) => {
        refuseGrantTokens(input)
        const key = keyOf(store, input, caller, { action: 'kms:DescribeKey', alias: true })
        return { KeyMetadata: metadata(store, key) }
      },
    ],
    [
      'ListKeys',
      (input, caller) => {
        requireIdentity(caller, 'kms:ListKeys', '*')
        const { items, rest } = page(input, [...store.keys.values()], 100)
        return { Keys: items.map(key => ({ KeyId: key.id, KeyArn: key.arn })), ...rest }
      },
    ],
    ['EnableKey', setState(store, 'EnableKey', 'Enabled')],
    ['DisableKey', setState(store, 'DisableKey', 'Disabled')],
    ['ScheduleKeyDeletion', scheduleDeletion(store)],
    ['CancelKeyDeletion', cancelDeletion(store)],
    [
      'GetKeyPolicy',
      (input, caller) => {
        const key = keyOf(store, input, caller, { action: 'kms:GetKeyPolicy', alias: false })
        checkPolicyName(input)
        return { Policy: key.policy.text, PolicyName: 'default' }
      },
    ],
    ['PutKeyPolicy', putKeyPolicy(store)],
    ['TagResource', tagResource(store)],
    ['ListResourceTags', listResourceTags(store)],
  ]
}
