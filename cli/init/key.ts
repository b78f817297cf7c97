import type { KeyMetadata } from '@aws-sdk/client-kms'
import { KMS_ALGORITHM } from '../../lib/aws/kms-signer.ts'
import type { SigningKey } from '../../lib/config/client.ts'
import type { Alg } from '../../lib/jose/algorithms.ts'
import { kidOf } from '../../lib/jose/jwks.ts'
import type { Context } from '../context.ts'
import type { Deployment, RawClient, RawDocument } from '../document.ts'
import { timestamp } from '../duration.ts'
import { Failure, misuse } from '../failure.ts'
import { activate } from '../keys/lifecycle.ts'
import { signersOf } from '../keys/options.ts'
import { createSigningKey, describeForDocument, metadataOf, policyOf } from '../kms/keys.ts'
import type { KeyPolicy } from '../kms/policy.ts'
import { algsOf, keySpecOf } from '../kms/spec.ts'
import { quoted } from '../quoted.ts'
import type { Waiting } from './next.ts'

/** Which keys the client will have. What costs money or leaves something behind is done by `make` alone. */
export interface KeyPlan {
  /** For a person: `a new key in KMS (RS256, RSA_2048)`. */
  says: string
  /** The keys, where they exist already. */
  keys: SigningKey[] | undefined
  /** The key that was given, where it does not sign yet. */
  waiting?: Waiting
  make(): Promise<SigningKey[]>
}

export interface KeyWanted {
  alg: Alg
  x5t: string | undefined
  /** `--kms-key-arn` */
  arn: string | undefined
  document: RawDocument
  /** The client that is replaced, where it has the same issuer: a key is for one issuer. */
  previous: RawClient | undefined
  deployment: Deployment
  /** `--signer` */
  signer: readonly string[] | undefined
  /** `--force`: a key that was given signs at once. */
  force: boolean | undefined
}

/** Throws Failure where no key can be had. */
export async function planKey(context: Context, wanted: KeyWanted): Promise<KeyPlan> {
  const { alg, arn, previous, deployment, document } = wanted
  if (arn !== undefined) {
    const metadata = await metadataOf(context.kms(arn), arn)
    requireFit(metadata, alg)
    const key = await existing(context, metadata, wanted)
    return previous === undefined
      ? ready(`the key ${metadata.Arn}`, [key])
      : beside(previous, key, { now: context.now(), force: wanted.force ?? false })
  }
  if (previous !== undefined) return kept(previous, wanted)
  const own = deployment.signing_key
  if (own !== undefined && entryOf(document, own) === undefined) {
    const metadata = await metadataOf(context.kms(own), own)
    if (fits(metadata, alg) && maySign(await policyOf(context.kms(own), own), alg))
      return ready(`the stack's own key ${own}`, [await existing(context, metadata, wanted)])
  }
  return planned(context, wanted)
}

/** For `init` itself, by which the client is registered with the key: no other command knows the client yet. */
export function withMadeKey(arn: string): string {
  return `Run the command again with the key that it has made: --kms-key-arn ${quoted(arn)}`
}

function ready(says: string, keys: SigningKey[]): KeyPlan {
  return { says, keys, make: async () => keys }
}

function kept({ signing_keys }: RawClient, { alg, x5t }: KeyWanted): KeyPlan {
  const active = signing_keys.find(({ state }) => state === 'active')
  if (active?.alg !== alg) {
    throw misuse(
      `The client's keys stay as they are, and the active one is for ${active?.alg}, not ${alg}. Another one is given by --kms-key-arn.`,
    )
  }
  return ready(
    'the keys that the client has',
    signing_keys.map(key => (x5t !== undefined && key === active ? { ...key, 'x5t#S256': x5t } : key)),
  )
}

function planned(context: Context, { alg, x5t, deployment, signer }: KeyWanted): KeyPlan {
  if (x5t !== undefined) {
    throw misuse('A new key has no certificate yet: give the key that --x5t belongs to by --kms-key-arn.')
  }
  const signers = signersOf(deployment, signer)
  const { operator } = deployment
  return {
    says: `a new key in KMS (${keySpecOf(alg)})`,
    keys: undefined,
    async make() {
      const key = await createSigningKey(context.kms(), { alg, signers, operator, goOn: withMadeKey })
      const now = timestamp(context.now())
      return [{ ...key, state: 'active', created_at: now, published_at: now, activated_at: now }]
    },
  }
}

