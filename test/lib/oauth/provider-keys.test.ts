import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { ProxyError } from '../../../lib/errors.ts'
import type { Answer } from '../../../lib/http/send.ts'
import { JWKS_FORCED_MS, JWKS_FRESH_MS, JWKS_RETRY_MS, JWKS_STALE_MAX_MS } from '../../../lib/limits.ts'
import { checkIdToken } from '../../../lib/oauth/id-token.ts'
import { providerKeys } from '../../../lib/oauth/provider-keys.ts'
import { client, ISSUER } from '../../support/client.ts'
import { rejection } from '../../support/fake-provider.ts'
import { idToken, published } from '../../support/id-tokens.ts'
import { type TestKey, testKey } from '../../support/keys.ts'

const URI = `${ISSUER}/jwks`
const one = testKey('RS256', 'one')
const two = testKey('RS256', 'two')

const document = (body: unknown, headers: Record<string, string> = {}): Answer => ({
  status: 200,
  headers: { 'content-type': 'application/jwk-set+json', ...headers },
  body: typeof body === 'string' ? body : JSON.stringify(body),
})
const set = (...keys: [TestKey, string?][]) =>
  document({ keys: keys.map(([key, kid]) => published(key, kid)) })
const down = new ProxyError('upstream_unreachable')

type Reading = Answer | Error | Promise<Answer>

/** Keys over a literal clock and server: `server.answer` is what it gives now, `clock.ms` the time. */
function setUp(answer: Reading = set([one, 'k1'])) {
  const clock = { ms: 1_790_000_000_000 }
  const server = { answer, reads: [] as string[] }
  const reported: string[] = []
  const keys = providerKeys(URI, {
    now: () => clock.ms,
    report: name => reported.push(name),
    async get(url) {
      server.reads.push(url)
      if (server.answer instanceof Error) throw server.answer
      return server.answer
    },
  })
  /** What becomes of a token that is signed with a key now: undefined where it is good, else why not. */
  const check = async (key: TestKey, kid?: string): Promise<string | undefined> => {
    const id_token = idToken(ISSUER, clock.ms, { header: { kid } }, key)
    const tokens = { access_token: 'at-1', token_type: 'Bearer', id_token }
    try {
      await checkIdToken(tokens, client(), keys, { now: clock.ms })
      return undefined
    } catch (error) {
      if (!(error instanceof ProxyError)) throw error
      return `${error.reason} ${(error.cause as { code: string }).code}`
    }
  }
  return { clock, server, reported, keys, check }
}

const settled = () => new Promise(resolve => setImmediate(resolve))

const unhandled: unknown[] = []
const note = (error: unknown) => unhandled.push(error)
beforeEach(() => {
  unhandled.length = 0
  process.on('unhandledRejection', note)
})
afterEach(async () => {
  await settled()
  process.off('unhandledRejection', note)
  expect(unhandled).toEqual([])
})

describe('IDT-5: the keys of a provider', () => {
  test('are read when first asked for, once for all who ask', async () => {
    const { server, keys, check } = setUp()
    expect(server.reads).toEqual([])
    expect(await Promise.all(Array.from({ length: 20 }, () => check(one, 'k1')))).toEqual(
      Array(20).fill(undefined),
    )
    await keys.current()
    expect(server.reads).toEqual([URI])
  })

  test('are there already where a cold start or the request itself has had them read', async () => {
    for (const ahead of ['prepare', 'renew'] as const) {
      const { server, keys, check } = setUp()
      await keys[ahead]()
      expect(server.reads).toHaveLength(1)
      expect(await check(one, 'k1')).toBeUndefined()
      expect(server.reads).toHaveLength(1)
    }
  })

  test('a token response without an ID token needs none', async () => {
    const { server, keys } = setUp()
    await checkIdToken({ access_token: 'at', token_type: 'Bearer' }, client(), keys, { now: 0 })
    expect(server.reads).toEqual([])
  })

  test('for 10 minutes nothing is read again', async () => {
    const { clock, server, keys } = setUp()
    const first = await keys.current()
    clock.ms += JWKS_FRESH_MS - 1
    keys.renew()
    await keys.prepare()
    expect(await keys.current()).toBe(first)
    expect(server.reads).toHaveLength(1)
  })

  test('then they are read beside the next exchange, which uses the new ones', async () => {
    const { clock, server, keys, check } = setUp()
    await keys.current()
    server.answer = set([two, 'k2'])
    clock.ms += JWKS_FRESH_MS
    keys.renew()
    keys.renew()
    expect(await check(two, 'k2')).toBeUndefined()
    expect(server.reads).toHaveLength(2)
    // A key that the provider took back is not trusted any longer.
    expect(await check(one, 'k1')).toBe('id_token_invalid ID_TOKEN_KEY')
  })

  test('the age counts from the beginning of the read: a freeze in the middle does not make them younger', async () => {
    const { clock, server, keys } = setUp()
    const later = Promise.withResolvers<Answer>()
    server.answer = later.promise
    const reading = keys.prepare()
    clock.ms += JWKS_FRESH_MS
    later.resolve(set([one, 'k1']))
    await reading
    keys.renew()
    expect(server.reads).toHaveLength(2)
  })

  test('a clock that steps back does not keep them for ever', async () => {
    const { clock, server, keys } = setUp()
    await keys.current()
    clock.ms -= 3_600_000
    keys.renew()
    expect(server.reads).toHaveLength(2)
  })

  test('and if they then cannot be read, the age counts from the step', async () => {
    const { clock, server, keys, check } = setUp()
    await keys.current()
    server.answer = down
    clock.ms -= 24 * 3_600_000
    expect(await check(one, 'k1')).toBeUndefined()
    clock.ms += JWKS_STALE_MAX_MS - JWKS_FRESH_MS
    expect(await check(one, 'k1')).toBe('id_token_unverifiable JWKS_UNREACHABLE')
  })
})

