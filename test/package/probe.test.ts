import { execFile } from 'node:child_process'
import { PassThrough } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { DisableKeyCommand, KMSClient } from '@aws-sdk/client-kms'
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { readDocument } from '../../cli/document.ts'
import type { LogRecord } from '../../lib/log.ts'
import { credentials } from '../../local/roles.ts'
import { type Stack, startStack } from '../../local/stack.ts'

// The built probe in a process of its own, as the clock calls it, against the whole local stack.

const PROBE = fileURLToPath(new URL('../../dist/probe.mjs', import.meta.url))

let stack: Stack
beforeAll(async () => {
  stack = await startStack({ port: 0, log: new PassThrough().resume() })
})
afterAll(() => stack.close())

async function probe(changes: NodeJS.ProcessEnv = {}): Promise<LogRecord[]> {
  const { accessKeyId, secretAccessKey } = credentials('jwks')
  const env = {
    ...stack.description.env,
    AWS_ACCESS_KEY_ID: accessKeyId,
    AWS_SECRET_ACCESS_KEY: secretAccessKey,
    COUNTERSIGN_URL: stack.description.gateway,
    ...changes,
  }
  const program = `await (await import(${JSON.stringify(PROBE)})).handler({}, { functionName: 'probe-1' })`
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', program], {
    env,
  })
  const lines = stdout
    .trim()
    .split('\n')
    .map(line => JSON.parse(line) as LogRecord)
  return lines.filter(({ event }) => event === 'probe')
}

test('every client’s made-up code comes back as the provider’s refusal, until a key is disabled', async () => {
  const good = await probe()
  expect(good.map(({ client_id, outcome }) => [client_id, outcome])).toEqual(
    stack.description.clients.map(({ client_id }) => [client_id, 'probe_ok']),
  )
  expect(good[0]).toMatchObject({ probe_ok: 1 })

  const { kms_key_arn } = await firstKey()
  const { AWS_REGION: region = '' } = stack.description.env
  const kms = new KMSClient({ region, endpoint: stack.description.kms, credentials: credentials('operator') })
  await kms.send(new DisableKeyCommand({ KeyId: kms_key_arn }))
  // One assertion may have been signed before.
  await probe()
  const [bad, ...others] = await probe()
  expect(bad).toMatchObject({ outcome: 'probe_failed: 500 server_error', probe_failed: 1, level: 'error' })
  expect(new Set(others.map(({ outcome }) => outcome))).toEqual(new Set(['probe_ok']))
})

test('an environment that is not right is said in the log, and is no error of the function', async () => {
  expect(await probe({ COUNTERSIGN_URL: '' })).toMatchObject([
    {
      outcome: 'probe_failed: configuration_unavailable',
      function_name: 'probe-1',
      problems: [expect.stringContaining('COUNTERSIGN_URL')],
    },
  ])
})

async function firstKey() {
  const { env, secrets_manager } = stack.description
  const secrets = new SecretsManagerClient({
    region: env.AWS_REGION!,
    endpoint: secrets_manager,
    credentials: credentials('operator'),
  })
  const context = { secretId: () => env.COUNTERSIGN_SECRET_ID!, secrets: () => secrets }
  const { document } = await readDocument(context as never)
  return document.clients[0]!.signing_keys[0]!
}
