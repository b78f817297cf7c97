import https from 'node:https'
import { type KMSClient, SignCommand } from '@aws-sdk/client-kms'
import { GetSecretValueCommand, type SecretsManagerClient } from '@aws-sdk/client-secrets-manager'
import { type AwsOptions, kmsClient, secretsClient } from '../../lib/aws/clients.ts'
import { dynamoDB } from '../../lib/aws/dynamodb.ts'
import { guardedAgents } from '../../lib/http/agents.ts'

// Bundled by trim.test.ts and run in a process of its own: calls KMS, Secrets Manager and DynamoDB as the functions do, and
// reports what came of it and what was loaded for it.

const { ENDPOINT, REGIONS } = process.env

const options: AwsOptions = {
  region: 'eu-central-1',
  endpoint: undefined,
  credentials: { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'secret' },
  agents: guardedAgents(),
}

const signCommand = (KeyId: string) =>
  new SignCommand({
    KeyId,
    Message: Buffer.from('header.claims'),
    MessageType: 'RAW',
    SigningAlgorithm: 'RSASSA_PKCS1_V1_5_SHA_256',
  })

interface ServiceError extends Error {
  $fault?: string
  $metadata?: { httpStatusCode?: number; requestId?: string; attempts?: number }
}

const failure = ({ name, message, $metadata, $fault }: ServiceError) => ({
  name,
  message,
  $fault,
  status: $metadata?.httpStatusCode,
  id: $metadata?.requestId,
  attempts: $metadata?.attempts,
})

const sign = (client: KMSClient, key: string) =>
  client.send(signCommand(key)).then(({ Signature }) => Buffer.from(Signature ?? []).toString(), failure)

const read = (client: SecretsManagerClient, SecretId: string) =>
  client.send(new GetSecretValueCommand({ SecretId })).then(({ SecretString }) => SecretString, failure)

const table = (endpoint?: string) => {
  const client = dynamoDB({ ...options, endpoint })
  const { signal } = new AbortController()
  const key = (S: string) => ({ TableName: 't', Key: { id: { S } } })
  return {
    get: (id: string) => client.getItem(key(id), signal).then(({ Item }) => Item, failure),
    put: (id: string) =>
      client
        .putItem({ TableName: 't', Item: { id: { S: id } } }, signal)
        .then(Object, error => ({ ...failure(error), Item: error.Item })),
    delete: (id: string) => client.deleteItem(key(id), signal).then(Object, failure),
  }
}

/** Stopped at its socket: where would it have gone? */
async function tableDestination(region: string) {
  let url: string | undefined
  const agent = new https.Agent()
  agent.createConnection = ({ host }) => {
    url = `https://${host}`
    throw new Error('far enough')
  }
  const client = dynamoDB({ ...options, region, agents: { ...options.agents, https: agent } })
  await client.getItem({ TableName: 't', Key: {} }, new AbortController().signal).catch(() => {})
  return url
}

/** Stopped on its way to the network: where would it have gone? (The stacks of the two clients differ in types alone.) */
async function destination(
  { middlewareStack }: Pick<KMSClient, 'middlewareStack'>,
  send: () => Promise<unknown>,
) {
  let url: string | undefined
  const stop = () => async (args: { request?: unknown }) => {
    const { protocol, hostname } = args.request as { protocol: string; hostname: string }
    url = `${protocol}//${hostname}`
    throw new Error('far enough')
  }
  middlewareStack.add(stop, { step: 'deserialize', priority: 'low' })
  await send().catch(() => {})
  return url
}

async function destinations(regions: string[]) {
  const where: Record<string, unknown> = {}
  for (const region of regions) {
    const kms = kmsClient({ ...options, region })
    const secrets = secretsClient({ ...options, region })
    where[region] = [
      await destination(kms, () => kms.send(signCommand('k'))),
      await destination(secrets as never, () => secrets.send(new GetSecretValueCommand({ SecretId: 's' }))),
      await tableDestination(region),
    ]
  }
  return where
}

async function outcomes() {
  const named = kmsClient({ ...options, endpoint: ENDPOINT })
  const secrets = secretsClient(options)
  return {
    good: await sign(named, 'good'),
    atOnce: await Promise.all(['good', 'good', 'good'].map(key => sign(named, key))),
    fromEnvironment: await sign(kmsClient(options), 'good'),
    missing: await sign(named, 'missing'),
    denied: await sign(named, 'denied'),
    broken: await sign(named, 'broken'),
    throttled: await sign(named, 'throttled'),
    proxied: await sign(named, 'proxied'),
    skewed: await sign(kmsClient({ ...options, endpoint: ENDPOINT }), 'skewed'),
    secret: await read(secrets, 's'),
    noSecret: await read(secrets, 'x'),
    entry: await table().get('k'),
    taken: await table(ENDPOINT).put('k'),
    deleted: await table(ENDPOINT).delete('k'),
    withoutCredentials: await sign(kmsClient({ ...options, credentials: undefined as never }), 'good'),
    undici: (process as unknown as { moduleLoadList: string[] }).moduleLoadList.filter(entry =>
      /undici/.test(entry),
    ),
  }
}

const report = REGIONS === undefined ? outcomes() : destinations(REGIONS.split(' '))
report.then(found => {
  console.log(JSON.stringify(found))
  process.exit()
})
