import { KMSClient } from '@aws-sdk/client-kms'
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager'
import { regionOf } from '../lib/reader.ts'
import { misuse } from './failure.ts'
import type { Terminal } from './terminal.ts'

/** What a command stands in: the process's own, or a test's. */
export interface Surroundings {
  env: Readonly<Record<string, string | undefined>>
  terminal: Terminal
}

/** What a command works with. Clients of AWS are made when they are first asked for. */
export interface Context extends Surroundings {
  /** Name or ARN of the configuration secret. Throws Failure where there is none. */
  secretId(): string
  secrets(): SecretsManagerClient
  /** In the Region of the ARN; KMS answers for a key nowhere else. Without one, in the usual Region. */
  kms(arn?: string): KMSClient
  /** Milliseconds since the epoch. */
  now(): number
  wait(ms: number): Promise<void>
}

/** AWS answers in milliseconds; a wrong endpoint or a missing route should not take the SDK's own time to say so. */
const HTTP = { connectionTimeout: 3_000, requestTimeout: 10_000, throwOnRequestTimeout: true }

export function createContext(surroundings: Surroundings, secretIdOption: string | undefined): Context {
  const { env } = surroundings
  const settings = (region?: string) => ({
    ...(region !== undefined && { region }),
    requestHandler: HTTP,
    maxAttempts: 3,
  })
  const secret = secretIdOption ?? env.COUNTERSIGN_SECRET_ID
  const kms = new Map<string | undefined, KMSClient>()
  let secrets: SecretsManagerClient | undefined
  return {
    ...surroundings,
    secretId() {
      if (!secret)
        throw misuse('Which configuration? Name its secret by --secret-id or COUNTERSIGN_SECRET_ID.')
      return secret
    },
    secrets() {
      secrets ??= new SecretsManagerClient(settings(regionOf(secret ?? '')))
      return secrets
    },
    kms(arn = secret ?? '') {
      const region = regionOf(arn)
      const client = kms.get(region) ?? new KMSClient(settings(region))
      kms.set(region, client)
      return client
    },
    now: Date.now,
    wait: ms => new Promise(resolve => setTimeout(resolve, ms)),
  }
}
