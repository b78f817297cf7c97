import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager'
import { parseRing } from '../../lib/config/ring.ts'
import { type Owner, type Purpose, type SealKeys, sealKeys } from '../../lib/session/keys.ts'
import { open, type Sealed, seal } from '../../lib/session/seal.ts'
import type { StackDescription } from '../../local/description.ts'
import { credentials, SESSION_SECRET } from '../../local/roles.ts'

/** The ring of the local stack in a test's hand: looks into what is sealed, and seals what a test has changed. */
export interface RingInHand {
  open<Content extends object>(purpose: Purpose, client_id: string, text: string): Promise<Content & Sealed>
  seal(purpose: Purpose, client_id: string, content: Pick<Sealed, 'iat' | 'exp'>): Promise<string>
}

export async function ringInHand({ env, secrets_manager, issuer }: StackDescription): Promise<RingInHand> {
  const client = new SecretsManagerClient({
    region: env.AWS_REGION!,
    credentials: credentials('operator'),
    endpoint: secrets_manager,
  })
  const { SecretString = '' } = await client.send(new GetSecretValueCommand({ SecretId: SESSION_SECRET }))
  const value = parseRing(SecretString)
  const keys: SealKeys = sealKeys({
    ring: { get: async () => ({ value, expired: false }), renewed: async () => true },
    now: Date.now,
  })
  const owner = (client_id: string): Owner => ({ client_id, as: { issuer } })
  return {
    async open<Content extends object>(purpose: Purpose, client_id: string, text: string) {
      // As of the beginning of time: what has run out is looked into, too.
      const content = await open<Content>(keys, purpose, owner(client_id), text, 0)
      if (!content) throw new Error('cannot be opened')
      return content
    },
    seal: (purpose, client_id, content) => seal(keys, purpose, owner(client_id), content),
  }
}
