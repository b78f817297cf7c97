import { PutSecretValueCommand } from '@aws-sdk/client-secrets-manager'
import { PENDING } from '../../../../cli/document.ts'
import { ACCOUNT, REGION } from '../../../../local/roles.ts'

import { changed, type Fault } from './plant.ts'

export const CONFIGURATION_FAULTS: Fault[] = [
  {
    name: 'an alias instead of an ARN',
    id: 'config',
    says: /signing_keys\[0\]\.kms_key_arn: must not be an alias/,
    plant: changed(({ signing_keys: [key] }) => {
      key!.kms_key_arn = `arn:aws:kms:${REGION}:${ACCOUNT}:alias/countersign`
    }),
  },
  {
    name: 'an http URL in the configuration',
    id: 'config',
    says: /issuer: must be https/,
    plant: changed(client => {
      client.issuer = 'http://idp.example.com/as'
    }),
  },
  {
    name: 'a secret that is not there',
    id: 'config',
    says: /ResourceNotFoundException.*--secret-id/s,
    plant: async () => ({ secret: 'countersign/config-none' }),
  },
  {
    name: 'a version that was never put in force',
    id: 'secret-version',
    says: /never put in force/,
    async plant(bench) {
      const secret = await bench.secret([bench.client()])
      const SecretString = JSON.stringify({ version: 1, clients: [] })
      await bench.secrets.send(
        new PutSecretValueCommand({ SecretId: secret, SecretString, VersionStages: [PENDING] }),
      )
      return { secret }
    },
  },
]
