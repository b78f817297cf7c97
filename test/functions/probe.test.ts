import { describe, expect, test } from 'vitest'
import { type Ask, probe } from '../../functions/probe.ts'
import { parseRegistrations } from '../../lib/config/registrations.ts'
import { ProxyError } from '../../lib/errors.ts'
import type { Answer } from '../../lib/http/send.ts'
import type { LogRecord } from '../../lib/log.ts'
import { countsOf } from '../../lib/metrics.ts'
import type { MadeUp } from '../../lib/oauth/made-up.ts'
import {
  event,
  ORIGIN,
  REDIRECT_URI,
  registration,
  type TestFunction,
  testFunction,
} from '../support/function.ts'
import { bffClient, ISSUER, nativeClient, sessionClient } from '../support/session.ts'

const NOW = Date.parse('2026-11-24T12:00:00Z')

const answer = (status: number, value: unknown): Answer => ({
  status,
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify(value),
})

/** One run over a document. */
async function run(clients: Record<string, unknown>[], ask: Ask, configuration?: () => Promise<never>) {
  const log: LogRecord[] = []
  const asked: MadeUp[] = []
  const text = JSON.stringify({ version: 1, clients })
  const registrations = parseRegistrations(text, { revision: 'r', onLambda: true })
  let ids = 0
  await probe({
    configuration: configuration ?? (async () => ({ registrations, expired: false })),
    log: record => log.push(record),
    ask(request) {
      asked.push(request)
      return ask(request)
    },
    randomId: () => `${++ids}`.padStart(22, 'r'),
    now: () => NOW,
  })
  return { log, asked, counts: log.flatMap(countsOf) }
}

const REFUSED = async () =>
  answer(400, { error: 'invalid_grant', error_description: 'The identity provider refused the request.' })

test('asks as the app would, with a code that nobody was given', async () => {
  const { asked, log, counts } = await run([registration()], REFUSED)
  const [{ path, form, headers }] = asked as [MadeUp]
  expect([path, headers]).toEqual(['/token', { origin: ORIGIN }])
  expect(Object.fromEntries(form)).toMatchObject({
    grant_type: 'authorization_code',
    client_id: 'app-1',
    redirect_uri: REDIRECT_URI,
    code: expect.stringMatching(/^countersign-probe-/),
    code_verifier: expect.stringMatching(/^[A-Za-z0-9._~-]{43,128}$/),
  })
  expect(log).toMatchObject([{ event: 'probe', outcome: 'probe_ok', client_id: 'app-1', level: 'info' }])
  expect(counts).toEqual(['probe_ok'])
})

/** The function itself, asked by the probe. */
function asking(fn: TestFunction): Ask {
  return async ({ path, form, headers }) => {
    const result = await fn.handler(
      event([...form], { path, headers: { origin: undefined, ...headers }, base64: false }),
    )
    return { status: result.statusCode, headers: result.headers, body: result.body }
  }
}

test('what it asks passes every check of the function itself', async () => {
  const fn = testFunction()
  fn.answer = answer(400, { error: 'invalid_grant' })
  const { log } = await run([registration()], asking(fn))
  expect(log[0]!.outcome).toBe('probe_ok')
  expect([fn.signed > 0, fn.sent.length]).toEqual([true, 1])
})

