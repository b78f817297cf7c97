import {
  CancelKeyDeletionCommand,
  CreateKeyCommand,
  DisableKeyCommand,
  EnableKeyCommand,
  ScheduleKeyDeletionCommand,
} from '@aws-sdk/client-kms'
import { PutSecretValueCommand } from '@aws-sdk/client-secrets-manager'
import { PENDING } from '../../../cli/document.ts'
import { createSigningKey } from '../../../local/keys.ts'
import { ACCOUNT, OPERATOR, REGION, SIGNING_ROLE } from '../../../local/roles.ts'
import { selfSignedCertificate } from '../../support/certificate.ts'
import { type Bench, signingPolicy } from './bench.ts'
import { startProxy, without } from './proxy.ts'

/** Something that is wrong, the one check that has to say so, and how it comes about. */
export interface Fault {
  name: string
  id: string
  /** What its line has to say, or what to do. */
  says: RegExp
  plant(bench: Bench): Promise<Planted>
}

interface Planted {
  secret?: string
  args?: string[]
  env?: Record<string, string>
  /** What must hold afterwards as well. */
  after?(): void | Promise<void>
}

const ROOT_MAY_ALL = {
  Effect: 'Allow',
  Principal: { AWS: `arn:aws:iam::${ACCOUNT}:root` },
  Action: 'kms:*',
  Resource: '*',
}
const STRANGER = `arn:aws:iam::${ACCOUNT}:role/stranger`

/** A configuration whose one client is changed. */
function changed(change: (client: ReturnType<Bench['client']>, bench: Bench) => void): Fault['plant'] {
  return async bench => {
    const client = bench.client()
    change(client, bench)
    return { secret: await bench.secret([client]) }
  }
}

/** A deployment whose answers are altered on their way. */
function altered(alter: Parameters<typeof startProxy>[1]): Fault['plant'] {
  return async bench => {
    const proxy = await startProxy(bench.stack.gateway, alter)
    bench.later(proxy.close)
    return { secret: await bench.secret([bench.client()], { url: proxy.url }) }
  }
}

/** A provider whose metadata are altered. */
function alteredMetadata(change: (metadata: Record<string, unknown>) => object): Fault['plant'] {
  return async bench => {
    const { origin, pathname } = new URL(bench.stack.issuer)
    const proxy = await startProxy(origin, ({ path, body }, url) => {
      if (!path.includes('/.well-known/')) return undefined
      const metadata = JSON.parse(body.replaceAll(origin, url)) as Record<string, unknown>
      return { body: JSON.stringify({ ...metadata, ...change(metadata) }) }
    })
    bench.later(proxy.close)
    const client = { ...bench.client(), issuer: `${proxy.url}${pathname}` }
    return {
      secret: await bench.secret([client]),
      after() {
        if (proxy.requests.some(request => request.startsWith('POST')))
          throw new Error('an assertion was sent')
      },
    }
  }
}

/** The first key in another state, until the test ends. */
function keyState(
  enter: (KeyId: string) => DisableKeyCommand | ScheduleKeyDeletionCommand,
  leave: (KeyId: string) => (EnableKeyCommand | CancelKeyDeletionCommand)[],
): Fault['plant'] {
  return async bench => {
    const arn = bench.client().signing_keys[0]!.kms_key_arn
    await bench.kms.send(enter(arn) as DisableKeyCommand)
    bench.later(async () => {
      for (const command of leave(arn)) await bench.kms.send(command as EnableKeyCommand)
    })
    return {}
  }
}

function policy(policyOf: () => ReturnType<typeof signingPolicy>, signers?: string[]): Fault['plant'] {
  return async bench => {
    await bench.policy(policyOf())
    return { secret: await bench.secret([bench.client()], { signers }) }
  }
}

