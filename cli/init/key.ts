import type { KeyMetadata } from '@aws-sdk/client-kms'
import { KMS_ALGORITHM } from '../../lib/aws/kms-signer.ts'
import type { SigningKey } from '../../lib/config/client.ts'
import type { Alg } from '../../lib/jose/algorithms.ts'
import type { Context } from '../context.ts'
import type { Deployment, RawClient, RawDocument } from '../document.ts'
import { Failure, misuse } from '../failure.ts'
import { createSigningKey, describeForDocument, metadataOf, policyOf } from '../kms/keys.ts'
import type { KeyPolicy } from '../kms/policy.ts'
import { algsOf, keySpecOf } from '../kms/spec.ts'

/** Which keys the client will have. What costs money or leaves something behind is done by `make` alone. */
export interface KeyPlan {
  /** For a person: `a new key in KMS (RS256, RSA_2048)`. */
  says: string
  /** The keys, where they exist already. */
  keys: SigningKey[] | undefined
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
}

/** Throws Failure where no key can be had. */
export async function planKey(context: Context, wanted: KeyWanted): Promise<KeyPlan> {
  const { alg, arn, previous, deployment, document } = wanted
  if (arn !== undefined) {
    const metadata = await metadataOf(context.kms(arn), arn)
    requireFit(metadata, alg)
    return ready(
      `the key ${metadata.Arn}`,
      follow(previous, await existing(context, metadata, wanted), context),
    )
  }
  if (previous !== undefined) return kept(previous, wanted)
  const own = deployment.signing_key
  if (own !== undefined && !isUsed(document, own)) {
    const metadata = await metadataOf(context.kms(own), own)
    if (fits(metadata, alg) && maySign(await policyOf(context.kms(own), own), alg))
      return ready(`the stack's own key ${own}`, [await existing(context, metadata, wanted)])
  }
  return planned(context, wanted)
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

function planned(context: Context, { alg, x5t, deployment: { signers, operator } }: KeyWanted): KeyPlan {
  if (x5t !== undefined) {
    throw misuse('A new key has no certificate yet: give the key that --x5t belongs to by --kms-key-arn.')
  }
  if (signers.length === 0) {
    throw new Failure('signers_unknown', 'A new key is needed, and nothing says who may sign with it.', {
      fix: "Give the ARN of the signing function's role by --signer ARN, or an existing key by --kms-key-arn ARN.",
    })
  }
  return {
    says: `a new key in KMS (${keySpecOf(alg)})`,
    keys: undefined,
    async make() {
      const key = await createSigningKey(context.kms(), { alg, signers, operator })
      const now = timeOf(context.now())
      return [{ ...key, state: 'active', created_at: now, published_at: now, activated_at: now }]
    },
  }
}

async function existing(
  context: Context,
  metadata: KeyMetadata,
  { alg, x5t }: KeyWanted,
): Promise<SigningKey> {
  const arn = metadata.Arn!
  const now = timeOf(context.now())
  return {
    ...(await describeForDocument(context.kms(arn), arn, alg)),
    ...(x5t !== undefined && { 'x5t#S256': x5t }),
    state: 'active',
    created_at: timeOf(metadata.CreationDate?.getTime() ?? context.now()),
    published_at: now,
    activated_at: now,
  }
}

/** The key comes after the client's former ones, which stay published: what they have signed is still on its way. */
function follow(previous: RawClient | undefined, key: SigningKey, context: Context): SigningKey[] {
  const keys = previous?.signing_keys ?? []
  const same = ({ kms_key_arn }: SigningKey) => kms_key_arn === key.kms_key_arn
  const former = keys.find(same)
  if (former?.state === 'active') return keys.map(other => (same(other) ? newer(former, key) : other))
  const others = keys.filter(other => !same(other))
  return [
    key,
    ...others.map(other =>
      other.state === 'active'
        ? { ...other, state: 'retired' as const, retired_at: timeOf(context.now()) }
        : other,
    ),
  ]
}

/** What was asked for; its stamps and its kid stay those that it has. */
function newer(former: SigningKey, { alg, 'x5t#S256': x5t }: SigningKey): SigningKey {
  const public_jwk = { ...former.public_jwk, alg }
  return { ...former, alg, public_jwk, ...(x5t !== undefined && { 'x5t#S256': x5t }) }
}

function isUsed({ clients }: RawDocument, arn: string): boolean {
  return clients.some(({ signing_keys }) => signing_keys.some(({ kms_key_arn }) => kms_key_arn === arn))
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

/** As the configuration spells a time. */
export function timeOf(ms: number): string {
  return new Date(ms).toISOString().replace(/\.\d{3}Z$/, 'Z')
}
