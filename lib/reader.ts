import { type AwsOptions, secretsClient } from './aws/clients.ts'
import { readSecret } from './aws/secrets.ts'
import type { Registrations } from './config/client.ts'
import { type Environment, readEnvironment } from './config/environment.ts'
import { type KeptSecret, keptSecret, type SecretDeps } from './config/kept-secret.ts'
import { notices } from './config/registrations.ts'
import { parseRing, type Ring } from './config/ring.ts'
import { type Configuration, createSource } from './config/source.ts'
import { guardedAgents } from './http/agents.ts'
import { kidOf } from './jose/jwks.ts'
import { createLog, type Log } from './log.ts'
import { type SealKeys, sealKeys } from './session/keys.ts'

// What a function needs that reads the configuration and signs nothing: KMS is not among its imports.

/** The parts of a function that only reads the configuration. Tests pass literals. */
export interface Reader {
  /** The registrations in force. Rejects with ProxyError or ConfigurationError where there are none. */
  configuration(): Promise<Configuration>
  log: Log
}

/** The same of a function that opens sessions. */
export interface SessionReader extends Reader {
  seals: SealKeys
  /** Milliseconds since the epoch. */
  now(): number
}

interface ReaderParts {
  agents: AwsOptions['agents']
  now(): number
  log: Log
  /** As in SecretDeps. */
  ages?: SecretDeps['ages']
}

/** Makes them, once per container. Throws ConfigurationError where the environment is not right; touches no network. */
export function createReader(ages?: SecretDeps['ages'], environment = readEnvironment()): Reader {
  const log = createLog(environment.function_name, Date.now)
  const agents = guardedAgents(Date.now)
  return { log, configuration: createConfiguration(environment, { agents, now: Date.now, log, ages }) }
}

export function createSessionReader(environment = readEnvironment()): SessionReader {
  const now = Date.now
  const log = createLog(environment.function_name, now)
  const parts = { agents: guardedAgents(now), now, log }
  return {
    log,
    now,
    configuration: createConfiguration(environment, parts),
    seals: sealKeys({ ring: createRing(environment, parts), now }),
  }
}

/**
 * The registrations in force, read from where the environment says and kept as source.ts says. Rejects with ProxyError or
 * ConfigurationError where there are none.
 */
export function createConfiguration(
  environment: Environment,
  parts: ReaderParts,
): () => Promise<Configuration> {
  const { log } = parts
  const source = createSource(environment, secretDeps(environment, parts, 'configuration'))
  let noticed: Registrations | undefined
  return async () => {
    const configuration = await source.get()
    const { registrations } = configuration
    if (registrations !== noticed) {
      noticed = registrations
      const problems = notices(registrations)
      const level = problems.length > 0 ? 'warn' : 'info'
      log({
        level,
        event: 'configuration',
        outcome: 'in_force',
        revision: registrations.revision,
        // The audit trail of a rotation, seen from where it takes effect.
        kids: await Promise.all(registrations.clients.map(({ signing_key }) => kidOf(signing_key))),
        problems,
      })
    }
    return configuration
  }
}

/** The keys that sessions are sealed by, kept as source.ts keeps the configuration; undefined where none are named. */
export function createRing(
  environment: Environment,
  parts: Omit<ReaderParts, 'ages'>,
): KeptSecret<Ring> | undefined {
  const { session_secret_id } = environment
  if (session_secret_id === undefined) return undefined
  return keptSecret(session_secret_id, parseRing, secretDeps(environment, parts, 'session_keys'))
}

function secretDeps(
  environment: Environment,
  { agents, now, log, ages }: ReaderParts,
  name: string,
): SecretDeps {
  let client: ReturnType<typeof secretsClient> | undefined
  return {
    now,
    ...(ages && { ages }),
    readSecret(secretId, signal) {
      client ??= secretsClient({
        // An ARN names its Region; the schema of the environment sees to it that there is one.
        region: regionOf(secretId) ?? environment.region ?? '',
        endpoint: environment.secrets_manager_endpoint,
        credentials: environment.credentials,
        agents,
      })
      return readSecret(client, secretId, signal)
    },
    report({ reason, error_name, problems }) {
      log({
        level: 'error',
        event: 'configuration',
        outcome: `${name}_refresh_failed: ${reason}`,
        error_name,
        ...(problems && { problems }),
      })
    },
  }
}

/** arn:partition:service:region:account:… */
export function regionOf(arn: string): string | undefined {
  return arn.startsWith('arn:') ? arn.split(':')[3] : undefined
}
