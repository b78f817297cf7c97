import { KMSClient } from '@aws-sdk/client-kms'
import {
  CreateSecretCommand,
  GetSecretValueCommand,
  SecretsManagerClient,
} from '@aws-sdk/client-secrets-manager'
import { vi } from 'vitest'
import type { RawDocument } from '../../cli/document.ts'
import { runCommand } from '../../cli/run.ts'
import type { Terminal } from '../../cli/terminal.ts'
import { TAGS } from '../../infra/tags.ts'
import type { SigningKey } from '../../lib/config/client.ts'
import type { Alg } from '../../lib/jose/algorithms.ts'
import { startLocalAws } from '../../local/aws/server.ts'
import { createSigningKey } from '../../local/keys.ts'
import { ACCOUNT, CONFIG_SECRET, credentials, PRINCIPALS, REGION, SIGNING_ROLE } from '../../local/roles.ts'

// An operator at a keyboard: the command in this process, over a KMS and a Secrets Manager of its own.

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
  keysOf(client_id?: string): Promise<SigningKey[]>
  close(): Promise<void>
}

/** Starts it all, with a document of one client for each algorithm, named like it. */
export async function startOperator(
  algs: readonly Alg[],
  { url, tags = true, answers = [] }: { url?: string; tags?: boolean; answers?: string[] } = {},
): Promise<Operator> {
  const aws = await startLocalAws({
    kmsPort: 0,
    secretsManagerPort: 0,
    region: REGION,
    account: ACCOUNT,
    principals: PRINCIPALS,
  })
  const own = { region: REGION, credentials: credentials('operator') }
  const kms = new KMSClient({ ...own, endpoint: aws.kms })
  const secrets = new SecretsManagerClient({ ...own, endpoint: aws.secrets_manager })
  // The command finds AWS by the SDK's own settings.
  vi.stubEnv('AWS_REGION', REGION)
  vi.stubEnv('AWS_ACCESS_KEY_ID', own.credentials.accessKeyId)
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', own.credentials.secretAccessKey)
  vi.stubEnv('AWS_ENDPOINT_URL_KMS', aws.kms)
  vi.stubEnv('AWS_ENDPOINT_URL_SECRETS_MANAGER', aws.secrets_manager)

  const clients = await Promise.all(
    algs.map(async alg => ({
      client_id: alg.toLowerCase(),
      provider: 'generic',
      issuer: 'https://as.example',
      token_endpoint: 'https://as.example/token',
      signing_keys: [{ ...(await createSigningKey(kms, alg)), state: 'active' }],
      allowed_origins: ['https://app.example'],
      redirect_uris: ['https://app.example/callback'],
    })),
  )
  const Tags = [
    { Key: TAGS.signers, Value: SIGNING_ROLE },
    ...(url === undefined ? [] : [{ Key: TAGS.url, Value: url }]),
  ]
  await secrets.send(
    new CreateSecretCommand({
      Name: CONFIG_SECRET,
      SecretString: JSON.stringify({ version: 1, clients }),
      ...(tags && { Tags }),
    }),
  )

  const document = async (): Promise<RawDocument> => {
    const { SecretString = '' } = await secrets.send(new GetSecretValueCommand({ SecretId: CONFIG_SECRET }))
    return JSON.parse(SecretString)
  }
  return {
    kms,
    secrets,
    document,
    async run(...args) {
      const out: string[] = []
      const notes: string[] = []
      const terminal: Terminal = {
        interactive: answers.length > 0,
        out: line => out.push(line),
        note: line => notes.push(line),
        progress: text => text !== undefined && notes.push(text),
        ask: async () => answers.shift() ?? '',
        paint: (_, text) => text,
      }
      const env = { COUNTERSIGN_SECRET_ID: CONFIG_SECRET }
      const code = await runCommand(args, { env, terminal })
      const json = out.at(-1)?.startsWith('{') ? JSON.parse(out.at(-1)!) : {}
      return { code, out: out.join('\n'), notes: notes.join('\n'), json }
    },
    async keysOf(client_id) {
      const { clients: all } = await document()
      return all.find(client => client_id === undefined || client.client_id === client_id)!.signing_keys
    },
    async close() {
      vi.unstubAllEnvs()
      await aws.close()
    },
  }
}
