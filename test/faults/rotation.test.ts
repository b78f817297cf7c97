import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { DisableKeyCommand, KMSClient } from '@aws-sdk/client-kms'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { control } from '../../local/aws/control.ts'
import type { StackClient, StackDescription } from '../../local/description.ts'
import { type Command, npm } from '../support/command.ts'
import { ROOT } from '../support/deployment.ts'
import { type Load, startLoad } from '../support/load.ts'
import { createBrowser } from '../support/sign-in.ts'

// A rotation under load, with every part as it is: `npm start`, whose provider reads the published keys by their URL and
// keeps them for 60 s, and the command. The clock of all of it runs six times as fast, since a rotation consists of
// waiting; with COUNTERSIGN_REAL_TIME=1 it runs as it does everywhere.

const FACTOR = process.env.COUNTERSIGN_REAL_TIME ? 1 : 6
const PER_SECOND = 24
/** The provider keeps a key set for 60 s. */
const WAITS = ['--publish-wait', '62s', '--retire-wait', '65s']

const CLOCK = {
  FAST_CLOCK: String(FACTOR),
  FAST_CLOCK_FROM: String(Date.now()),
  NODE_OPTIONS: `--import ${pathToFileURL(join(ROOT, 'test/support/fast-clock.mjs')).href}`,
}

let start: Command
let stack: StackDescription
let client: StackClient
const browser = createBrowser()

beforeAll(async () => {
  start = npm(['start', '--', '--json', '--port', '0'], CLOCK)
  stack = JSON.parse(await start.line(line => line.startsWith('{')))
  client = stack.clients[0]!
  expect(client.alg).toBe('RS256')
})
afterAll(async () => {
  await start.end('SIGTERM')
})

/** A sign-in and its exchange; rejects unless there are tokens. */
async function exchange(): Promise<void> {
  const { client_id, redirect_uri, origin = '' } = client
  const { code, code_verifier } = await browser.signIn({ issuer: stack.issuer, client_id, redirect_uri })
  const response = await fetch(`${stack.gateway}/token`, {
    method: 'POST',
    headers: { origin },
    body: new URLSearchParams({
      grant_type: 'authorization_code',
      client_id,
      redirect_uri,
      code,
      code_verifier,
    }),
  })
  const answer = (await response.json()) as Record<string, string>
  if (response.status !== 200 || !answer.access_token) throw new Error(`${response.status} ${answer.error}`)
}

/** The command, as an operator types it in the environment that `npm start` prints. */
function countersign(...args: string[]): Command {
  return npm(['exec', '--', 'countersign', ...args], { ...stack.env, ...CLOCK })
}

function rotate(alg: string): Command {
  return countersign(
    'keys',
    'rotate',
    '--client',
    client.client_id,
    '--alg',
    alg,
    ...WAITS,
    '--yes',
    '--json',
  )
}

async function activeKey(): Promise<{ alg: string; kid: string; kms_key_arn: string }> {
  const list = countersign('keys', 'list', '--client', client.client_id, '--json')
  expect(await list.ended).toBe(0)
  const { keys } = JSON.parse(list.stdout())
  return keys.find(({ state }: { state: string }) => state === 'active')
}

/** The lines that the functions have written of requests. */
function requests(): Record<string, unknown>[] {
  const lines = start.stderr().split('\n').slice(0, -1)
  return lines
    .filter(line => line.startsWith('{"level"'))
    .map(line => JSON.parse(line))
    .filter(({ event }) => event === 'request')
}

