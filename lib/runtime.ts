import { createHash, randomBytes } from 'node:crypto'
import { kmsClient } from './aws/clients.ts'
import { dynamoDB } from './aws/dynamodb.ts'
import { kmsSigner } from './aws/kms-signer.ts'
import { leaseTable } from './aws/lease-table.ts'
import type { Client, SigningKey } from './config/client.ts'
import { type Environment, readEnvironment } from './config/environment.ts'
import type { Configuration } from './config/source.ts'
import { causeName, type ProxyError } from './errors.ts'
import { type Agents, guardedAgents } from './http/agents.ts'
import { createGet, type Get } from './http/get.ts'
import { createPost, type Post } from './http/post.ts'
import { kidOf } from './jose/jwks.ts'
import { type Signer, verifyingFirst } from './jose/signer.ts'
import { createLog, type Log } from './log.ts'
import { type AssertionSource, signedInTime } from './oauth/client-assertion.ts'
import { audience } from './oauth/endpoint.ts'
import { type PollIntervals, pollIntervals } from './oauth/poll-intervals.ts'
import { type ProviderKeys, providerKeys } from './oauth/provider-keys.ts'
import { canSignAhead, signAhead } from './oauth/sign-ahead.ts'
import { createConfiguration, createRing, regionOf } from './reader.ts'
import { type SealKeys, sealKeys } from './session/keys.ts'
import type { LeaseStore } from './session/leases.ts'
import { type Refreshes, refreshes } from './session/refreshes.ts'
import type { Session } from './session/session.ts'
import { wait, within } from './within.ts'

/** Everything that a request needs from outside itself. Tests pass literals. */
export interface Deps {
  /** The registrations in force. Rejects with ProxyError or ConfigurationError where there are none. */
  configuration(): Promise<Configuration>
  signerFor(key: SigningKey): Promise<Signer>
  /** The assertions of a client: signed ahead where its registration has it so. */
  assertionsFor(client: Client): Promise<AssertionSource>
  /** The keys to validate a client's ID tokens with; undefined where they are passed on as they come. */
  keysFor(client: Client): ProviderKeys | undefined
  post: Post
  /** Opens a connection to the URL's host ahead of the first request. Ends when it stands or cannot be had; never rejects. */
  connect(url: string): Promise<void>
  /** How fast devices may ask for their tokens. */
  polls: PollIntervals
  /** What sessions are sealed by. */
  seals: SealKeys
  /** One refresh of each refresh token. */
  refreshes: Refreshes<Session>
  /** Milliseconds since the epoch. */
  now(): number
  /** 128 bits, base64url, 22 characters (requirement ASRT-10). */
  randomId(): string
  log: Log
}

declare const COUNTERSIGN_VERSION: string | undefined
const VERSION = typeof COUNTERSIGN_VERSION === 'string' ? COUNTERSIGN_VERSION : 'dev'

/**
 * The composition root: makes the parts, and puts those of `overrides` in their place. One per container. Throws
 * ConfigurationError where the environment is not right; touches neither network nor KMS.
 */
export function createRuntime(overrides: Partial<Deps> = {}, environment = readEnvironment()): Deps {
  const now = overrides.now ?? Date.now
  const log = overrides.log ?? createLog(environment.function_name, now)
  const randomId = overrides.randomId ?? (() => randomBytes(16).toString('base64url'))
  const agents = guardedAgents(now)
  const userAgent = `countersign/${VERSION}`
  const signerFor = overrides.signerFor ?? createSignerFor(environment, agents, log)
  return {
    configuration: createConfiguration(environment, { agents, now, log }),
    signerFor,
    assertionsFor: createAssertionsFor({ signerFor, now, randomId, log }),
    keysFor: createKeysFor({ get: createGet({ agents, userAgent }), now, log }),
    post: createPost({ agents, userAgent }),
    connect: agents.connect,
    polls: pollIntervals(now, code => createHash('sha256').update(code).digest('base64url')),
    seals: sealKeys({ ring: createRing(environment, { agents, now, log }), now }),
    refreshes: refreshes({
      leases: createLeases(environment, agents),
      now,
      wait,
      randomId,
      report: error =>
        log({ level: 'error', event: 'lease', outcome: 'lease_failed', error_name: causeName(error) }),
    }),
    now,
    randomId,
    log,
    ...overrides,
  }
}

