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
      ofKeys(client, async key => keyExists(key, await scene.keys.metadata(key.kms_key_arn))),
  },
  {
    id: 'key-enabled',
    rests: ['key-exists'],
    asks,
    each: (scene, client) => ofKnownKeys(scene, client, keyEnabled),
  },
  {
    id: 'key-usage',
    rests: ['key-exists'],
    asks,
    each: (scene, client) => ofKnownKeys(scene, client, keyUsage),
  },
  {
    id: 'key-alg',
    rests: ['key-usage'],
    asks,
    each: (scene, client) =>
      ofKnownKeys(scene, client, async (key, metadata) =>
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
      ofKnownKeys(scene, client, async key =>
        permissions(key, await scene.keys.policy(key.kms_key_arn), scene.signers),
      ),
  },
]

type Looked = Finding | readonly Finding[]

/** The active key and those that are to follow it. A retired one signs nothing any more. */
async function ofKeys(
  { signing_keys }: Client,
  look: (key: SigningKey) => Looked | Promise<Looked>,
): Promise<Finding[]> {
  const keys = signing_keys.filter(({ state }) => state !== 'retired')
  const found = keys.map(async key => [await look(key)].flat().map(finding => ofState(key, finding)))
  return (await Promise.all(found)).flat()
}

/** What keeps the next key from signing is no matter for the checks of the active one. */
function ofState({ state }: SigningKey, finding: Finding): Finding {
  if (state === 'active') return finding
  const detail = `next key: ${finding.detail}`
  return finding.status === 'fail' ? failAside(detail, finding.fix) : { ...finding, detail }
}

/** The same for keys that KMS knows; of the others `key-exists` says what there is to say. */
function ofKnownKeys(
  scene: Scene,
  client: Client,
  look: (key: SigningKey, metadata: KeyMetadata) => Looked | Promise<Looked>,
): Promise<Finding[]> {
  return ofKeys(client, async key => {
    const { value } = await scene.keys.metadata(key.kms_key_arn)
    if (value !== undefined) return look(key, value)
    return key.state === 'active' ? skip('KMS does not say: see key-exists') : []
  })
}
