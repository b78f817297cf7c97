import { randomBytes, randomUUID } from 'node:crypto'
import { Writable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { KMSClient } from '@aws-sdk/client-kms'
import { CreateSecretCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager'
import { stop } from 'esbuild'
import { build } from '../infra/build.ts'
import { TAGS } from '../infra/tags.ts'
import { type Api, startApi } from './api/server.ts'
import { startApp } from './app/server.ts'
import { control } from './aws/control.ts'
import type { LocalLeaseTable } from './aws/lease-table.ts'
import { startLocalAwsWorker } from './aws/worker.ts'
import { ownClients, type StackClientPlan, stackClients } from './clients.ts'
import type { StackDescription } from './description.ts'
import { startGateway } from './gateway/server.ts'
import { startIdentityProvider } from './idp/provider.ts'
import { createSigningKey, SIGNERS } from './keys.ts'
import { providerClient, registration } from './registrations.ts'
import {
  ACCOUNT,
  CONFIG_SECRET,
  credentials,
  PRINCIPALS,
  REGION,
  SESSION_FUNCTIONS,
  SESSION_SECRET,
} from './roles.ts'
import { siblingOf } from './site.ts'
import { createTraces } from './traces.ts'

export interface StackOptions {
  /** The app's; the others follow it (gateway +1, provider +2, KMS +3, Secrets Manager +4, API +5). 0 takes free ones. */
  port: number
  /** What the functions write. */
  log: NodeJS.WritableStream
  /** Default: those of `stackClients`, which the demo app knows. */
  clients?: StackClientPlan[]
  /** Of a page that somebody else serves: see `ownClients`. What is beneath `/api` is then for that page, if it can be. */
  origin?: string
  /** Told of every token that the provider issues. */
  onIssued?(token: string): void
  /** How many of each function there are, which take turns. Default 1. */
  instances?: number
  /** The signing function has a table in which its instances agree on who refreshes, at `port` +6. Default false. */
  leaseTable?: boolean
  /** The provider's: see IdentityProviderOptions. Default 0. */
  refresh_grace_s?: number
}

export interface Stack {
  description: StackDescription
  /** What the API behind the gateway has seen. */
  api: Api
  close(): Promise<void>
  /** Where there is one. */
  leases?: LocalLeaseTable
}

const ROOT = fileURLToPath(new URL('..', import.meta.url))

/** Starts everything, each part before the one that needs it. What has started is closed again where a later part fails. */
export async function startStack(options: StackOptions): Promise<Stack> {
  const { port, log, clients: others, onIssued, origin } = options
  const { instances = 1, leaseTable = false, refresh_grace_s = 0 } = options
  const started: { close(): Promise<void> }[] = []
  const keep = async <T extends { close(): Promise<void> }>(starting: Promise<T>): Promise<T> => {
    const part = await starting
    started.unshift(part)
    return part
  }
  const close = async () => {
    await Promise.all(started.splice(0).map(part => part.close()))
  }
  const portOf = (offset: number) => (port === 0 ? 0 : port + offset)

  try {
    const app = await keep(startApp({ port }))
    const site = { app: siblingOf(app.url, 'app') }
    const own = origin === undefined ? [] : ownClients(origin)
    const appOrigin = own.find(({ delivery }) => delivery === 'session')?.origin ?? site.app
    const [aws, api] = await Promise.all([
      keep(
        startLocalAwsWorker({
          kmsPort: portOf(3),
          secretsManagerPort: portOf(4),
          region: REGION,
          account: ACCOUNT,
          principals: PRINCIPALS,
        }),
      ),
      keep(
        startApi({
          port: portOf(5),
          origins: () => [app.url, site.app, ...own.map(one => one.origin ?? '')],
        }),
      ),
      // esbuild's own process has nothing more to do then.
      build().finally(stop),
    ])
    const leases = leaseTable ? await keep(startTable(portOf(6))) : undefined
    const faults = control(aws.kms)
    const traces = createTraces(() => faults.requests())
    // What the functions write is read over the shoulder, for the demo.
    const functionLog = new Writable({
      write(chunk, _, done) {
        traces.written(String(chunk))
        log.write(chunk, () => done())
      },
    })
    const operator = { region: REGION, credentials: credentials('operator') }
    const kms = new KMSClient({ ...operator, endpoint: aws.kms })
    const secrets = new SecretsManagerClient({ ...operator, endpoint: aws.secrets_manager })

    const clients = others ?? [...stackClients(app.url), ...own]
    const keys = await Promise.all(clients.map(({ alg }) => createSigningKey(kms, alg)))
    const shared = {
      AWS_REGION: REGION,
      AWS_ENDPOINT_URL_KMS: aws.kms,
      AWS_ENDPOINT_URL_SECRETS_MANAGER: aws.secrets_manager,
      COUNTERSIGN_SECRET_ID: CONFIG_SECRET,
    }
    await secrets.send(
      new CreateSecretCommand({
        Name: SESSION_SECRET,
        // As CloudFormation generates it.
        SecretString: JSON.stringify({ write: 'k1', k1: randomBytes(48).toString('base64url') }),
        ClientRequestToken: randomUUID(),
      }),
    )
    let issuer = ''
    // The provider reads the keys at the gateway, and the functions read there who the provider is.
    const prepare = async (gateway: string) => {
      const provider = await keep(
        startIdentityProvider({
          port: portOf(2),
          refresh_grace_s,
          // Why the provider refused: on the wire it says next to nothing.
          onAssertion: traces.assertion,
          ...(onIssued && { onIssued }),
          onEvent: event => log.write(`${JSON.stringify({ idp: event })}\n`),
          clients: clients.map(client => providerClient(client, gateway)),
        }),
      )
      issuer = provider.issuer
      const document = {
        version: 1,
        clients: clients.map((client, i) => registration(client, { issuer, gateway, key: keys[i]! })),
      }
      await secrets.send(
        new CreateSecretCommand({
          Name: CONFIG_SECRET,
          SecretString: JSON.stringify(document),
          ClientRequestToken: randomUUID(),
          // As infra/ tags it: by these the operator's command finds what belongs to the configuration.
          Tags: [
            { Key: TAGS.url, Value: gateway },
            { Key: TAGS.signers, Value: SIGNERS.join(' ') },
          ],
        }),
      )
    }
    const gateway = await keep(
      startGateway({
        port: portOf(1),
        root: ROOT,
        instances,
        log: functionLog,
        onAnswered: traces.answered,
        prepare,
        parameters: { ApiUrl: api.url, AppOrigin: appOrigin, ForwardClientAddress: 'true' },
        // How Node is to run is for whoever starts the stack to say, for the functions' threads too.
        environmentOf: name => ({
          ...nodeOptions(),
          ...(name === 'oauth' && tableEnvironment(leases)),
          ...shared,
          ...(SESSION_FUNCTIONS.includes(name) && { COUNTERSIGN_SESSION_SECRET_ID: SESSION_SECRET }),
          ...environment(credentials(name)),
        }),
      }),
    )
    const description: StackDescription = {
      app: app.url,
      gateway: gateway.url,
      site: { ...site, gateway: siblingOf(gateway.url, 'api') },
      api: api.url,
      issuer,
      kms: aws.kms,
      secrets_manager: aws.secrets_manager,
      clients: clients.map(({ require_dpop_nonce: _, api_routes: __, ...client }) => client),
      env: {
        ...shared,
        COUNTERSIGN_SESSION_SECRET_ID: SESSION_SECRET,
        ...environment(credentials('operator')),
      },
    }
    app.connect({
      description,
      traces,
      // As often as the function tries.
      setKmsDown: down => faults.fault('Sign', down ? { kind: 'error', name: 'ThrottlingException' } : null),
    })
    return { description, api, ...(leases && { leases }), close }
  } catch (error) {
    await close()
    throw error
  }
}

function environment({ accessKeyId, secretAccessKey }: { accessKeyId: string; secretAccessKey: string }) {
  return { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey }
}

/** Its DynamoDB takes a moment to load, and is seldom asked for. */
async function startTable(port: number): Promise<LocalLeaseTable> {
  const { startLeaseTable } = await import('./aws/lease-table.ts')
  return startLeaseTable({ port, region: REGION })
}

function tableEnvironment(leases: LocalLeaseTable | undefined): Record<string, string> {
  return leases ? { COUNTERSIGN_LEASE_TABLE: leases.table, AWS_ENDPOINT_URL_DYNAMODB: leases.url } : {}
}

function nodeOptions(): Record<string, string> {
  const { NODE_OPTIONS } = process.env
  return NODE_OPTIONS ? { NODE_OPTIONS } : {}
}
