import { afterAll, describe, expect, test } from 'vitest'
import { secretsClient } from '../../../lib/aws/clients.ts'
import { readSecret } from '../../../lib/aws/secrets.ts'
import { guardedAgents } from '../../../lib/http/agents.ts'
import { awsError, type FakeAws, startFakeAws } from '../../support/fake-kms.ts'
import { rejection } from '../../support/fake-provider.ts'

const agents = guardedAgents()
const started: FakeAws[] = []
const never = new AbortController().signal

afterAll(() => {
  agents.http.destroy()
  for (const aws of started) aws.close()
})

async function setup(answer: Parameters<typeof startFakeAws>[0]) {
  const aws = await startFakeAws(answer)
  started.push(aws)
  const client = secretsClient({
    region: 'eu-central-1',
    endpoint: aws.endpoint,
    credentials: { accessKeyId: 'AKIATEST', secretAccessKey: 'secret', sessionToken: 'token' },
    agents,
  })
  return { aws, client }
}

describe('the configuration secret', () => {
  test('is read in its current version: text and version id', async () => {
    const body = { Name: 'app/config', SecretString: '{"version":1}', VersionId: 'v-1' }
    const { aws, client } = await setup(() => ({ status: 200, body }))
    expect(await readSecret(client, 'app/config', never)).toEqual({ text: '{"version":1}', revision: 'v-1' })
    expect(aws.calls).toEqual([
      { target: 'secretsmanager.GetSecretValue', input: { SecretId: 'app/config' } },
    ])
  })

  test.each([
    ['binary', { SecretBinary: 'AAAA', VersionId: 'v-1' }],
    ['without a version', { SecretString: '{}' }],
    ['empty of both', {}],
  ])('%s: is refused', async (_, body) => {
    const { client } = await setup(() => ({ status: 200, body }))
    expect(await rejection(readSecret(client, 'app/config', never))).toBeInstanceOf(TypeError)
  })

  test('that is not there: the error of the service', async () => {
    const { client } = await setup(() => awsError(400, 'ResourceNotFoundException', 'x'))
    expect(await rejection(readSecret(client, 'app/config', never))).toMatchObject({
      name: 'ResourceNotFoundException',
    })
  })

  test('that does not come: the signal ends it', async () => {
    const { client } = await setup(() => 'hang')
    const reading = rejection(readSecret(client, 'app/config', AbortSignal.timeout(50)))
    expect(await reading).toMatchObject({ name: 'AbortError' })
  })
})
