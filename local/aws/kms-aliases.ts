import { AwsError } from './errors.ts'
import { type Input, optionalString, requiredString } from './input.ts'
import {
  type Alias,
  arnOf,
  type Key,
  type KeyStore,
  keyOf,
  openKey,
  page,
  requireNotPending,
  seconds,
} from './kms-keys.ts'
import { type Principal, requireIdentity } from './principals.ts'
import type { Operation } from './service.ts'

/** KMS API reference, CreateAlias: the grammar of the name, and `alias/aws/` kept for AWS. */
function aliasName(input: Input): string {
  const name = requiredString(input, 'AliasName')
  if (!/^alias\/[a-zA-Z0-9/_-]{1,250}$/.test(name) || name.startsWith('alias/aws/')) {
    throw new AwsError('InvalidAliasNameException', `${name} is not a valid name of an alias.`)
  }
  return name
}

/** Changing or deleting an alias that is not there is a NotFoundException. */
function existing(store: KeyStore, name: string): Alias {
  const alias = store.aliases.get(name)
  if (!alias) throw new AwsError('NotFoundException', `Alias ${arnOf(store, name)} is not found.`)
  return alias
}

/** An alias is allowed twice: on itself, by the identity policy, and on the key, by the key's policy. */
function target(store: KeyStore, action: string, name: string, input: Input, caller: Principal): Key {
  requireIdentity(caller, action, arnOf(store, name))
  const key = openKey(store, requiredString(input, 'TargetKeyId'), caller, { action, alias: false })
  requireNotPending(key)
  return key
}

/** Several aliases may mean one key; one alias means one. */
function createAlias(store: KeyStore): Operation {
  return (input, caller) => {
    const name = aliasName(input)
    const key = target(store, 'kms:CreateAlias', name, input, caller)
    const arn = arnOf(store, name)
    if (store.aliases.has(name)) {
      throw new AwsError('AlreadyExistsException', `An alias with the name ${arn} already exists`)
    }
    const now = Date.now()
    store.aliases.set(name, { name, arn, key_id: key.id, created: now, updated: now })
    return {}
  }
}

/** The real service needs some seconds until every request sees the change; here it is seen at once. */
function updateAlias(store: KeyStore): Operation {
  return (input, caller) => {
    const name = aliasName(input)
    const alias = existing(store, name)
    const key = target(store, 'kms:UpdateAlias', name, input, caller)
    store.aliases.set(name, { ...alias, key_id: key.id, updated: Date.now() })
    return {}
  }
}

/** Allowed on the alias and on the key that it means, as the others are. */
function deleteAlias(store: KeyStore): Operation {
  return (input, caller) => {
    const name = aliasName(input)
    requireIdentity(caller, 'kms:DeleteAlias', arnOf(store, name))
    openKey(store, existing(store, name).key_id, caller, { action: 'kms:DeleteAlias', alias: false })
    store.aliases.delete(name)
    return {}
  }
}

function listAliases(store: KeyStore): Operation {
  return (input, caller) => {
    requireIdentity(caller, 'kms:ListAliases', '*')
    // Of one key, or of all.
    const wanted =
      optionalString(input, 'KeyId') === undefined
        ? undefined
        : keyOf(store, input, caller, { action: 'kms:ListAliases', alias: false }).id
    const all = [...store.aliases.values()].filter(alias => wanted === undefined || alias.key_id === wanted)
    const { items, rest } = page(input, all, 50)
    const Aliases = items.map(alias => ({
      AliasName: alias.name,
      AliasArn: alias.arn,
      TargetKeyId: alias.key_id,
      CreationDate: seconds(alias.created),
      LastUpdatedDate: seconds(alias.updated),
    }))
    return { Aliases, ...rest }
  }
}

/** The operations on aliases. */
export function aliasOperations(store: KeyStore): [string, Operation][] {
  return [
    ['CreateAlias', createAlias(store)],
    ['UpdateAlias', updateAlias(store)],
    ['DeleteAlias', deleteAlias(store)],
    ['ListAliases', listAliases(store)],
  ]
}
