import { spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { PassThrough } from 'node:stream'
import { KMSClient, PutKeyPolicyCommand } from '@aws-sdk/client-kms'
import {
  CreateSecretCommand,
  GetSecretValueCommand,
  SecretsManagerClient,
} from '@aws-sdk/client-secrets-manager'
import type { Check } from '../../../cli/doctor/finding.ts'
import type { RawClient, RawDocument } from '../../../cli/document.ts'
import { type KeyPolicy, signingKeyPolicy } from '../../../cli/kms/policy.ts'
import { TAGS } from '../../../infra/tags.ts'
import type { StackDescription } from '../../../local/description.ts'
import { startGateway } from '../../../local/gateway/server.ts'
import { SIGNERS } from '../../../local/keys.ts'
import { ACCOUNT, credentials, REGION } from '../../../local/roles.ts'
import { startStack } from '../../../local/stack.ts'
import { ROOT } from '../../support/deployment.ts'

export interface Report {
  ok: boolean
  checks: Check[]
}

export interface Run {
  code: number | null
  stdout: string
  stderr: string
}

/** The local stack, and configurations beside its own in which something is wrong. */
export interface Bench {
  stack: StackDescription
  kms: KMSClient
  secrets: SecretsManagerClient
  /** The stack's first client as the stack's own configuration has it; a copy. */
  client(): RawClient
  /** Another client of it. */
  clientOf(client_id: string): RawClient
  /** Writes a configuration secret and its tags. Returns its name. */
  secret(
    clients: unknown[],
    deployment?: { url?: string | undefined; signers?: string[] | undefined },
  ): Promise<string>
  /** Functions that read this secret, and seal sessions by a ring unless there is to be none. */
  functions(secret: string, options?: { ring?: boolean }): Promise<string>
  /** Has the policy of the stack's first key be this one until the test ends. */
  policy(policy: KeyPolicy): Promise<void>
  /** Runs the command as a process. */
  run(args: string[], env?: Record<string, string>): Promise<Run>
  later(undo: () => unknown): void
  /** Undoes what the test has done. */
  undo(): Promise<void>
  close(): Promise<void>
}

export async function startBench(): Promise<Bench> {
  const { description: stack, close } = await startStack({ port: 0, log: new PassThrough().resume() })
  const operator = { region: REGION, credentials: credentials('operator') }
  const kms = new KMSClient({ ...operator, endpoint: stack.kms })
  const secrets = new SecretsManagerClient({ ...operator, endpoint: stack.secrets_manager })
  const { SecretString } = await secrets.send(
    new GetSecretValueCommand({ SecretId: stack.env.COUNTERSIGN_SECRET_ID! }),
  )
  const document = JSON.parse(SecretString!) as RawDocument
  const undos: (() => unknown)[] = []
  const later = (undo: () => unknown) => undos.unshift(undo)
  const clientOf = (client_id: string) =>
    structuredClone(document.clients.find(client => client.client_id === client_id)!)
  const first = document.clients[0]!
  const put = (policy: KeyPolicy) =>
    kms.send(
      new PutKeyPolicyCommand({
        KeyId: first.signing_keys[0]!.kms_key_arn,
        Policy: JSON.stringify(policy),
      }),
    )
  return {
    stack,
    kms,
    secrets,
    clientOf,
    client: () => clientOf(first.client_id),
    async secret(clients, { url = stack.gateway, signers = SIGNERS } = {}) {
      // Below the name that the functions' roles may read.
      const Name = `${stack.env.COUNTERSIGN_SECRET_ID}-${randomUUID()}`
      await secrets.send(
        new CreateSecretCommand({
          Name,
          SecretString: JSON.stringify({ version: 1, clients }),
          Tags: [
            ...(url === '' ? [] : [{ Key: TAGS.url, Value: url }]),
            ...(signers.length === 0 ? [] : [{ Key: TAGS.signers, Value: signers.join(' ') }]),
          ],
        }),
      )
      return Name
    },
    async functions(secret, { ring = true } = {}) {
      const session = `${secret}-ring`
      await secrets.send(
        new CreateSecretCommand({ Name: session, SecretString: `{"write":"k1","k1":"${'m'.repeat(43)}"}` }),
      )
      const gateway = await startGateway({
        port: 0,
        root: ROOT,
        log: new PassThrough().resume(),
        environmentOf: name => ({
          ...stack.env,
          AWS_ACCESS_KEY_ID: credentials(name).accessKeyId,
          COUNTERSIGN_SECRET_ID: secret,
          COUNTERSIGN_SESSION_SECRET_ID: ring ? session : '',
        }),
      })
      later(gateway.close)
      return gateway.url
    },
    async policy(policy) {
      await put(policy)
      later(() => put(signingPolicy(SIGNERS)))
    },
    async run(args, env = {}) {
      const { PATH = '' } = process.env
      const child = spawn(process.execPath, ['cli/countersign.cjs', 'doctor', ...args], {
        cwd: ROOT,
        env: { PATH, ...stack.env, ...env },
        stdio: ['ignore', 'pipe', 'pipe'],
      })
      let stdout = ''
      let stderr = ''
      child.stdout.on('data', chunk => {
        stdout += chunk
      })
      child.stderr.on('data', chunk => {
        stderr += chunk
      })
      const [code] = await once(child, 'close')
      return { code, stdout, stderr }
    },
    later,
    async undo() {
      for (const undo of undos.splice(0)) await undo()
    },
    close,
  }
}

/** The policy of the first key, which signs by RS256. */
export function signingPolicy(signers: readonly string[]): KeyPolicy {
  return signingKeyPolicy({ account: ACCOUNT, partition: 'aws', signers, alg: 'RS256' })
}

/** What the command says with --json. */
export function reportOf({ stdout }: Run): Report {
  return JSON.parse(stdout) as Report
}
