import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import type http from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { KMSClient } from '@aws-sdk/client-kms'
import {
  CreateSecretCommand,
  PutSecretValueCommand,
  SecretsManagerClient,
} from '@aws-sdk/client-secrets-manager'
import type { GatewayResult } from '../../functions/shell.ts'
import { build } from '../../infra/build.ts'
import type { LogRecord } from '../../lib/log.ts'
import { type Control, control } from '../../local/aws/control.ts'
import { startLocalAws } from '../../local/aws/server.ts'
import { createSigningKey } from '../../local/keys.ts'
import { ACCOUNT, CONFIG_SECRET, credentials, PRINCIPALS, REGION } from '../../local/roles.ts'
import { type Container, startContainer } from '../support/container.ts'
import { json, type Received, startProvider } from '../support/fake-provider.ts'
import { event, GOOD, ORIGIN, REDIRECT_URI } from '../support/function.ts'
import { half, idToken, published } from '../support/id-tokens.ts'
import { type TestKey, testKey } from '../support/keys.ts'

// What one row of the table plays on: the built function in a process of its own, with a KMS, a Secrets Manager and a
// provider that nothing else uses.

export type Behaviour = (response: http.ServerResponse, request: Received, nth: number) => void

export interface Setting {
  /** Members of the client's registration. */
  client?: Record<string, unknown>
  /** A provider in place of the stage's own, which counts what reached it. */
  provider?(): Promise<{ url: string; requests: readonly unknown[] }>
  env?: Record<string, string>
  /** Of Node. */
  flags?: string[]
  /** What the function's process trusts beside the usual authorities, as PEM. */
  ca?: string
  /** ID tokens are validated, with keys of the provider. */
  idTokens?: boolean
}

export interface Stage {
  kms: Control
  secrets: Control
  /** What the provider does with requests of `/token`, and of `/jwks`. */
  behave: Behaviour
  jwks: Behaviour
  /** What reached the stage's own provider at `/token`. */
  tokenRequests(): Received[]
  /** How many token requests reached the provider, whichever it is. */
  sent(): number
  /** Starts the function, in place of the one that was there. */
  start(ahead_ms?: number): Promise<void>
  container(): Container
  exchange(changes?: Record<string, string>): Promise<GatewayResult>
  /** Puts another document in place of the configuration. */
  configure(text: string): Promise<void>
  /** The lines of requests, oldest first. */
  requests(): LogRecord[]
  close(): Promise<void>
}

type NamedKey = { key: TestKey; kid: string }

const FIRST = { key: testKey('ES256', 'provider'), kid: 'k1' }
/** Those that the provider comes to sign with, and those of somebody else. */
export const SECOND = { key: testKey('ES256', 'second'), kid: 'k2' }
export const FORGED = { key: testKey('ES256', 'another'), kid: 'k1' }

/** Answers with tokens; the ID token has everything right, by a clock that may be ahead. */
export const signedBy =
  ({ key, kid }: NamedKey = FIRST, ahead_ms = 0): Behaviour =>
  (response, { headers }) => {
    const issuer = `http://${headers.find(([name]) => name.toLowerCase() === 'host')![1]}`
    const claims = { at_hash: half('sha256', 'at') }
    const id_token = idToken(issuer, Date.now() + ahead_ms, { header: { kid }, claims }, key)
    json(response, 200, { access_token: 'at', token_type: 'Bearer', id_token })
  }

export const keysOf =
  (...keys: NamedKey[]): Behaviour =>
  response =>
    json(response, 200, { keys: keys.map(({ key, kid }) => published(key, kid)) })

/** As all is well. */
export const tokens = signedBy()
export const keys = keysOf(FIRST)

let built: ReturnType<typeof build> | undefined

export async function setStage(setting: Setting = {}): Promise<Stage> {
  const folder = await mkdtemp(join(tmpdir(), 'countersign-fault-'))
  built ??= build()
  const { files } = await built
  const handler = pathToFileURL(files.find(file => file.endsWith('oauth.mjs'))!).href
  const aws = await startLocalAws({
    kmsPort: 0,
    secretsManagerPort: 0,
    region: REGION,
    account: ACCOUNT,
    principals: PRINCIPALS,
  })
  const provider = await startProvider((response, request, nth) =>
    (request.path === '/jwks' ? stage.jwks : stage.behave)(response, request, nth),
  )
  const operator = { region: REGION, credentials: credentials('operator') }
  const secretsManager = new SecretsManagerClient({ ...operator, endpoint: aws.secrets_manager })
  const key = await createSigningKey(new KMSClient({ ...operator, endpoint: aws.kms }), 'ES256')
  const other = await setting.provider?.()
  const { url } = other ?? provider
  const client = {
    client_id: GOOD.client_id,
    provider: 'generic',
    issuer: url,
    token_endpoint: `${url}/token`,
    signing_keys: [{ ...key, state: 'active' }],
    allowed_origins: [ORIGIN],
    redirect_uris: [REDIRECT_URI],
    // Each in the request that needs it: what is signed ahead has rows of its own.
    assertion: { ahead: false },
    ...(setting.idTokens && { jwks_uri: `${url}/jwks` }),
    ...setting.client,
  }
  await secretsManager.send(
    new CreateSecretCommand({
      Name: CONFIG_SECRET,
      SecretString: JSON.stringify({ version: 1, clients: [client] }),
    }),
  )
  if (setting.ca !== undefined) await writeFile(join(folder, 'ca.pem'), setting.ca)
  const { accessKeyId, secretAccessKey } = credentials('oauth')
  const env = {
    AWS_REGION: REGION,
    AWS_ENDPOINT_URL_KMS: aws.kms,
    AWS_ENDPOINT_URL_SECRETS_MANAGER: aws.secrets_manager,
    AWS_ACCESS_KEY_ID: accessKeyId,
    AWS_SECRET_ACCESS_KEY: secretAccessKey,
    COUNTERSIGN_SECRET_ID: CONFIG_SECRET,
    ...(setting.ca !== undefined && { NODE_EXTRA_CA_CERTS: join(folder, 'ca.pem') }),
    ...setting.env,
  }
  let container: Container | undefined
  let codes = 0
  const stage: Stage = {
    kms: control(aws.kms),
    secrets: control(aws.secrets_manager),
    behave: tokens,
    jwks: keys,
    tokenRequests: () => provider.requests.filter(({ path }) => path === '/token'),
    sent: () => (other ? other.requests : stage.tokenRequests()).length,
    async start(ahead_ms = 0) {
      container?.end()
      container = await startContainer(handler, env, { log: true, flags: setting.flags ?? [], ahead_ms })
    },
    container: () => container!,
    exchange: (changes = {}) => container!.invoke(event({ ...GOOD, code: `code-${++codes}`, ...changes })),
    configure: async text =>
      void (await secretsManager.send(
        new PutSecretValueCommand({ SecretId: CONFIG_SECRET, SecretString: text }),
      )),
    requests: () => container!.log().filter(record => record.event === 'request'),
    async close() {
      container?.end()
      await aws.close()
      await rm(folder, { recursive: true, force: true })
    },
  }
  return stage
}