test('IDT-5: those that are too old are read beside the exchange as well', async () => {
  const { clock, server, keys } = setUp()
  await keys.current()
  clock.ms += JWKS_STALE_MAX_MS
  keys.renew()
  expect(server.reads).toHaveLength(2)
  await keys.current()
  expect(server.reads).toHaveLength(2)
})

describe('IDT-5: where they cannot be read', () => {
  test.each<[string, Reading, string]>([
    ['no connection', down, 'JWKS_UNREACHABLE'],
    ['no answer', new ProxyError('upstream_timeout'), 'JWKS_TIMEOUT'],
    ['half an answer', new ProxyError('upstream_lost'), 'JWKS_LOST'],
    ['too large an answer', new ProxyError('upstream_malformed'), 'JWKS_MALFORMED'],
    ['404', { ...set(), status: 404 }, 'JWKS_STATUS'],
    ['a redirect', { status: 302, headers: { location: 'https://evil.example' }, body: '' }, 'JWKS_STATUS'],
    ['HTML', document('{"keys":[]}', { 'content-type': 'text/html' }), 'JWKS_NOT_JSON'],
    ['no JSON', document('{'), 'JWKS_NOT_JSON'],
    ['an array', document([]), 'JWKS_NOT_JSON'],
    ['no keys', document({}), 'JWKS_MALFORMED'],
    ['an empty set', document({ keys: [] }), 'JWKS_EMPTY'],
    ['keys that are no objects', document({ keys: ['x'] }), 'JWKS_MALFORMED'],
    ['an error that nobody thought of', new TypeError('sentinel'), 'JWKS_MALFORMED'],
  ])('%s: the outcome of the exchange is not known, and the next one asks again', async (_, answer, name) => {
    const { server, check, reported } = setUp(answer)
    expect(await check(one, 'k1')).toBe(`id_token_unverifiable ${name}`)
    // The request says so itself.
    expect(reported).toEqual([])
    server.answer = set([one, 'k1'])
    expect(await check(one, 'k1')).toBeUndefined()
  })

  test('the old ones serve for an hour, and each failed read is reported; then nothing does', async () => {
    const { clock, server, check, reported } = setUp()
    const begun = clock.ms
    await check(one, 'k1')
    server.answer = down
    clock.ms = begun + JWKS_FRESH_MS
    expect(await check(one, 'k1')).toBeUndefined()
    expect(reported).toEqual(['JWKS_UNREACHABLE'])
    clock.ms = begun + JWKS_STALE_MAX_MS - 1
    expect(await check(one, 'k1')).toBeUndefined()
    clock.ms = begun + JWKS_STALE_MAX_MS
    expect(await check(one, 'k1')).toBe('id_token_unverifiable JWKS_UNREACHABLE')
    server.answer = set([one, 'k1'])
    expect(await check(one, 'k1')).toBeUndefined()
  })

  test('a document that is no key set does not take the place of one that was', async () => {
    const { clock, server, check } = setUp()
    await check(one, 'k1')
    server.answer = document('<p>Sorry</p>')
    clock.ms += JWKS_FRESH_MS
    expect(await check(one, 'k1')).toBeUndefined()
  })

  test('while old ones serve, a failed read is not repeated for 10 s: nobody waits for what hangs', async () => {
    const { clock, server, keys } = setUp()
    await keys.current()
    server.answer = down
    clock.ms += JWKS_FRESH_MS
    keys.renew()
    await keys.current()
    await settled()
    clock.ms += JWKS_RETRY_MS - 1
    keys.renew()
    await keys.current()
    expect(server.reads).toHaveLength(2)
    clock.ms += 1
    keys.renew()
    expect(server.reads).toHaveLength(3)
  })

  test('a clock that steps back does not put the next try off', async () => {
    const { clock, server, keys } = setUp()
    await keys.current()
    server.answer = down
    clock.ms += JWKS_FRESH_MS
    await keys.current()
    clock.ms -= 3_600_000
    keys.renew()
    expect(server.reads).toHaveLength(3)
  })

  test('one that failed long ago lends no other a second try', async () => {
    const { server, keys, check } = setUp(down)
    void keys.prepare()
    keys.renew()
    await settled()
    expect(server.reads).toHaveLength(1)
    expect(await check(one, 'k1')).toBe('id_token_unverifiable JWKS_UNREACHABLE')
    expect(server.reads).toHaveLength(2)
  })

  test("a cold start's failed read is not remembered", async () => {
    const { server, keys, check } = setUp(down)
    await keys.prepare()
    server.answer = set([one, 'k1'])
    expect(await check(one, 'k1')).toBeUndefined()
    expect(server.reads).toHaveLength(2)
  })

  test('one that was begun before, and fails while a request waits for it, is repeated once', async () => {
    const { server, keys, check } = setUp()
    const frozen = Promise.withResolvers<Answer>()
    server.answer = frozen.promise
    void keys.prepare()
    await settled()
    server.answer = set([one, 'k1'])
    keys.renew()
    const checking = check(one, 'k1')
    await settled()
    frozen.reject(new ProxyError('upstream_timeout'))
    expect(await checking).toBeUndefined()
    expect(server.reads).toHaveLength(2)
  })
})

