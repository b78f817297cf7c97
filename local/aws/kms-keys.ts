import type { KeyObject } from 'node:crypto'
import { AwsError } from './errors.ts'
import { flag, type Input, integer, optionalString, requiredString, strings } from './input.ts'
import { decide, type KeyPolicy } from './key-policy.ts'
import { KEY_SPECS, type KeySpec } from './kms-specs.ts'
import { accessDenied, type Principal } from './principals.ts'

export interface Key {
  id: string
  arn: string
  spec: KeySpec
  usage: 'SIGN_VERIFY' | 'ENCRYPT_DECRYPT'
  state: 'Enabled' | 'Disabled' | 'PendingDeletion'
  description: string
  /** Milliseconds, as `deletion` is. */
  created: number
  deletion: number | undefined
  policy: KeyPolicy
  tags: Map<string, string>
  private_key: KeyObject
}

export interface Alias {
  name: string
  arn: string
  key_id: string
  created: number
  updated: number
}

/** All that one KMS knows. Nothing is kept on disk. */
export interface KeyStore {
  region: string
  account: string
  keys: Map<string, Key>
  aliases: Map<string, Alias>
}

/** How an operation finds its key. KMS takes an alias where a key is used, not where it is managed. */
export interface Lookup {
  action: string
  alias: boolean
  /** Condition keys of the request, in lower case. */
  context?: Readonly<Record<string, string>>
}

export function arnOf(store: KeyStore, resource: string): string {
  return `arn:aws:kms:${store.region}:${store.account}:${resource}`
}

function notFound(message: string): AwsError {
  return new AwsError('NotFoundException', message)
}

/** Takes `key/…` or `alias/…`, without the ARN around it. */
function lookUp(store: KeyStore, resource: string): Key {
  if (resource.startsWith('alias/')) {
    const alias = store.aliases.get(resource)
    if (!alias) throw notFound(`Alias ${arnOf(store, resource)} is not found.`)
    return store.keys.get(alias.key_id)! // keys are never taken out of the store
  }
  const key = store.keys.get(resource.slice('key/'.length))
  if (!key) throw notFound(`Key '${arnOf(store, resource)}' does not exist`)
  return key
}

/**
 * The key that `id` means (key id, key ARN, and where the operation takes them alias name and alias ARN), once its
 * policy has let the caller in. NotFoundException, or AccessDeniedException.
 */
export function openKey(store: KeyStore, id: string, caller: Principal, lookup: Lookup): Key {
  const arn = /^arn:aws:kms:([^:]*):([^:]*):((?:key|alias)\/.+)$/.exec(id)
  if (id.startsWith('arn:') && !arn) throw notFound(`Invalid arn ${id}`)
  // A key of another Region is not looked for there: the ARN is wrong here, and the message names its Region.
  if (arn && arn[1] !== store.region) throw notFound(`Invalid arn ${arn[1]}`)
  if (arn && arn[2] !== store.account) {
    // Whether another account has such a key is not told to a stranger.
    const why = `because no resource-based policy allows the ${lookup.action} action`
    throw accessDenied(caller, lookup.action, id, why)
  }
  const resource = arn?.[3] ?? (id.startsWith('alias/') ? id : `key/${id}`)
  if (resource.startsWith('alias/') && !lookup.alias) throw notFound(`Invalid keyId ${id}`)
  const key = lookUp(store, resource)
  authorise(store, key, caller, lookup)
  return key
}

/** `openKey` for the request's own `KeyId`. */
export function keyOf(store: KeyStore, input: Input, caller: Principal, lookup: Lookup): Key {
  return openKey(store, requiredString(input, 'KeyId'), caller, lookup)
}

/** By the key's own policy: see decide. */
function authorise(store: KeyStore, key: Key, caller: Principal, { action, context = {} }: Lookup): void {
  const why = decide(key.policy, { action, resource: key.arn, context }, caller, store.account)
  if (why !== undefined) throw accessDenied(caller, action, key.arn, why)
}

/** Developer guide, "Key states of AWS KMS keys", footnotes 1 and 3: what a key can be used for in which state. */
export function requireEnabled(key: Key): void {
  if (key.state === 'Disabled') throw new AwsError('DisabledException', `${key.arn} is disabled.`)
  requireNotPending(key)
}

export function requireNotPending(key: Key): void {
  if (key.state !== 'PendingDeletion') return
  throw new AwsError('KMSInvalidStateException', `${key.arn} is pending deletion.`)
}

/** Grants are not there: a token of one is refused, not passed over. */
export function refuseGrantTokens(input: Input): void {
  if (strings(input, 'GrantTokens')?.length) {
    throw new AwsError('InvalidGrantTokenException', 'No grant token is known here.')
  }
}

/** DryRun ends an operation when everything but the work itself is done. */
export function stopIfDryRun(input: Input): void {
  if (flag(input, 'DryRun')) {
    throw new AwsError(
      'DryRunOperationException',
      'The request would have succeeded, but the DryRun option is set.',
    )
  }
}

/** KeySpec and the members that follow from it, as several answers give them. */
export function specMembers(key: Key): object {
  const { signing, encryption } = KEY_SPECS[key.spec]
  return {
    KeySpec: key.spec,
    CustomerMasterKeySpec: key.spec, // the name before 2021; clients still read it
    KeyUsage: key.usage,
    ...(key.usage === 'SIGN_VERIFY' ? { SigningAlgorithms: signing } : { EncryptionAlgorithms: encryption }),
  }
}

/** AWS JSON writes a time as seconds, with a fraction. */
export function seconds(milliseconds: number): number {
  return milliseconds / 1000
}

/** One page of a list by `Limit` and `Marker`; the marker is the next index. */
export function page<T>(input: Input, items: readonly T[], fallback: number): { items: T[]; rest: object } {
  const limit = integer(input, 'Limit', 1, 1000, fallback)
  const marker = optionalString(input, 'Marker') ?? '0'
  if (!/^\d{1,9}$/.test(marker)) throw new AwsError('InvalidMarkerException', 'The marker is not valid.')
  const end = Number(marker) + limit
  const rest = end < items.length ? { Truncated: true, NextMarker: String(end) } : { Truncated: false }
  return { items: items.slice(Number(marker), end), rest }
}
