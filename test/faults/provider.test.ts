import { gzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { json } from '../support/fake-provider.ts'
import { event, GOOD, ORIGIN } from '../support/function.ts'
import { type Behaviour, FORGED, keysOf, SECOND, type Stage, setStage, signedBy } from './stage.ts'
import { line, play, type Row, written } from './table.ts'

// The provider down, slow, redirecting, talking nonsense. One request at most, whatever it does.

const TOKENS = { access_token: 'at', token_type: 'Bearer' }

const does = (behaviour: Behaviour) => (stage: Stage) => {
  stage.behave = behaviour
}
const answers = (status: number, body: unknown, headers: Record<string, string> = {}) =>
  does(response => json(response, status, body, headers))
const writes = (status: number, type: string, body: string | Buffer, headers = {}) =>
  does(response => void response.writeHead(status, { 'content-type': type, ...headers }).end(body))

const USELESS = { status: 502, error: 'server_error', signed: 1, sent: 1 }
/** ERR-7: nobody knows whether the code was used. */
const LOST = { status: 502, error: 'exchange_outcome_unknown', signed: 1, sent: 1 }
const LATE = { status: 504, error: 'exchange_outcome_unknown', signed: 1, sent: 1 }
const LATER = { error: 'temporarily_unavailable', signed: 1, sent: 1 }
const down: Behaviour = response => json(response, 500, {})
const malformed = (word: string) => ({ ...USELESS, reason: `upstream_malformed: ${word}` })

const redirects = (status: number): Row => ({
  fault: `the provider answers ${status} to somewhere else`,
  breaks: answers(status, TOKENS, { location: '/token' }),
  ...USELESS,
  reason: 'upstream_malformed',
})

const rows: Row[] = [
  // REQ-5
  ...[301, 302, 307, 308].map(redirects),
  {
    fault: 'the provider answers HTML with 200',
    breaks: writes(200, 'text/html', '<p>Sorry</p>'),
    ...malformed('NOT_JSON'),
  },
  {
    fault: 'the provider answers HTML with 400',
    breaks: writes(400, 'text/html', '<p>Sorry</p>'),
    ...USELESS,
    reason: 'upstream_malformed',
  },
  {
    fault: 'the provider answers an empty 403',
    breaks: writes(403, 'text/plain', ''),
    ...USELESS,
    reason: 'upstream_malformed',
  },
  {
    fault: 'the provider answers an empty 200',
    breaks: writes(200, 'application/json', ''),
    ...malformed('NOT_JSON'),
  },
  {
    fault: 'the provider answers 204',
    breaks: does(response => void response.writeHead(204).end()),
    ...USELESS,
    reason: 'upstream_malformed',
  },
  {
    fault: 'the provider answers JSON that is no object',
    breaks: answers(200, [TOKENS]),
    ...malformed('NOT_JSON'),
  },
  {
    fault: 'the provider answers what is not UTF-8',
    breaks: writes(200, 'application/json', Buffer.from('{"a":"\xff"}', 'latin1')),
    ...malformed('NOT_UTF8'),
  },
  {
    fault: 'the provider answers gzip',
    breaks: writes(200, 'application/json', gzipSync(JSON.stringify(TOKENS)), { 'content-encoding': 'gzip' }),
    ...malformed('CONTENT_ENCODING'),
  },
  {
    fault: 'the provider answers without token_type',
    breaks: answers(200, { access_token: 'at' }),
    ...malformed('NO_TOKENS'),
  },
  {
    fault: 'the provider does not accept the assertion',
    breaks: answers(401, { error: 'invalid_client' }, { 'www-authenticate': 'Basic' }),
    ...USELESS,
    reason: 'upstream_invalid_client',
  },
  {
    fault: 'the provider refuses the code',
    breaks: answers(400, { error: 'invalid_grant' }),
    status: 400,
    error: 'invalid_grant',
    signed: 1,
    sent: 1,
    reason: 'upstream_refused',
  },
  {
    fault: 'the provider answers 500',
    breaks: answers(500, { error: 'server_error' }),
    ...USELESS,
    reason: 'upstream_malformed',
  },
  {
    fault: 'the provider answers 503',
    breaks: answers(503, {}, { 'retry-after': '5' }),
    ...LATER,
    status: 503,
    reason: 'upstream_unavailable',
  },
  {
    fault: 'the provider answers 429',
    breaks: answers(429, {}, { 'retry-after': '5' }),
    ...LATER,
    status: 429,
    reason: 'upstream_rate_limited',
  },
  {
    fault: 'the provider answers after 3 s',
    breaks: does(response => void setTimeout(() => json(response, 200, TOKENS), 3_000)),
    status: 200,
    signed: 1,
    sent: 1,
    reason: 'tokens',
  },
  // REQ-6
  { fault: 'the provider does not answer', breaks: does(() => {}), ...LATE, reason: 'upstream_timeout' },
  {
    fault: 'the provider stops in the middle of its answer',
    breaks: does(response => void response.writeHead(200, { 'content-length': '99' }).write('{')),
    ...LATE,
    reason: 'upstream_timeout',
  },
  // IDT-1, IDT-5
  {
    fault: 'the ID token is signed by a key that the provider does not publish',
    setting: { idTokens: true },
    breaks: does(signedBy(FORGED)),
    ...USELESS,
    reason: 'id_token_invalid: ID_TOKEN_SIGNATURE',
  },
  {
    fault: 'the ID token is of a key that is not published, and the keys cannot be read',
    setting: { idTokens: true },
    breaks: stage => Object.assign(stage, { behave: signedBy(SECOND), jwks: down }),
    ...LOST,
    reason: 'id_token_unverifiable: JWKS_STATUS',
  },
  {
    fault: 'the ID token is of a new key, published a moment ago',
    setting: { idTokens: true },
    breaks: stage => Object.assign(stage, { behave: signedBy(SECOND), jwks: keysOf(SECOND) }),
    status: 200,
    signed: 1,
    sent: 1,
    reason: 'tokens',
  },
  {
    fault: 'the keys of the provider cannot be read as a container starts',
    setting: { idTokens: true },
    cold: true,
    breaks: stage => Object.assign(stage, { jwks: down }),
    ...LOST,
    reason: 'id_token_unverifiable: JWKS_STATUS',
  },
  {
    fault: 'the keys of the provider are an empty set as a container starts',
    setting: { idTokens: true },
    cold: true,
    breaks: stage => Object.assign(stage, { jwks: keysOf() }),
    ...LOST,
    reason: 'id_token_unverifiable: JWKS_EMPTY',
  },
]

describe.concurrent('Provider', () => {
  test.for(rows)('$fault', row => play(row))
})

test('docs/faults.md has these rows and no others', () => {
  expect(written('Provider')).toEqual(rows.map(line))
})

test('ERR-7: no word of it can be taken for a refusal of the code', async () => {
  const stage = await setStage()
  await stage.start()
  stage.behave = response => response.socket?.resetAndDestroy()
  const { body = '' } = await stage.exchange()
  expect(JSON.parse(body)).toEqual({
    error: 'exchange_outcome_unknown',
    error_description: expect.stringContaining('may or may not have happened'),
  })
  await stage.close()
})

test('ERR-5, ERR-6: 429 and 503 keep their Retry-After, an hour at most', async () => {
  const stage = await setStage()
  await stage.start()
  for (const [status, asked, told] of [
    [429, '5', '5'],
    [503, '9999', '3600'],
  ] as const) {
    stage.behave = response => json(response, status, {}, { 'retry-after': asked })
    const { statusCode, headers } = await stage.exchange()
    expect([statusCode, headers?.['retry-after']]).toEqual([status, told])
  }
  await stage.close()
})

test("REQ-2, REQ-7: of the browser's request nothing travels on but the parameters", async () => {
  const stage = await setStage()
  await stage.start()
  const headers = {
    origin: ORIGIN,
    referer: `${ORIGIN}/secret`,
    cookie: 'session=1',
    'x-forwarded-for': '203.0.113.1',
    'sec-fetch-site': 'cross-site',
    'accept-language': 'de',
  }
  expect((await stage.container().invoke(event(GOOD, { headers }))).statusCode).toBe(200)
  const sent = stage.tokenRequests()[0]!.headers.map(([name, value]) => [name.toLowerCase(), value] as const)
  expect(sent.map(([name]) => name).sort()).toEqual([
    'accept',
    'connection',
    'content-length',
    'content-type',
    'host',
    'user-agent',
  ])
  expect(Object.fromEntries(sent)).toMatchObject({
    accept: 'application/json',
    'content-type': 'application/x-www-form-urlencoded',
    'user-agent': expect.stringMatching(/^countersign\/\d+\.\d+\.\d+$/),
  })
  await stage.close()
})
