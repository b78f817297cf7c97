import { PassThrough } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { KMSClient } from '@aws-sdk/client-kms'
import { build } from '../../infra/build.ts'
import type { Alg } from '../../lib/jose/algorithms.ts'
import type { LogRecord } from '../../lib/log.ts'
import { type Control, control } from '../../local/aws/control.ts'
import { startLocalAwsWorker } from '../../local/aws/worker.ts'
import { type Gateway, startGateway } from '../../local/gateway/server.ts'
import { type CreatedKey, createSigningKey } from '../../local/keys.ts'
import { ACCOUNT, credentials, PRINCIPALS, REGION } from '../../local/roles.ts'

// The built bundle behind the local gateway, with the local KMS, in front of whatever provider a test brings.

export const ROOT = fileURLToPath(new URL('../..', import.meta.url))
export const ORIGIN = 'http://127.0.0.1:5173'
export const REDIRECT_URI = `${ORIGIN}/callback`

export interface Deployment {
  gateway: Gateway
  kms: Control
  key: CreatedKey
  /** The function's whole environment. */
  env: Record<string, string>
  /** The lines of the requests so far, as the function wrote them. */
  requests(): LogRecord[]
  logText(): string
  /** A whole good token request, with changes. */
  exchange(changes?: Record<string, string>, headers?: Record<string, string>): Promise<Response>
  close(): Promise<void>
}

export const GOOD = {
  grant_type: 'authorization_code',
  client_id: 'app-1',
  code: 'code-1',
  redirect_uri: REDIRECT_URI,
  code_verifier: 'v'.repeat(43),
}

/** Starts it with one client of a generic provider whose token endpoint is given. */
export async function startDeployment(
  token_endpoint: string,
  {
    alg = 'RS256' as Alg,
    client = {} as Record<string, unknown>,
    env = {} as Record<string, string>,
    /** Before the function starts. */
    prepare = (_kms: Control): void | Promise<void> => {},
  } = {},
): Promise<Deployment> {
  await build()
  const aws = await startLocalAwsWorker({
    kmsPort: 0,
    secretsManagerPort: 0,
    region: REGION,
    account: ACCOUNT,
    principals: PRINCIPALS,
  })
  const key = await createSigningKey(
    new KMSClient({ region: REGION, endpoint: aws.kms, credentials: credentials('operator') }),
    alg,
  )
  const document = {
    version: 1,
    clients: [
      {
        client_id: 'app-1',
        provider: 'generic',
        issuer: new URL(token_endpoint).origin,
        token_endpoint,
        signing_keys: [{ ...key, state: 'active' }],
        allowed_origins: [ORIGIN],
        redirect_uris: [REDIRECT_URI],
        ...client,
      },
    ],
  }
  const written: string[] = []
  const stream = new PassThrough().on('data', chunk => written.push(String(chunk)))
  const { accessKeyId, secretAccessKey } = credentials('oauth')
  const environment = {
    AWS_REGION: REGION,
    AWS_ENDPOINT_URL_KMS: aws.kms,
    AWS_ACCESS_KEY_ID: accessKeyId,
    AWS_SECRET_ACCESS_KEY: secretAccessKey,
    COUNTERSIGN_CONFIG: JSON.stringify(document),
    ...env,
  }
  await prepare(control(aws.kms))
  const gateway = await startGateway({ port: 0, root: ROOT, log: stream, environmentOf: () => environment })
  const logText = () => written.join('')
  return {
    gateway,
    kms: control(aws.kms),
    key,
    env: environment,
    logText,
    requests: () =>
      logText()
        .split('\n')
        .filter(Boolean)
        .map(line => JSON.parse(line) as LogRecord)
        .filter(({ event }) => event === 'request'),
    exchange: (changes = {}, headers = {}) =>
      fetch(`${gateway.url}/token`, {
        method: 'POST',
        headers: { origin: ORIGIN, ...headers },
        body: new URLSearchParams({ ...GOOD, ...changes }),
      }),
    async close() {
      await Promise.all([gateway.close(), aws.close()])
    },
  }
}

/** Calls `condition` until it holds: what another thread writes arrives a moment later. */
export async function until(condition: () => boolean): Promise<void> {
  for (const end = Date.now() + 5_000; !condition(); ) {
    if (Date.now() > end) throw new Error('it did not come about within 5 s')
    await new Promise(resolve => setTimeout(resolve, 10))
  }
}
