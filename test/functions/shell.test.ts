import { describe, expect, test } from 'vitest'
import { shell } from '../../functions/shell.ts'
import { ConfigurationError } from '../../lib/config/problems.ts'
import { emptyReply } from '../../lib/http/reply.ts'
import type { LogRecord } from '../../lib/log.ts'
import { createRuntime, type Deps } from '../../lib/runtime.ts'
import { event, registration } from '../support/function.ts'

const ENVIRONMENT = {
  source: { inline: JSON.stringify({ version: 1, clients: [registration()] }) },
  onLambda: true,
  credentials: { accessKeyId: 'a', secretAccessKey: 'b' },
}
const routes = { '/token': async () => emptyReply(204) }

function runtime(overrides: Partial<Deps>, log: LogRecord[] = []): Deps {
  return createRuntime({ log: record => log.push(record), ...overrides }, ENVIRONMENT)
}

describe('ready', () => {
  test('reads the configuration, so that the first request finds it there', async () => {
    let reads = 0
    const deps = runtime({})
    const configuration = () => {
      reads++
      return deps.configuration()
    }
    await shell(routes, () => ({ ...deps, configuration })).ready
    expect(reads).toBe(1)
  })

  test('never rejects, whatever fails', async () => {
    await shell(routes, () => {
      throw new ConfigurationError([{ path: 'AWS_ACCESS_KEY_ID', message: 'is required' }])
    }).ready
    await shell(routes, () => runtime({ configuration: () => Promise.reject(new Error('down')) })).ready
  })

  test('does not wait for a configuration that does not come', async () => {
    await shell(routes, () => runtime({ configuration: () => new Promise(() => {}) })).ready
  })
})

test('a runtime that cannot be made is 503, its problems in the log and nowhere else, and is tried again', async () => {
  const log: LogRecord[] = []
  const results: (Deps | Error)[] = [
    new ConfigurationError([{ path: 'AWS_REGION', message: 'is required' }]),
    runtime({}, log),
  ]
  let made = 0
  const fn = shell(routes, () => {
    // The first time is the warm-up's, the second the first request's.
    const next = results[Math.min(Math.max(0, made++ - 1), 1)]!
    if (next instanceof Error) throw next
    return next
  })
  await fn.ready
  const written: string[] = []
  const write = process.stdout.write
  process.stdout.write = ((text: string) => written.push(text)) as unknown as typeof process.stdout.write
  const first = await fn.handler(event()).finally(() => {
    process.stdout.write = write
  })
  expect([first.statusCode, first.body]).toEqual([503, expect.not.stringContaining('AWS_REGION')])
  expect(JSON.parse(written.join(''))).toMatchObject({
    outcome: 'configuration_unavailable',
    problems: ['AWS_REGION: is required'],
  })
  expect((await fn.handler(event())).statusCode).toBe(204)
  expect((await fn.handler(event())).statusCode).toBe(204)
  expect(made).toBe(3)
})

test('an error that nobody thought of: 500, readable, its message neither in the answer nor in the log', async () => {
  const log: LogRecord[] = []
  const broken = async () => {
    throw new RangeError('SENTINEL')
  }
  const { statusCode, body, headers } = await shell({ '/token': broken }, () => runtime({}, log)).handler(
    event(),
  )
  expect([statusCode, JSON.parse(body).error]).toEqual([500, 'server_error'])
  expect(headers['access-control-allow-origin']).toBeDefined()
  expect(log.at(-1)).toMatchObject({ outcome: 'internal', error_name: 'RangeError', level: 'error' })
  expect(JSON.stringify([log, body])).not.toContain('SENTINEL')
})

test("when Lambda's own time runs out, the answer says that the outcome is not known", async () => {
  const never = () => new Promise<never>(() => {})
  const fn = shell({ '/token': never }, () => runtime({}))
  const { statusCode, body } = await fn.handler(event(), { getRemainingTimeInMillis: () => 50 })
  expect([statusCode, JSON.parse(body).error]).toEqual([504, 'exchange_outcome_unknown'])
})
