import { afterAll, afterEach, describe, expect, test, vi } from 'vitest'
import type { Environment } from '../../lib/config/environment.ts'
import { guardedAgents } from '../../lib/http/agents.ts'
import { CONFIG_FRESH_MS, CONFIG_RETRY_MS, CONFIG_WAIT_MS } from '../../lib/limits.ts'
import type { LogRecord } from '../../lib/log.ts'
import { countsOf } from '../../lib/metrics.ts'
import {
  createConfiguration,
  createReader,
  createRing,
  createSessionReader,
  regionOf,
} from '../../lib/reader.ts'
import { type AwsAnswer, awsError, type FakeAws, startFakeAws } from '../support/fake-kms.ts'
import { registration } from '../support/function.ts'

const agents = guardedAgents()
const started: FakeAws[] = []
afterEach(() => vi.useRealTimers())
afterAll(() => {
  agents.http.destroy()
  for (const aws of started) aws.close()
})

const NAME = 'countersign/config'
const RING = JSON.stringify({ write: 'k1', k1: 'm'.repeat(43) })
const text = (...clients: unknown[]) => JSON.stringify({ version: 1, clients })
const secret = (SecretString: string, VersionId = 'v-1'): AwsAnswer => ({
  status: 200,
  body: { SecretString, VersionId },
})

/** A Secrets Manager with one secret, and the environment that names it. */
async function setUp(SecretString = text(registration()), secret_id = NAME) {
  const held = { answer: secret(SecretString) }
  const aws = await startFakeAws(() => held.answer)
  started.push(aws)
  const environment: Environment = {
    source: { secret_id },
    session_secret_id: secret_id,
    region: 'eu-west-1',
    onLambda: false,
    secrets_manager_endpoint: aws.endpoint,
    credentials: { accessKeyId: 'AKIATEST', secretAccessKey: 'secret' },
  }
  const log: LogRecord[] = []
  const clock = { now: 1_790_000_000_000 }
  const parts = { agents, now: () => clock.now, log: (record: LogRecord) => log.push(record) }
  return { aws, held, environment, log, clock, parts }
}

describe('the Region that a secret is read in', () => {
  const arn = 'arn:aws:secretsmanager:us-east-2:111122223333:secret:countersign/config-AbCdEf'

  test.each([
    ["the function's own, for a name", NAME, 'eu-west-1'],
    ["the secret's, for an ARN", arn, 'us-east-2'],
  ])('%s', async (_, secret_id, region) => {
    const { aws, environment, parts } = await setUp(undefined, secret_id)
    await createConfiguration(environment, parts)()
    expect([aws.calls.map(({ input }) => input.SecretId), aws.regions]).toEqual([[secret_id], [region]])
  })

  test.each([
    [arn, 'us-east-2'],
    [NAME, undefined],
    ['an:other:text:us-east-2', undefined],
  ])('%s names %s', (id, region) => {
    expect(regionOf(id)).toBe(region)
  })
})

describe('LOG-5: a configuration that comes into force', () => {
  test.each<[string, string[], Record<string, unknown>, string]>([
    ['nothing to notice', [], {}, 'info'],
    ['something that somebody should look at', ['require_pkce'], { require_pkce: false }, 'warn'],
  ])('with %s', async (_, noticed, members, level) => {
    const { environment, log, parts } = await setUp(text(registration(members)))
    await createConfiguration(environment, parts)()
    expect(log).toMatchObject([{ level, event: 'configuration', outcome: 'in_force', revision: 'v-1' }])
    const paths = log[0]?.problems?.map(problem => /^clients\[0\]\.(\w+): /.exec(problem)?.[1])
    expect(paths).toEqual(noticed)
  })
})