describe('a client with a session, whose app has no business at /token', () => {
  const CLIENTS = [
    sessionClient(),
    bffClient(),
    nativeClient(),
    nativeClient({ delivery: 'session', api_routes: ['* /*'] }),
  ]

  test.each(CLIENTS)('$delivery, $application_type: a made-up token is revoked', async client => {
    const fn = testFunction(client)
    fn.answer = { status: 200, headers: {}, body: '' }
    const { log, asked, counts } = await run([client], asking(fn))
    const [{ path, form, headers }] = asked as [MadeUp]
    expect([path, form.get('token')]).toEqual(['/revoke', expect.stringMatching(/^countersign-probe-/)])
    expect(headers).toEqual(client.application_type === 'native' ? {} : { origin: ORIGIN, 'x-csrf': '1' })
    expect(log).toMatchObject([{ level: 'info', outcome: 'probe_ok', client_id: 'app-1' }])
    expect([fn.signed > 0, fn.sent.map(({ url }) => url), counts]).toEqual([
      true,
      [`${ISSUER}/revoke`],
      ['probe_ok'],
    ])
  })

  test.each<[string, Answer, string]>([
    [
      'the provider does not take the assertion',
      answer(401, { error: 'invalid_client' }),
      '502 server_error',
    ],
    ['the provider is not well', answer(503, {}), '503 temporarily_unavailable'],
  ])('%s', async (_, given, outcome) => {
    const fn = testFunction(bffClient())
    fn.answer = given
    const { log, counts } = await run([bffClient()], asking(fn))
    expect(log).toMatchObject([{ level: 'error', outcome: `probe_failed: ${outcome}` }])
    expect(counts).toEqual(['probe_failed'])
  })

  test('a page that somebody else puts there is no success', async () => {
    const page = async () => ({ status: 200, headers: {}, body: '<html>' })
    const { log } = await run([bffClient()], page)
    expect(log).toMatchObject([{ outcome: 'probe_failed: 200 no error code' }])
  })

  test('without a revocation endpoint nothing is asked, and the log says so without an alarm', async () => {
    const { log, asked, counts } = await run([sessionClient({ revocation_endpoint: undefined })], REFUSED)
    expect(asked).toEqual([])
    expect(log).toMatchObject([{ level: 'info', outcome: 'probe_ok: not asked, no revocation endpoint' }])
    expect(counts).toEqual(['probe_ok'])
  })
})

describe('whatever else comes is a failure', () => {
  test.each<[string, Ask, string]>([
    ['tokens, which would be a wonder', async () => answer(200, { access_token: 'x' }), '200 no error code'],
    ['invalid_client, as 502', async () => answer(502, { error: 'server_error' }), '502 server_error'],
    ['no key', async () => answer(500, { error: 'server_error' }), '500 server_error'],
    [
      'a refusal of our own, which proves nothing',
      async () =>
        answer(400, {
          error: 'invalid_grant',
          error_description: 'redirect_uri is not registered for this client.',
        }),
      '400 invalid_grant of our own',
    ],
    ['another refusal', async () => answer(400, { error: 'invalid_request' }), '400 invalid_request'],
    ['the gateway', async () => answer(503, { message: 'Service Unavailable' }), '503 no error code'],
    ['no connection', () => Promise.reject(new ProxyError('upstream_unreachable')), 'upstream_unreachable'],
    ['an echo', async () => answer(400, { error: '<script>' }), '400 unlisted'],
  ])('%s', async (_, ask, outcome) => {
    const { log, counts } = await run([registration()], ask)
    expect(log).toMatchObject([{ level: 'error', outcome: `probe_failed: ${outcome}` }])
    expect(counts).toEqual(['probe_failed'])
  })

  test('no configuration', async () => {
    const { log, counts } = await run([], REFUSED, () =>
      Promise.reject(new ProxyError('configuration_unavailable')),
    )
    expect(log).toMatchObject([{ outcome: 'probe_failed: configuration_unavailable' }])
    expect(counts).toEqual(['probe_failed'])
  })
})

test('every client that is switched on is asked for, also a native one, which has no Origin', async () => {
  const native = registration({
    client_id: 'native',
    application_type: 'native',
    allowed_origins: [],
    redirect_uris: ['com.example.app:/callback'],
  })
  const { asked } = await run(
    [registration(), registration({ client_id: 'off', enabled: false }), native],
    REFUSED,
  )
  expect(asked.map(({ form, headers }) => [form.get('client_id'), headers.origin])).toEqual([
    ['app-1', ORIGIN],
    ['native', undefined],
  ])
})

test('without a client there is nothing wrong: a first deployment has none', async () => {
  const { log, asked } = await run([], REFUSED)
  expect(asked).toEqual([])
  expect(log.flatMap(countsOf)).toEqual(['probe_ok'])
})

test('ROT-6: the age of the key that signs, in whole days', async () => {
  const [key] = registration().signing_keys as object[]
  const signing_keys = [{ ...key, activated_at: '2026-11-01T13:00:00Z' }]
  const { log } = await run([registration({ signing_keys }), registration({ client_id: 'unknown' })], REFUSED)
  expect(log.map(({ key_age_days }) => key_age_days)).toEqual([22, undefined])
})
