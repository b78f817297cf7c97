import type { KMSClient } from '@aws-sdk/client-kms'
import { PutSecretValueCommand, type SecretsManagerClient } from '@aws-sdk/client-secrets-manager'
import { vi } from 'vitest'
import type { RawDocument } from '../../cli/document.ts'
import { TAGS } from '../../infra/tags.ts'
import type { SigningKey } from '../../lib/config/client.ts'
import type { Alg } from '../../lib/jose/algorithms.ts'
import { createSigningKey } from '../../local/keys.ts'
import { CONFIG_SECRET, SIGNING_ROLE } from '../../local/roles.ts'
import { countersign, startAccount } from '../support/operator.ts'

/** What a command line said. */
export interface Said {
  code: number
  out: string
  notes: string
  /** The one object of `--json`. */
  json: Record<string, unknown> & { keys: Record<string, string>[]; error: { code: string; fix: string } }
}

export interface Operator {
  kms: KMSClient
  secrets: SecretsManagerClient
  /** As it is typed after `countersign`. */
  run(...args: string[]): Promise<Said>
  document(): Promise<RawDocument>
  /** Puts a document, or any text, in force, past the command and its checks. */
  put(document: object | string): Promise<void>
  keysOf(client_id?: string): Promise<SigningKey[]>
  close(): Promise<void>
}

/** An operator of an account of their own, whose document has one client for each algorithm, named like it. */
export async function startOperator(
  algs: readonly Alg[],
  { tags = true, signers = SIGNING_ROLE as string } = {},
): Promise<Operator> {
  const { kms_client: kms, secrets, ...account } = await startAccount()
  const clients = await Promise.all(
    algs.map(async alg => ({
      client_id: alg.toLowerCase(),
      provider: 'generic',
      issuer: 'https://as.example',
      token_endpoint: 'https://as.example/token',
      signing_keys: [{ ...(await createSigningKey(kms, alg)), state: 'active' as const }],
      allowed_origins: ['https://app.example'],
      redirect_uris: ['https://app.example/callback'],
    })),
  )
  await account.secret(CONFIG_SECRET, {
    document: { version: 1, clients },
    tags: { [TAGS.signers]: tags ? signers : '' },
  })
  const document = () => account.documentOf(CONFIG_SECRET)
  return {
    kms,
    secrets,
    document,
    async put(given) {
      const SecretString = typeof given === 'string' ? given : JSON.stringify(given)
      await secrets.send(new PutSecretValueCommand({ SecretId: CONFIG_SECRET, SecretString }))
    },
    async run(...args) {
      const { code, out, notes, progress } = await countersign(args, {
        env: { COUNTERSIGN_SECRET_ID: CONFIG_SECRET },
      })
      const json = out.at(-1)?.startsWith('{') ? JSON.parse(out.at(-1)!) : {}
      return { code, out: out.join('\n'), notes: [...progress, ...notes].join('\n'), json }
    },
    async keysOf(client_id) {
      const { clients: all } = await document()
      return all.find(client => client_id === undefined || client.client_id === client_id)!.signing_keys
    },
    async close() {
      vi.unstubAllEnvs()
      await account.close()
    },
  }
}
