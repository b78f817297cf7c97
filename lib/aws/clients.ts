import type http from 'node:http'
import type https from 'node:https'
import { KMSClient } from '@aws-sdk/client-kms'
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager'
import { KMS_ATTEMPTS, KMS_CONNECT_MS, KMS_REQUEST_MS } from '../limits.ts'
import { awsJson } from './json-protocol.ts'
import { Sha256 } from './sha256.ts'

/** What an AWS client is made of: all of it explicit, so that no profile, file or metadata service is looked at. */
export interface AwsOptions {
  region: string
  endpoint: string | undefined
  credentials: { accessKeyId: string; secretAccessKey: string; sessionToken?: string }
  agents: { https: https.Agent; http: http.Agent }
}

export function kmsClient(options: AwsOptions): KMSClient {
  return new KMSClient({ ...settings(options), protocol: awsJson('TrentService') })
}

export function secretsClient(options: AwsOptions): SecretsManagerClient {
  return new SecretsManagerClient({ ...settings(options), protocol: awsJson('secretsmanager') })
}

/** Those of every client. */
export function settings({ region, endpoint, credentials, agents }: AwsOptions) {
  return {
    region,
    credentials,
    ...(endpoint !== undefined && { endpoint }),
    maxAttempts: KMS_ATTEMPTS,
    retryMode: 'standard',
    sha256: Sha256,
    requestHandler: {
      connectionTimeout: KMS_CONNECT_MS,
      requestTimeout: KMS_REQUEST_MS,
      // Without it the SDK only warns of a request that takes too long.
      throwOnRequestTimeout: true,
      httpsAgent: agents.https,
      httpAgent: agents.http,
    },
  }
}
