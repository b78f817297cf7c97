import {
  CancelKeyDeletionCommand,
  CreateKeyCommand,
  DisableKeyCommand,
  EnableKeyCommand,
  ScheduleKeyDeletionCommand,
} from '@aws-sdk/client-kms'
import { createSigningKey } from '../../../../cli/kms/keys.ts'
import { SIGNERS } from '../../../../local/keys.ts'
import { ACCOUNT, OPERATOR, REGION, SIGNING_ROLE } from '../../../../local/roles.ts'
import { signingPolicy } from '../bench.ts'

import { changed, type Fault } from './plant.ts'

const ROOT_MAY_ALL = {
  Effect: 'Allow',
  Principal: { AWS: `arn:aws:iam::${ACCOUNT}:root` },
  Action: 'kms:*',
  Resource: '*',
}
const STRANGER = `arn:aws:iam::${ACCOUNT}:role/stranger`

/** The first key in another state, until the test ends. */
function keyState(
  enter: (KeyId: string) => DisableKeyCommand | ScheduleKeyDeletionCommand,
  leave: (KeyId: string) => (EnableKeyCommand | CancelKeyDeletionCommand)[],
): Fault['plant'] {
  return async bench => {
    const arn = bench.client().signing_keys[0]!.kms_key_arn
    await bench.kms.send(enter(arn) as DisableKeyCommand)
    bench.later(async () => {
      for (const command of leave(arn)) await bench.kms.send(command as EnableKeyCommand)
    })
    return {}
  }
}

function policy(policyOf: () => ReturnType<typeof signingPolicy>, signers?: string[]): Fault['plant'] {
  return async bench => {
    await bench.policy(policyOf())
    return { secret: await bench.secret([bench.client()], { signers }) }
  }
}

export const KEYS_FAULTS: Fault[] = [
  {
    name: 'an algorithm that the key policy does not permit',
    id: 'key-alg',
    says: /says PS256.*RSASSA_PKCS1_V1_5_SHA_256/,
    plant: changed(({ signing_keys: [key] }) => {
      key!.alg = 'PS256'
      key!.public_jwk.alg = 'PS256'
    }),
  },
  {
    name: 'a disabled key',
    id: 'key-enabled',
    says: /Disabled.*enable-key/s,
    plant: keyState(
      KeyId => new DisableKeyCommand({ KeyId }),
      KeyId => [new EnableKeyCommand({ KeyId })],
    ),
  },
  {
    name: 'a key that is about to be deleted',
    id: 'key-enabled',
    says: /deleted.*cancel-key-deletion/s,
    plant: keyState(
      KeyId => new ScheduleKeyDeletionCommand({ KeyId }),
      KeyId => [new CancelKeyDeletionCommand({ KeyId }), new EnableKeyCommand({ KeyId })],
    ),
  },
  {
    name: 'a key that is not there',
    id: 'key-exists',
    says: /no such key/,
    plant: changed(({ signing_keys: [key] }) => {
      key!.kms_key_arn = `arn:aws:kms:${REGION}:${ACCOUNT}:key/00000000-0000-4000-8000-000000000000`
    }),
  },
  {
    name: 'a key that encrypts',
    id: 'key-usage',
    says: /ENCRYPT_DECRYPT/,
    async plant(bench) {
      const { KeyMetadata } = await bench.kms.send(
        new CreateKeyCommand({
          KeySpec: 'RSA_2048',
          KeyUsage: 'ENCRYPT_DECRYPT',
          Policy: JSON.stringify(signingPolicy([SIGNING_ROLE, OPERATOR])),
        }),
      )
      const client = bench.client()
      client.signing_keys[0]!.kms_key_arn = KeyMetadata!.Arn!
      return { secret: await bench.secret([client]) }
    },
  },
  {
    name: 'a key policy without the signing role',
    id: 'permissions',
    says: /role\/countersign-oauth may not kms:Sign/,
    plant: policy(() => signingPolicy([OPERATOR])),
  },
  {
    name: 'a key policy that lets the account do all',
    id: 'permissions',
    says: /:root\) may kms:Sign/,
    plant: policy(() => {
      const { Version, Statement } = signingPolicy([SIGNING_ROLE, OPERATOR])
      return { Version, Statement: [...Statement, ROOT_MAY_ALL] }
    }),
  },
  {
    name: 'a key policy that lets somebody else sign',
    id: 'permissions',
    says: /role\/stranger may kms:Sign/,
    plant: policy(() => signingPolicy([SIGNING_ROLE, OPERATOR, STRANGER])),
  },
  {
    name: 'a key policy that somebody else may change',
    id: 'permissions',
    says: /role\/stranger may kms:PutKeyPolicy/,
    plant: policy(() => {
      const { Version, Statement } = signingPolicy(SIGNERS)
      const change = { ...ROOT_MAY_ALL, Principal: { AWS: STRANGER }, Action: 'kms:Put*' }
      return { Version, Statement: [...Statement, change] }
    }),
  },
  {
    name: 'a retired key by which somebody else may sign',
    id: 'permissions',
    says: /retired key: .*role\/stranger may kms:Sign/,
    async plant(bench) {
      const key = await createSigningKey(bench.kms, { alg: 'ES256', signers: [...SIGNERS, STRANGER] })
      const client = bench.client()
      client.signing_keys.push({ ...key, state: 'retired' })
      const secret = await bench.secret([client])
      return { secret, args: ['--url', await bench.functions(secret)] }
    },
  },
  {
    name: 'a function that may not sign, where only its role could',
    id: 'sign-verify',
    says: /the function cannot sign: HTTP 500/,
    // The role that is named is another one than the function's.
    plant: policy(() => signingPolicy([STRANGER]), [STRANGER]),
  },
  {
    name: 'the public_jwk of another key',
    id: 'sign-verify',
    says: /not the public half/,
    plant: changed(({ signing_keys: [key] }, bench) => {
      const { n = '', e = '' } = bench.clientOf('refreshing').signing_keys[0]!.public_jwk
      key!.public_jwk = { kty: 'RSA', n, e }
    }),
  },
]