describe('a rotation under load', () => {
  let load: Load & { stop(): Promise<void> }

  beforeAll(async () => {
    await exchange()
    load = startLoad(PER_SECOND, exchange)
  })
  afterAll(() => load.stop())

  test(
    'ROT-4: from RS256 to ES256, with a rollback in the middle, and on: no exchange fails',
    async () => {
      const before = await activeKey()
      const first = rotate('ES256')
      await until(() => first.stderr().includes('activated: '))
      // The function takes up the new key, and has used it, before it is taken back.
      await until(() => requests().at(-1)?.kid !== before.kid)

      const back = countersign('keys', 'rollback', '--json')
      expect(await back.ended).toBe(0)
      expect(await activeKey()).toMatchObject({
        alg: 'RS256',
        kid: before.kid,
        kms_key_arn: before.kms_key_arn,
      })
      await until(() => requests().at(-1)?.kid === before.kid)
      // The command does not overrule who has taken it back.
      expect(await first.ended).toBe(3)
      expect(JSON.parse(first.stdout())).toMatchObject({ ok: false, error: { code: 'taken_back' } })

      // Run again, it goes on with the key that is published already.
      const again = rotate('ES256')
      expect(await again.ended, again.stderr()).toBe(0)
      const after = await activeKey()
      expect(after.alg).toBe('ES256')
      expect(JSON.parse(again.stdout())).toMatchObject({ ok: true, kid: after.kid, removed: before.kid })
      expect(load.failures).toEqual([])
    },
    150_000 * (7 - FACTOR),
  )

  test(
    'and back to RS256: no exchange fails',
    async () => {
      const before = await activeKey()
      const done = rotate('RS256')
      expect(await done.ended, done.stderr()).toBe(0)
      const after = await activeKey()
      expect([before.alg, after.alg]).toEqual(['ES256', 'RS256'])
      await until(() => requests().at(-1)?.kid === after.kid)
      await load.stop()
      expect(load.failures).toEqual([])
      expect(load.ended).toBe(load.started)
      expect(load.ended).toBeGreaterThan(200)
      // Both were used, and the published set is down to one key of this client.
      const kids = new Set(requests().map(({ kid }) => kid))
      expect(kids).toContain(before.kid)
      expect(kids).toContain(after.kid)
      const published = await (await fetch(`${stack.gateway}/.well-known/jwks.json`)).json()
      const left = (published as { keys: { kid: string }[] }).keys.map(({ kid }) => kid)
      expect(left).toContain(after.kid)
      expect(left).not.toContain(before.kid)
    },
    100_000 * (7 - FACTOR),
  )
})

test('ROT-7: a key disabled in KMS is a 500 and a metric to alarm on, never another key in silence', async () => {
  const { kms_key_arn, kid } = await activeKey()
  const { AWS_REGION: region = '', AWS_ENDPOINT_URL_KMS: endpoint = '' } = stack.env
  const { AWS_ACCESS_KEY_ID: accessKeyId = '', AWS_SECRET_ACCESS_KEY: secretAccessKey = '' } = stack.env
  const kms = new KMSClient({ region, endpoint, credentials: { accessKeyId, secretAccessKey } })
  await kms.send(new DisableKeyCommand({ KeyId: kms_key_arn }))
  await control(stack.kms).reset()

  // An assertion may have been signed ahead; after it there is none.
  const outcomes: string[] = []
  for (let i = 0; i < 6; i++)
    outcomes.push(
      await exchange().then(
        () => 'tokens',
        error => error.message,
      ),
    )
  expect(outcomes.slice(0, 2)).toContain('500 server_error')
  expect(outcomes.slice(2)).toEqual(Array(4).fill('500 server_error'))

  const line = requests().at(-1)!
  expect(line).toMatchObject({ outcome: 'signer_misconfigured', kid, signer_error: 1, failed: 1 })
  const { Namespace, Dimensions, Metrics } = (line._aws as { CloudWatchMetrics: Record<string, unknown>[] })
    .CloudWatchMetrics[0]!
  expect([Namespace, Dimensions]).toEqual(['Countersign', [['function_name']]])
  expect(Metrics).toContainEqual({ Name: 'signer_error', Unit: 'Count' })
  const asked = (await control(stack.kms).requests()).filter(({ operation }) => operation === 'Sign')
  expect(new Set(asked.map(({ parameters }) => parameters.KeyId))).toEqual(new Set([kms_key_arn]))
})

async function until(condition: () => boolean): Promise<void> {
  for (const end = performance.now() + 150_000; !condition(); ) {
    if (performance.now() > end) throw new Error('it did not come about')
    await new Promise(resolve => setTimeout(resolve, 50))
  }
}
