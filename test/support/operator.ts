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
import { startLocalAws } from '../../local/aws/server.ts'
import { SIGNERS } from '../../local/keys.ts'
import { ACCOUNT, credentials, PRINCIPALS, REGION } from '../../local/roles.ts'

// The operator's command in this process, with a terminal that is written down, against the local account.

export interface Said {
  code: number
  /** Lines of standard output. */
  out: string[]
  /** Lines of standard error, the questions too. */
  notes: string[]
  /** What was waited for. */
  progress: string[]
}

/** Answers, by what a question begins with; the empty one takes the default. Of a list, one a time. */
export type Answers = Record<string, string | string[]>

/** Nobody sits there where there are no answers. */
export function recorded(answers?: Answers): { terminal: Terminal; said: Said } {
  const said: Said = { code: -1, out: [], notes: [], progress: [] }
  const left = structuredClone(answers ?? {})
  const terminal: Terminal = {
    interactive: answers !== undefined,
    out: line => said.out.push(line),
    note: line => said.notes.push(line),
    progress: text => text !== undefined && said.progress.push(text),
    async ask(question, fallback = '') {
      said.notes.push(`${question} [${fallback}]`)
      const found = Object.entries(left).find(([start]) => question.startsWith(start))
      if (!found) throw new Error(`there is no answer to: ${question}`)
      const answer = Array.isArray(found[1]) ? (found[1].shift() ?? '') : found[1]
      return answer || fallback
    },
    paint: (_, text) => text,
  }
  return { terminal, said }
}

/** One command line. */
export async function countersign(
  args: string[],
  { answers, env = {} }: { answers?: Answers; env?: Record<string, string> } = {},
): Promise<Said> {
  const { terminal, said } = recorded(answers)
  return { ...said, code: await runCommand(args, { env, terminal }) }
}

/** The one JSON object that `--json` prints. */
export function jsonOf<T = Record<string, unknown>>({ out }: Said): T {
  if (out.length !== 1) throw new Error(`one line was to be printed, and there are ${out.length}`)
  return JSON.parse(out[0]!)
}

/** An account with nothing in it, which the AWS SDK of this process is pointed at. */
export async function startAccount() {
  const aws = await startLocalAws({
    kmsPort: 0,
    secretsManagerPort: 0,
    region: REGION,
    account: ACCOUNT,
    principals: PRINCIPALS,
  })
  const { accessKeyId, secretAccessKey } = credentials('operator')
  const env = {
    AWS_REGION: REGION,
    AWS_ENDPOINT_URL_KMS: aws.kms,
    AWS_ENDPOINT_URL_SECRETS_MANAGER: aws.secrets_manager,
    AWS_ACCESS_KEY_ID: accessKeyId,
    AWS_SECRET_ACCESS_KEY: secretAccessKey,
  }
  for (const [name, value] of Object.entries(env)) vi.stubEnv(name, value)
  const secrets = new SecretsManagerClient({})
  return {
    ...aws,
    env,
    kms_client: new KMSClient({}),
    secrets,
    /** A secret as the stack makes it: tagged, and without clients. */
    async secret(
      Name: string,
      { document = { version: 1, clients: [] } as RawDocument, tags = {} as Record<string, string> } = {},
    ) {
      const all: Record<string, string> = { [TAGS.signers]: SIGNERS.join(' '), ...tags }
      await secrets.send(
        new CreateSecretCommand({
          Name,
          SecretString: JSON.stringify(document),
          Tags: Object.entries(all).map(([Key, Value]) => ({ Key, Value })),
        }),
      )
      return Name
    },
    async documentOf(SecretId: string): Promise<RawDocument> {
      const { SecretString } = await secrets.send(new GetSecretValueCommand({ SecretId }))
      return JSON.parse(SecretString!)
    },
  }
}