export const FAULTS: Fault[] = [
  {
    name: 'an algorithm that the key policy does not permit',
    id: 'key-alg',
    says: /says PS256.*RSASSA_PKCS1_V1_5_SHA_256/,
    plant: changed(({ signing_keys: [key] }) => {
      key!.alg = 'PS256'
      key!.public_jwk.alg = 'PS256'
    }),
  },
  {
    name: 'a disabled key',
    id: 'key-enabled',
    says: /Disabled.*enable-key/s,
    plant: keyState(
      KeyId => new DisableKeyCommand({ KeyId }),
      KeyId => [new EnableKeyCommand({ KeyId })],
    ),
  },
  {
    name: 'a key that is about to be deleted',
    id: 'key-enabled',
    says: /deleted.*cancel-key-deletion/s,
    plant: keyState(
      KeyId => new ScheduleKeyDeletionCommand({ KeyId }),
      KeyId => [new CancelKeyDeletionCommand({ KeyId }), new EnableKeyCommand({ KeyId })],
    ),
  },
  {
    name: 'a key that is not there',
    id: 'key-exists',
    says: /no such key/,
    plant: changed(({ signing_keys: [key] }) => {
      key!.kms_key_arn = `arn:aws:kms:${REGION}:${ACCOUNT}:key/00000000-0000-4000-8000-000000000000`
    }),
  },
  {
    name: 'a key that encrypts',
    id: 'key-usage',
    says: /ENCRYPT_DECRYPT/,
    async plant(bench) {
      const { KeyMetadata } = await bench.kms.send(
        new CreateKeyCommand({
          KeySpec: 'RSA_2048',
          KeyUsage: 'ENCRYPT_DECRYPT',
          Policy: JSON.stringify(signingPolicy([SIGNING_ROLE, OPERATOR])),
        }),
      )
      const client = bench.client()
      client.signing_keys[0]!.kms_key_arn = KeyMetadata!.Arn!
      return { secret: await bench.secret([client]) }
    },
  },
  {
    name: 'an alias instead of an ARN',
    id: 'config',
    says: /signing_keys\[0\]\.kms_key_arn: must not be an alias/,
    plant: changed(({ signing_keys: [key] }) => {
      key!.kms_key_arn = `arn:aws:kms:${REGION}:${ACCOUNT}:alias/countersign`
    }),
  },
  {
    name: 'an http URL in the configuration',
    id: 'config',
    says: /issuer: must be https/,
    plant: changed(client => {
      client.issuer = 'http://idp.example.com/as'
    }),
  },
  {
    name: 'a secret that is not there',
    id: 'config',
    says: /ResourceNotFoundException.*--secret-id/s,
    plant: async () => ({ secret: 'countersign/config-none' }),
  },
  {
    name: 'a version that was never put in force',
    id: 'secret-version',
    says: /never put in force/,
    async plant(bench) {
      const secret = await bench.secret([bench.client()])
      const SecretString = JSON.stringify({ version: 1, clients: [] })
      await bench.secrets.send(
        new PutSecretValueCommand({ SecretId: secret, SecretString, VersionStages: [PENDING] }),
      )
      return { secret }
    },
  },
  {
    name: 'a key policy without the signing role',
    id: 'permissions',
    says: /role\/countersign-oauth may not kms:Sign/,
    plant: policy(() => signingPolicy([OPERATOR])),
  },
  {
    name: 'a key policy that lets the account do all',
    id: 'permissions',
    says: /:root\) may kms:Sign/,
    plant: policy(() => {
      const { Version, Statement } = signingPolicy([SIGNING_ROLE, OPERATOR])
      return { Version, Statement: [...Statement, ROOT_MAY_ALL] }
    }),
  },
  {
    name: 'a key policy that lets somebody else sign',
    id: 'permissions',
    says: /role\/stranger may kms:Sign/,
    plant: policy(() => signingPolicy([SIGNING_ROLE, OPERATOR, STRANGER])),
  },
  {
    name: 'a function that may not sign, where only its role could',
    id: 'sign-verify',
    says: /the function cannot sign: HTTP 500/,
    // The role that is named is another one than the function's.
    plant: policy(() => signingPolicy([STRANGER]), [STRANGER]),
  },
  {
    name: 'the public_jwk of another key',
    id: 'sign-verify',
    says: /not the public half/,
    plant: changed(({ signing_keys: [key] }, bench) => {
      const { n = '', e = '' } = bench.clientOf('refreshing').signing_keys[0]!.public_jwk
      key!.public_jwk = { kty: 'RSA', n, e }
    }),
  },
  {
    name: 'a stale key set',
    id: 'jwks-published',
    says: /does not hold the active key/,
    plant: altered(({ path, body }) =>
      path === '/.well-known/jwks.json'
        ? { body: JSON.stringify({ keys: (JSON.parse(body) as { keys: unknown[] }).keys.slice(1) }) }
        : undefined,
    ),
  },
  {
    name: 'a key set that calls the key otherwise',
    id: 'kid',
    says: /calls this key another/,
    plant: altered(({ path, body }) =>
      path === '/.well-known/jwks.json'
        ? { body: body.replace(/"kid":"[^"]+"/, '"kid":"another"') }
        : undefined,
    ),
  },
  {
    name: 'an audience that the provider refuses',
    id: 'audience',
    says: /refuses the audience https:\/\/elsewhere.*Set assertion\.aud to "issuer"/s,
    plant: changed(client => {
      client.assertion = { aud: 'https://elsewhere.example.com/' }
    }),
  },
  {
    name: 'a provider that does not know the key',
    id: 'audience',
    says: /every other of ours.*registered/s,
    async plant(bench) {
      const key = await createSigningKey(bench.kms, 'RS256')
      const secret = await bench.secret([{ ...bench.client(), signing_keys: [{ ...key, state: 'active' }] }])
      return { secret, args: ['--url', await bench.functions(secret)] }
    },
  },
  {
    name: 'a clock that is five minutes ahead',
    id: 'clock',
    says: /(?:29|30)\d s behind this machine.*Set this machine's clock/s,
    plant: async () => ({
      env: { NODE_OPTIONS: `--import=${new URL('five-minutes-ahead.ts', import.meta.url)}` },
    }),
  },
  {
    name: "a token endpoint that is not the provider's",
    id: 'endpoints',
    says: /token_endpoint is http:\/\/127\.0\.0\.1:\d+\/token here/,
    async plant(bench) {
      const foreign = await startProxy(bench.stack.gateway, () => undefined)
      bench.later(foreign.close)
      const client = { ...bench.client(), token_endpoint: `${foreign.url}/token` }
      return {
        secret: await bench.secret([client]),
        after() {
          if (foreign.requests.length > 0) throw new Error('something was sent to it')
        },
      }
    },
  },
  {
    name: 'a foreign endpoint in discovery',
    id: 'endpoints',
    says: /https:\/\/foreign\.example\.com\/token in the provider's metadata/,
    plant: alteredMetadata(() => ({ token_endpoint: 'https://foreign.example.com/token' })),
  },
  {
    name: 'discovery that names another issuer',
    id: 'endpoints',
    says: /issuer is .* here and https:\/\/foreign\.example\.com/,
    plant: alteredMetadata(() => ({ issuer: 'https://foreign.example.com' })),
  },
  {
    name: 'a provider that does not offer the algorithm',
    id: 'provider-alg',
    says: /does not offer RS256.*ES256/s,
    plant: alteredMetadata(() => ({ token_endpoint_auth_signing_alg_values_supported: ['ES256'] })),
  },
  {
    name: 'a provider that does not offer private_key_jwt',
    id: 'provider-alg',
    says: /does not offer private_key_jwt/,
    plant: alteredMetadata(() => ({ token_endpoint_auth_methods_supported: ['client_secret_basic'] })),
  },
  {
    name: "an app's origin that is not allowed",
    id: 'cors-preflight',
    says: /is not among allowed_origins \(a redirect_uri/,
    async plant(bench) {
      const secret = await bench.secret([{ ...bench.client(), allowed_origins: ['http://127.0.0.1:5999'] }])
      return { secret, args: ['--url', await bench.functions(secret)] }
    },
  },
  {
    name: 'a named origin that is not allowed',
    id: 'cors-preflight',
    says: /https:\/\/app\.example\.com is not among/,
    plant: async () => ({ args: ['--origin', 'https://app.example.com'] }),
  },
  {
    name: 'cors set at the gateway',
    id: 'cors-preflight',
    says: /answered by the gateway.*Take the cors setting off/s,
    plant: altered(({ method, headers }) =>
      method === 'OPTIONS'
        ? {
            status: 204,
            headers: { 'access-control-allow-origin': '*', 'access-control-allow-methods': 'POST' },
          }
        : { headers: { ...headers, 'access-control-allow-origin': '*' } },
    ),
  },
  {
    name: 'an error that no page can read',
    id: 'cors-error',
    says: /access-control-allow-origin is absent/,
    plant: altered(({ status, headers }) =>
      status === 400 ? { headers: without(headers, 'access-control-allow-origin') } : undefined,
    ),
  },
  {
    name: 'a success that no page can read',
    id: 'cors-success',
    says: /access-control-allow-origin is absent/,
    plant: altered(({ path, headers }) =>
      path === '/revoke' ? { headers: without(headers, 'access-control-allow-origin') } : undefined,
    ),
  },
  {
    name: 'a foreign origin that is let in',
    id: 'cors-foreign',
    says: /HTTP 200 where 403 was due/,
    plant: altered(({ status }) => (status === 403 ? { status: 200 } : undefined)),
  },
  {
    name: 'a header that is missing',
    id: 'tls-headers',
    says: /no x-content-type-options/,
    plant: altered(({ headers }) => ({ headers: without(headers, 'x-content-type-options') })),
  },
  {
    name: 'a server that says what it is',
    id: 'tls-headers',
    says: /x-powered-by: Express/,
    plant: altered(({ headers }) => ({ headers: { ...headers, 'x-powered-by': 'Express' } })),
  },
  {
    name: 'an http URL of the deployment',
    id: 'tls-headers',
    says: /is not https/,
    plant: async () => ({ args: ['--url', 'http://countersign.example.com'] }),
  },
  {
    name: 'a certificate that nobody has vouched for',
    id: 'tls-headers',
    says: /certificate of 127\.0\.0\.1 is not trusted: DEPTH_ZERO_SELF_SIGNED_CERT/,
    async plant(bench) {
      const proxy = await startProxy(
        bench.stack.gateway,
        () => undefined,
        selfSignedCertificate(['127.0.0.1']),
      )
      bench.later(proxy.close)
      return { args: ['--url', proxy.url] }
    },
  },
  {
    name: 'a deployment that does not answer',
    id: 'reachable',
    says: /does not answer: ECONNREFUSED/,
    async plant(bench) {
      const { url, close } = await startProxy(bench.stack.gateway, () => undefined)
      await close()
      return { args: ['--url', url] }
    },
  },
  {
    name: 'something else at the URL',
    id: 'reachable',
    says: /not Countersign that answers/,
    plant: async bench => ({ args: ['--url', bench.stack.app] }),
  },
]