test('IDT-5: one that was begun with the exchange itself, and fails, is not: the app has waited for it', async () => {
  const { server, keys, check } = setUp()
  const hanging = Promise.withResolvers<Answer>()
  server.answer = hanging.promise
  keys.renew()
  const checking = check(one, 'k1')
  await settled()
  hanging.reject(new ProxyError('upstream_timeout'))
  expect(await checking).toBe('id_token_unverifiable JWKS_TIMEOUT')
  expect(server.reads).toHaveLength(1)
})

describe('IDT-5: a kid that is not known', () => {
  test('has the keys read again at once: a rotation refuses nobody', async () => {
    const { server, check } = setUp()
    await check(one, 'k1')
    server.answer = set([one, 'k1'], [two, 'k2'])
    expect(await check(two, 'k2')).toBeUndefined()
    expect(await check(one, 'k1')).toBeUndefined()
    expect(server.reads).toHaveLength(2)
  })

  test('but not again within 60 s; another one does', async () => {
    const { clock, server, check } = setUp()
    await check(one, 'k1')
    expect(await check(two, 'k2')).toBe('id_token_invalid ID_TOKEN_KEY')
    expect(server.reads).toHaveLength(2)
    clock.ms += JWKS_FORCED_MS - 1
    expect(await check(two, 'k2')).toBe('id_token_invalid ID_TOKEN_KEY')
    expect(server.reads).toHaveLength(2)
    expect(await check(two, 'k3')).toBe('id_token_invalid ID_TOKEN_KEY')
    expect(server.reads).toHaveLength(3)
    clock.ms += 1
    server.answer = set([two, 'k2'])
    expect(await check(two, 'k2')).toBeUndefined()
    expect(server.reads).toHaveLength(4)
  })

  test('is one read for many at once, also for those that come a little later', async () => {
    const { server, keys, check } = setUp()
    const old = await keys.current()
    server.answer = set([two, 'k2'])
    expect(await Promise.all(Array.from({ length: 20 }, () => check(two, 'k2')))).toEqual(
      Array(20).fill(undefined),
    )
    // Whoever looked in the old ones gets what another had read in the meantime.
    expect(await keys.renewedFor('k2', old)).toBe(await keys.current())
    expect(server.reads).toHaveLength(2)
  })

  test('where they cannot be read: not known whether it is good, and asked again next time', async () => {
    const { server, check, reported } = setUp()
    await check(one, 'k1')
    server.answer = down
    expect(await check(two, 'k2')).toBe('id_token_unverifiable JWKS_UNREACHABLE')
    expect(reported).toEqual(['JWKS_UNREACHABLE'])
    expect(await check(one, 'k1')).toBeUndefined()
    server.answer = set([two, 'k2'])
    expect(await check(two, 'k2')).toBeUndefined()
  })

  test('a rotation without any kid is found as well', async () => {
    const { server, check } = setUp(set([one]))
    expect(await check(one)).toBeUndefined()
    server.answer = set([two])
    expect(await check(two)).toBeUndefined()
    expect(server.reads).toHaveLength(2)
  })

  test('a known kid with a wrong signature is no reason to read', async () => {
    const { server, check } = setUp()
    expect(await check(two, 'k1')).toBe('id_token_invalid ID_TOKEN_SIGNATURE')
    expect(server.reads).toHaveLength(1)
  })
})

test('a failure beside an exchange that brings no ID token is nobody’s error', async () => {
  const { keys, server } = setUp(down)
  keys.renew()
  await settled()
  expect(server.reads).toHaveLength(1)
  expect(await rejection(keys.current())).toMatchObject({ reason: 'id_token_unverifiable' })
})
