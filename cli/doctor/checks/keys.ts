import type { KeyMetadata } from '@aws-sdk/client-kms'
import type { Client, SigningKey } from '../../../lib/config/client.ts'
import type { Examination } from '../examine.ts'
import { type Finding, failAside, skip } from '../finding.ts'
import { keyAlg, keyEnabled, keyExists, keyUsage } from '../judge/keys.ts'
import { permissions } from '../judge/permissions.ts'
import type { Scene } from '../scene.ts'

const asks = 'asking KMS for the keys'

export const KEYS: readonly Examination[] = [
  {
    id: 'key-exists',
    rests: ['config'],
    asks,
    each: (scene, client) =>
      ofKeys(inUse(client), async key => keyExists(key, await scene.keys.metadata(key.kms_key_arn))),
  },
  {
    id: 'key-enabled',
    rests: ['key-exists'],
    asks,
    each: (scene, client) => ofKnownKeys(scene, inUse(client), keyEnabled),
  },
  {
    id: 'key-usage',
    rests: ['key-exists'],
    asks,
    each: (scene, client) => ofKnownKeys(scene, inUse(client), keyUsage),
  },
  {
    id: 'key-alg',
    rests: ['key-usage'],
    asks,
    each: (scene, client) =>
      ofKnownKeys(scene, inUse(client), async (key, metadata) =>
        // Of a key that can never sign there is nothing more to say.
        metadata.KeyUsage === 'SIGN_VERIFY'
          ? keyAlg(key, metadata, await scene.keys.policy(key.kms_key_arn), scene.signers)
          : [],
      ),
  },
  {
    id: 'permissions',
    rests: ['key-exists'],
    asks,
    each: (scene, client) =>
      // The retired ones, too: as long as they are published, a provider takes what they sign.
      ofKnownKeys(scene, client.signing_keys, async key =>
        permissions(key, await scene.keys.policy(key.kms_key_arn), scene),
      ),
  },
]

type Looked = Finding | readonly Finding[]

/** The active key and those that are to follow it. A retired one signs nothing any more. */
function inUse({ signing_keys }: Client): SigningKey[] {
  return signing_keys.filter(({ state }) => state !== 'retired')
}

async function ofKeys(
  keys: readonly SigningKey[],
  look: (key: SigningKey) => Looked | Promise<Looked>,
): Promise<Finding[]> {
  const found = keys.map(async key => [await look(key)].flat().map(finding => ofState(key, finding)))
  return (await Promise.all(found)).flat()
}

/** What is wrong with another key is no matter for the checks of the active one. */
function ofState({ state }: SigningKey, finding: Finding): Finding {
  if (state === 'active') return finding
  const detail = `${state} key: ${finding.detail}`
  return finding.status === 'fail' ? failAside(detail, finding.fix) : { ...finding, detail }
}

/** The same for keys that KMS knows; of the others `key-exists` says what there is to say. */
function ofKnownKeys(
  scene: Scene,
  keys: readonly SigningKey[],
  look: (key: SigningKey, metadata: KeyMetadata) => Looked | Promise<Looked>,
): Promise<Finding[]> {
  return ofKeys(keys, async key => {
    const { kms_key_arn, state } = key
    const { value, error } = await scene.keys.metadata(kms_key_arn)
    if (value !== undefined) return look(key, value)
    if (state === 'active') return skip('KMS does not say: see key-exists')
    // It does not look at a retired one. By one that is gone nobody signs.
    const unsaid = state === 'retired' && error?.name !== 'NotFoundException'
    return unsaid ? skip(`${kms_key_arn}: KMS does not say (${error?.name})`) : []
  })
}
