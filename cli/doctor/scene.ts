import { DescribeSecretCommand } from '@aws-sdk/client-secrets-manager'
import type { Client } from '../../lib/config/client.ts'
import type { Context } from '../context.ts'
import { clientIn, readDeployment, readDocument, type Stored } from '../document.ts'
import { misuse } from '../failure.ts'
import { attempt, type Outcome, remembered } from './facts/attempt.ts'
import { type ClockReading, watchClock } from './facts/clock.ts'
import { type DeploymentFacts, deploymentFacts } from './facts/deployment.ts'
import { type Ask, createAsk } from './facts/http.ts'
import { type KeyFacts, keyFacts } from './facts/keys.ts'
import { type Discovery, discover } from './facts/provider.ts'
import { insecure } from './judge/headers.ts'
import { standsIn } from './stand-in.ts'

/** What the command line says beside the secret. */
export interface Wanted {
  url?: string | undefined
  client?: string | undefined
  origin?: readonly string[] | undefined
  signer?: readonly string[] | undefined
  sign?: boolean | undefined
}

/** What is looked at, and how it is asked. Every answer is asked for once. */
export interface Scene {
  now(): number
  configuration: Outcome<Stored>
  /** Version id to labels. */
  versions: Outcome<Record<string, string[]>>
  /** Those looked at: none, where there is no configuration. */
  clients: readonly Client[]
  /** Base URL of the deployment, without a trailing slash. */
  url: string | undefined
  /** ARNs of the principals that may sign. */
  signers: readonly string[]
  /** ARN of the role that operates the deployment's keys. */
  operator: string | undefined
  /** Further origins that ought to be allowed. */
  origins: readonly string[]
  /** We may try to sign. Otherwise nothing is: on AWS even a try that is refused rings an alarm. */
  signs: boolean
  ask: Ask
  keys: KeyFacts
  /** Undefined where the URL is not known, or nothing may be sent there. */
  deployment: DeploymentFacts | undefined
  discovery(issuer: string): Promise<Discovery>
  /** Of the answers of AWS so far. */
  awsClocks: readonly ClockReading[]
}

/** Reads the configuration. Throws Failure where the command line is not right; all else is for the checks to say. */
export async function openScene(context: Context, wanted: Wanted): Promise<Scene> {
  const awsClocks: ClockReading[] = []
  const watched = new Set<object>()
  const watching = <T extends Parameters<typeof watchClock>[0]>(client: T): T => {
    if (!watched.has(client)) watchClock(client, context.now, reading => awsClocks.push(reading))
    watched.add(client)
    return client
  }
  const secrets = watching(context.secrets())
  const SecretId = context.secretId()
  const [deployment, configuration, described] = await Promise.all([
    attempt(readDeployment(context)),
    attempt(readDocument(context)),
    attempt(secrets.send(new DescribeSecretCommand({ SecretId }))),
  ])
  const ask = createAsk(context.now)
  const url = wanted.url === undefined ? tagged(deployment.value?.url) : named(wanted.url)
  return {
    now: context.now,
    configuration,
    versions: described.error ? described : { value: described.value.VersionIdsToStages ?? {} },
    clients: configuration.value ? chosen(configuration.value, wanted.client) : [],
    url,
    signers: wanted.signer ?? deployment.value?.signers ?? [],
    operator: deployment.value?.operator,
    origins: wanted.origin ?? [],
    signs: wanted.sign === true || standsIn(context.env),
    ask,
    keys: keyFacts(arn => watching(context.kms(arn))),
    deployment: url === undefined || insecure(url) ? undefined : deploymentFacts(url, ask, context.wait),
    discovery: remembered(issuer => discover(issuer, ask)),
    awsClocks,
  }
}

function isWebUrl(url: string): boolean {
  return /^https?:\/\//.test(url) && URL.canParse(url)
}

function named(url: string): string {
  if (!isWebUrl(url)) throw misuse('--url takes the base URL of the deployment: https://…')
  return url.replace(/\/+$/, '')
}

/** A tag that is no URL says as little as none. */
function tagged(url: string | undefined): string | undefined {
  return url !== undefined && isWebUrl(url) ? url : undefined
}

/** The one that is named, or all that are enabled. */
function chosen({ registrations: { clients } }: Stored, client_id: string | undefined): readonly Client[] {
  return client_id === undefined ? clients.filter(({ enabled }) => enabled) : [clientIn(clients, client_id)]
}