/** One source for each client, by its own object: a changed document brings new objects, and no spare of the old. */
export function createAssertionsFor({
  signerFor,
  now,
  randomId,
  log,
}: Pick<Deps, 'signerFor' | 'now' | 'randomId' | 'log'>): Deps['assertionsFor'] {
  const make = async (client: Client): Promise<AssertionSource> => {
    const { client_id, signing_key } = client
    const { typ, lifetime, ahead, aud, nbf, kid } = client.assertion
    const signer = await signerFor(signing_key)
    const header = { kid, 'x5t#S256': signing_key['x5t#S256'] }
    const source = signedInTime(signer, { client_id, typ, lifetime, nbf, header, now, randomId })
    if (!ahead || !canSignAhead(lifetime)) return source
    return signAhead(source, {
      aud: audience(aud, client.as, client.as.token_endpoint),
      lifetime,
      now,
      within,
      // No request fails by it, and none would tell: a KMS that fails now and then is seen here alone.
      report(error) {
        const { reason, cause, kmsRequestId: kms_request_id } = error as Partial<ProxyError>
        log({
          level: 'warn',
          event: 'assertion',
          outcome: `sign_ahead_failed: ${reason ?? 'internal'}`,
          client_id,
          kid: signer.kid,
          error_name: causeName(cause ?? error),
          ...(kms_request_id !== undefined && { kms_request_id }),
        })
      },
    })
  }
  return keptBy(make)
}

/** By URL and not by client: a new version of the document changes nothing about the provider's keys. */
export function createKeysFor({ get, now, log }: { get: Get } & Pick<Deps, 'now' | 'log'>): Deps['keysFor'] {
  const made = new Map<string, ProviderKeys>()
  const report = (error_name: string) =>
    log({ level: 'error', event: 'provider_keys', outcome: 'refresh_failed', error_name })
  return ({ validate_id_token, as: { jwks_uri } }) => {
    if (!validate_id_token || jwks_uri === undefined) return undefined
    const keys = made.get(jwks_uri) ?? providerKeys(jwks_uri, { get, now, report })
    made.set(jwks_uri, keys)
    return keys
  }
}

/** Makes one result for each object, as long as that lives. */
function keptBy<Key extends object, Result>(make: (key: Key) => Result): (key: Key) => Result {
  const made = new WeakMap<Key, Result>()
  return key => {
    const result = made.get(key) ?? make(key)
    made.set(key, result)
    return result
  }
}

function createSignerFor(environment: Environment, agents: Agents, log: Log): Deps['signerFor'] {
  // A key can lie in another Region than the function, and KMS answers only in its own.
  const clients = new Map<string, ReturnType<typeof kmsClient>>()
  const clientIn = (region: string) => {
    const client =
      clients.get(region) ??
      kmsClient({ region, endpoint: environment.kms_endpoint, credentials: environment.credentials, agents })
    clients.set(region, client)
    return client
  }
  // By the key's own object: a changed document brings new objects, whose first signature is verified again.
  return keptBy((key: SigningKey) => makeSigner(key, arnFor(key, environment.region), clientIn, log))
}

/** Of a multi-Region key the one in the function's own Region: nearer, and there where another Region is not (requirement KMS-15). */
function arnFor({ kms_key_arn, replicas = [] }: SigningKey, region: string | undefined): string {
  return [kms_key_arn, ...replicas].find(arn => regionOf(arn) === region) ?? kms_key_arn
}

async function makeSigner(
  key: SigningKey,
  kms_key_arn: string,
  clientIn: (region: string) => ReturnType<typeof kmsClient>,
  log: Log,
): Promise<Signer> {
  const { alg, public_jwk } = key
  const client = clientIn(regionOf(kms_key_arn) ?? '')
  const signer = kmsSigner(client, { kms_key_arn, alg, kid: await kidOf(key) })
  return verifyingFirst(signer, public_jwk, () =>
    log({ level: 'warn', event: 'configuration', outcome: 'signature_not_verified', kid: signer.kid }),
  )
}

/** Of another container nobody knows, unless there is a table. */
function createLeases(environment: Environment, agents: Agents): LeaseStore | undefined {
  const { lease_table, region = '', dynamodb_endpoint: endpoint, credentials } = environment
  if (lease_table === undefined) return undefined
  return leaseTable(dynamoDB({ region, endpoint, credentials, agents }), lease_table)
}
