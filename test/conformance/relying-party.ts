import { pages, routes } from '../../functions/routes.ts'
import { type GatewayResult, shell } from '../../functions/shell.ts'
import type { LogRecord } from '../../lib/log.ts'
import { createRuntime } from '../../lib/runtime.ts'
import { sealKeys } from '../../lib/session/keys.ts'
import { awsError, type FakeAws, startFakeAws } from '../support/fake-kms.ts'
import { ARN, event, ORIGIN, REDIRECT_URI, RING } from '../support/function.ts'
import { testKey } from '../support/keys.ts'
import { AUTH } from '../support/session.ts'
import type { Server } from './server.ts'

// The client under test: the whole function with the runtime that Lambda gives it, its signatures from a KMS on loopback.

export interface RelyingParty {
  handler(event: unknown): Promise<GatewayResult>
  /** A form posted by the app's page. */
  post(path: string, form: Record<string, string>, headers?: Record<string, string>): Promise<GatewayResult>
  log: LogRecord[]
}

const started: FakeAws[] = []

/** For `afterAll`. */
export function closeKms(): void {
  for (const kms of started.splice(0)) kms.close()
}

const KMS_ALGORITHM: Record<string, string> = {
  RS256: 'RSASSA_PKCS1_V1_5_SHA_256',
  PS256: 'RSASSA_PSS_SHA_256',
  ES256: 'ECDSA_SHA_256',
  EdDSA: 'ED25519_SHA_512',
}

export type SigningAlg = 'RS256' | 'PS256' | 'ES256' | 'EdDSA'

/** Registers the client at the server and starts it; `over` goes into its registration here. */
export async function startRelyingParty(
  server: Server,
  { alg = 'PS256', over = {} }: { alg?: SigningAlg; over?: Record<string, unknown> } = {},
): Promise<RelyingParty> {
  const key = testKey(alg, 'client')
  const kms = await startFakeAws(({ input }) => {
    if (input.KeyId !== ARN || input.SigningAlgorithm !== KMS_ALGORITHM[alg]) {
      return awsError(400, 'InvalidKeyUsageException', 'not this key')
    }
    const signature = key.sign(Buffer.from(input.Message!, 'base64'), 'der').toString('base64')
    return {
      status: 200,
      body: { KeyId: ARN, Signature: signature, SigningAlgorithm: input.SigningAlgorithm },
    }
  })
  started.push(kms)

  const session = over.delivery === 'mediated' || over.delivery === 'session'
  const client_id = 'app-1'
  server.client = {
    client_id,
    redirect_uri: session ? `${AUTH}/callback` : REDIRECT_URI,
    token_endpoint_auth_signing_alg: alg,
    jwks: { keys: [{ ...key.public_jwk, kid: 'client-key' }] },
  }
  const registration = {
    client_id,
    provider: 'fapi2',
    ...server.metadata,
    signing_keys: [{ kms_key_arn: ARN, alg, kid: 'client-key', public_jwk: key.public_jwk, state: 'active' }],
    allowed_origins: [ORIGIN],
    ...(session
      ? { public_url: AUTH, scope: 'openid', post_logout_redirect_uris: [`${ORIGIN}/bye`] }
      : { redirect_uris: [REDIRECT_URI] }),
    ...over,
  }
  const log: LogRecord[] = []
  const ring = { get: async () => ({ value: RING, expired: false }), renewed: async () => true }
  const deps = createRuntime(
    { log: record => log.push(record), seals: sealKeys({ ring, now: Date.now }) },
    {
      source: { inline: JSON.stringify({ version: 1, clients: [registration] }) },
      region: 'eu-central-1',
      onLambda: false,
      kms_endpoint: kms.endpoint,
      credentials: { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'secret' },
    },
  )
  const { handler } = shell(routes, () => deps, undefined, pages)
  return {
    handler,
    post: (path, form, headers = {}) => handler(event({ client_id, ...form }, { path, headers })),
    log,
  }
}