describe('MET-1: a refresh that fails is in the log, as an error that is counted', () => {
  const failed = { level: 'error', event: 'configuration' }

  test.each<[string, AwsAnswer, object]>([
    [
      'a secret that cannot be read',
      awsError(400, 'AccessDeniedException', 'sentinel'),
      { outcome: 'configuration_refresh_failed: unreadable', error_name: 'AccessDeniedException' },
    ],
    [
      'a document that is not right',
      secret(text(registration({ redirect_uris: 'sentinel' })), 'v-2'),
      {
        outcome: 'configuration_refresh_failed: invalid',
        problems: [expect.stringContaining('clients[0].redirect_uris')],
      },
    ],
  ])('%s', async (_, answer, record) => {
    const { held, environment, log, clock, parts } = await setUp()
    const configuration = createConfiguration(environment, parts)
    await configuration()
    log.length = 0
    held.answer = answer
    clock.now += CONFIG_WAIT_MS + 1
    await configuration()
    expect(log).toEqual([{ ...failed, ...record }])
    expect(countsOf(log[0]!)).toEqual(['configuration_error'])
    expect(JSON.stringify(log)).not.toContain('sentinel')
  })

  test('the keys of sessions: under a name of their own', async () => {
    const { held, environment, log, clock, parts } = await setUp(RING)
    const ring = createRing(environment, parts)!
    expect((await ring.get()).value.write).toBe('k1')
    held.answer = awsError(400, 'ResourceNotFoundException', 'sentinel')
    clock.now += CONFIG_WAIT_MS + 1
    await ring.get()
    const outcome = 'session_keys_refresh_failed: unreadable'
    expect(log).toEqual([{ ...failed, outcome, error_name: 'ResourceNotFoundException' }])
    expect(countsOf(log[0]!)).toEqual(['configuration_error'])
  })
})

describe('the parts of a function that signs nothing', () => {
  /** What is written to standard output meanwhile. */
  const written = () => {
    const lines: string[] = []
    const spy = vi.spyOn(process.stdout, 'write').mockImplementation(line => lines.push(String(line)) > 0)
    return { lines, end: () => spy.mockRestore() }
  }

  test.each<[string, { fresh_ms: number; wait_ms: number } | undefined, reads: number]>([
    ['as old as is usual', undefined, 1],
    ['no older than it says', { fresh_ms: CONFIG_RETRY_MS - 1, wait_ms: CONFIG_RETRY_MS - 1 }, 2],
  ])('serve a copy of the configuration %s', async (_, ages, reads) => {
    const { aws, environment } = await setUp()
    vi.useFakeTimers({ toFake: ['Date'] })
    const stdout = written()
    try {
      const { configuration } = createReader(ages, { ...environment, function_name: 'jwks' })
      await configuration()
      vi.setSystemTime(Date.now() + CONFIG_RETRY_MS)
      await configuration()
    } finally {
      stdout.end()
    }
    expect(CONFIG_FRESH_MS).toBeGreaterThan(CONFIG_RETRY_MS)
    expect(aws.calls).toHaveLength(reads)
    expect(stdout.lines.map(line => JSON.parse(line))).toMatchObject([
      { outcome: 'in_force', function_name: 'jwks' },
    ])
  })

  test('open sessions by the keys of the secret that is named, and by none where none is', async () => {
    const { aws, environment } = await setUp(RING)
    const inline = { ...environment, source: { inline: text(registration()) } }
    const reader = createSessionReader(inline)
    const stdout = written()
    try {
      expect((await reader.configuration()).registrations.clients).toHaveLength(1)
    } finally {
      stdout.end()
    }
    const owner = { client_id: 'app-1', as: { issuer: 'https://idp.example' } }
    expect(await reader.seals.toOpen('session', owner, 'k1')).toMatchObject({ kid: 'k1' })
    expect(aws.calls.map(({ input }) => input.SecretId)).toEqual([NAME])
    expect(reader.now).toBe(Date.now)

    const { session_secret_id: _, ...without } = inline
    await expect(createSessionReader(without).seals.toSeal('session', owner)).rejects.toMatchObject({
      reason: 'sessions_unavailable',
    })
  })
})