async function existing(
  context: Context,
  metadata: KeyMetadata,
  { alg, x5t, document }: KeyWanted,
): Promise<SigningKey> {
  const arn = metadata.Arn!
  const now = timestamp(context.now())
  return {
    ...(await describeForDocument(context.kms(arn), arn, alg)),
    ...nameOf(entryOf(document, arn), alg),
    ...(x5t !== undefined && { 'x5t#S256': x5t }),
    state: 'active',
    created_at: timestamp(metadata.CreationDate?.getTime() ?? context.now()),
    published_at: now,
    activated_at: now,
  }
}

/**
 * A key that is given to a client beside those that it has, all of which stay published. A provider that keeps the set
 * that it has read would refuse what a new key signs, so it waits as `next`, unless forced.
 */
async function beside(
  previous: RawClient,
  given: SigningKey,
  { now, force }: { now: number; force: boolean },
): Promise<KeyPlan> {
  const { signing_keys } = previous
  const former = signing_keys.find(({ kms_key_arn }) => kms_key_arn === given.kms_key_arn)
  const { published_at: _, activated_at: __, ...unseen } = given
  const key: SigningKey = former ? newer(former, given) : { ...unseen, state: 'next' }
  const keys = former ? signing_keys.map(one => (one === former ? key : one)) : [...signing_keys, key]
  const { kms_key_arn, state } = key
  const says = `the key ${kms_key_arn}`
  if (state === 'active') return ready(says, keys)
  const client = { ...previous, signing_keys: keys }
  if (force) return ready(says, activate(client, key, { now, wait_s: 0, force }).signing_keys)
  const waiting = { kid: await kidOf(key), state }
  return { ...ready(`${says}, ${state}: the one that signs stays`, keys), waiting }
}

/** What was asked for; its stamps and its kid stay those that it has. */
function newer(former: SigningKey, { alg, 'x5t#S256': x5t }: SigningKey): SigningKey {
  return { ...former, alg, ...nameOf(former, alg), ...(x5t !== undefined && { 'x5t#S256': x5t }) }
}

/** A key is published under one kid, whichever clients have it. */
function nameOf(entry: SigningKey | undefined, alg: Alg) {
  if (entry === undefined) return undefined
  const { kid, public_jwk } = entry
  return { ...(kid !== undefined && { kid }), public_jwk: { ...public_jwk, alg } }
}

function entryOf({ clients }: RawDocument, arn: string): SigningKey | undefined {
  return clients.flatMap(({ signing_keys }) => signing_keys).find(({ kms_key_arn }) => kms_key_arn === arn)
}

function fits({ Enabled, SigningAlgorithms = [], KeySpec }: KeyMetadata, alg: Alg): boolean {
  return Enabled === true && algsOf(SigningAlgorithms, KeySpec ?? '').includes(alg)
}

function requireFit(metadata: KeyMetadata, alg: Alg): void {
  const { Arn, Enabled, SigningAlgorithms = [], KeySpec } = metadata
  if (fits(metadata, alg)) return
  const algs = algsOf(SigningAlgorithms, KeySpec ?? '').join(', ')
  throw new Failure(
    'key_unfit',
    Enabled
      ? `The key ${Arn} (${KeySpec}) does not sign ${alg}, but: ${algs || 'nothing of ours'}`
      : `The key ${Arn} is not enabled.`,
    { fix: 'Give another key by --kms-key-arn, or another algorithm by --alg.' },
  )
}

/** The stack's key is made for one algorithm, which its policy names; its kind alone would allow more. */
function maySign({ Statement }: KeyPolicy, alg: Alg): boolean {
  return Statement.some(({ Effect, Action, Condition }) => {
    if (Effect !== 'Allow' || ![Action].flat().includes('kms:Sign')) return false
    const only = Condition?.StringEquals?.['kms:SigningAlgorithm']
    return only === undefined || [only].flat().includes(KMS_ALGORITHM[alg])
  })
}
