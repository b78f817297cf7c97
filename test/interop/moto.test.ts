import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { CreateKeyCommand, KMSClient } from '@aws-sdk/client-kms'
import { CreateSecretCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { describeForDocument } from '../../cli/kms/keys.ts'
import { type IdentityProvider, startIdentityProvider } from '../../local/idp/provider.ts'
import { npm } from '../support/command.ts'
import { freePort } from '../support/free-port.ts'
import { createBrowser } from '../support/sign-in.ts'

// Another KMS and another Secrets Manager than our own: moto, where it is installed. Nothing changes but addresses.

const installed = spawnSync('python3', ['-c', 'import moto.server']).status === 0
const REGION = 'eu-west-1'
const ORIGIN = 'http://127.0.0.1:5173'
const redirect_uri = `${ORIGIN}/callback`
const CLIENTS = [
  { client_id: 'rs', alg: 'RS256', KeySpec: 'RSA_2048' },
  { client_id: 'es', alg: 'ES256', KeySpec: 'ECC_NIST_P256' },
] as const

describe.skipIf(!installed)('with moto as KMS and Secrets Manager', () => {
  let moto: ChildProcess
  let provider: IdentityProvider
  let env: Record<string, string>

  beforeAll(async () => {
    const port = await freePort()
    moto = spawn('python3', ['-m', 'moto.server', '-H', '127.0.0.1', '-p', String(port)], { stdio: 'ignore' })
    const endpoint = `http://127.0.0.1:${port}`
    await answering(endpoint)
    const options = {
      region: REGION,
      endpoint,
      credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
    }
    const kms = new KMSClient(options)
    const keys = await Promise.all(CLIENTS.map(client => createKey(kms, client)))
    provider = await startIdentityProvider({
      port: 0,
      clients: CLIENTS.map(({ client_id, alg }, i) => ({
        client_id,
        alg,
        redirect_uris: [redirect_uri],
        jwks: { keys: [keys[i]!.public_jwk] },
      })),
    })
    const clients = CLIENTS.map(({ client_id }, i) => ({
      client_id,
      provider: 'pingone',
      issuer: provider.issuer,
      signing_keys: [{ ...keys[i], state: 'active' }],
      allowed_origins: [ORIGIN],
      redirect_uris: [redirect_uri],
    }))
    await new SecretsManagerClient(options).send(
      new CreateSecretCommand({ Name: 'config', SecretString: JSON.stringify({ version: 1, clients }) }),
    )
    env = {
      PORT: '0',
      AWS_REGION: REGION,
      AWS_ENDPOINT_URL: endpoint,
      AWS_ACCESS_KEY_ID: 'test',
      AWS_SECRET_ACCESS_KEY: 'test',
      COUNTERSIGN_SECRET_ID: 'config',
    }
  })
  afterAll(async () => {
    await provider.close()
    moto.kill()
  })

  test('the same flow works, for RS256 and ES256', async () => {
    const serve = npm(['run', 'serve'], env)
    const url = (await serve.line(line => line.startsWith('listening on '))).replace('listening on ', '')
    const browser = createBrowser()
    for (const { client_id } of CLIENTS) {
      const { code, code_verifier } = await browser.signIn({
        issuer: provider.issuer,
        client_id,
        redirect_uri,
      })
      const response = await fetch(`${url}/token`, {
        method: 'POST',
        headers: { origin: ORIGIN },
        body: new URLSearchParams({
          grant_type: 'authorization_code',
          client_id,
          code,
          redirect_uri,
          code_verifier,
        }),
      })
      expect(await response.json()).toMatchObject({ access_token: expect.any(String), token_type: 'Bearer' })
    }
    await serve.end('SIGTERM')
  })
})

async function createKey(kms: KMSClient, { alg, KeySpec }: (typeof CLIENTS)[number]) {
  const { KeyMetadata } = await kms.send(new CreateKeyCommand({ KeySpec, KeyUsage: 'SIGN_VERIFY' }))
  return describeForDocument(kms, KeyMetadata!.Arn!, alg)
}

async function answering(url: string): Promise<void> {
  for (const end = Date.now() + 45_000; ; ) {
    try {
      await fetch(url)
      return
    } catch (error) {
      if (Date.now() > end) throw error
      await new Promise(resolve => setTimeout(resolve, 100))
    }
  }
}
