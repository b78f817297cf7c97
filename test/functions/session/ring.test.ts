import { describe, expect, test } from 'vitest'
import { keptSecret } from '../../../lib/config/kept-secret.ts'
import { parseRing } from '../../../lib/config/ring.ts'
import { ProxyError } from '../../../lib/errors.ts'
import { sessionCookie } from '../../../lib/session/cookies.ts'
import { type Masters, sealKeys } from '../../../lib/session/keys.ts'
import { RING, type TestFunction, testFunction } from '../../support/function.ts'
import { json, sessionClient, TestBrowser } from '../../support/session.ts'

// COOKIE-7: the keys of sessions change, and nobody is signed out by it.

const second = 'second-master-'.repeat(4)
const BOTH: Masters = { write: 'k2', masters: new Map([...RING.masters, ['k2', second]]) }
const SECOND: Masters = { write: 'k2', masters: new Map([['k2', second]]) }

const headerOf = (fn: TestBrowser) =>
  JSON.parse(Buffer.from(fn.cookies.get(fn.session[0]!)!.split('.')[0]!, 'base64url').toString())

const renewed = json({ access_token: 'at-2', token_type: 'Bearer', expires_in: 300, refresh_token: 'rt-2' })

/** Containers that share one secret and keep what they have read of it: `read` is what the next read brings. */
function containers(count: number): { fns: TestFunction[]; secret: { value: Masters; reads: number } } {
  const secret = { value: RING, reads: 0 }
  const fns = Array.from({ length: count }, () => {
    const fn = testFunction(sessionClient())
    let held: Masters = secret.value
    const now = () => Date.now()
    fn.deps.seals = sealKeys({
      now,
      ring: {
        get: async () => ({ value: held, expired: false }),
        async renewed() {
          secret.reads++
          held = secret.value
          return true
        },
      },
    })
    return fn
  })
  return { fns, secret }
}

/** The same browser at another container. */
function at(fn: TestFunction, browser: TestBrowser): TestBrowser {
  const other = new TestBrowser(fn)
  for (const [name, value] of browser.cookies) other.cookies.set(name, value)
  return other
}

test('an old cookie is read, and the next one that is written has the new key', async () => {
  const fn = testFunction(sessionClient())
  const browser = new TestBrowser(fn)
  await browser.signIn()
  expect(headerOf(browser)).toEqual({ alg: 'dir', enc: 'A256GCM', kid: 'k1', typ: 'countersign-session' })
  fn.ring = BOTH
  expect((await browser.post('/session')).statusCode).toBe(200)
  expect(headerOf(browser).kid).toBe('k1')
  fn.answer = renewed
  await browser.post('/session', { force: 'true' })
  expect(headerOf(browser).kid).toBe('k2')
})

test('a master that was taken out: 401, cleared, and nothing else', async () => {
  const fn = testFunction(sessionClient())
  const browser = new TestBrowser(fn)
  await browser.signIn()
  const before = fn.sent.length
  fn.ring = SECOND
  const answer = await browser.post('/session')
  expect([answer.statusCode, JSON.parse(answer.body).error]).toEqual([401, 'login_required'])
  expect(browser.session).toEqual([])
  expect(fn.sent.length).toBe(before)
  await browser.signIn()
  expect((await browser.post('/session')).statusCode).toBe(200)
})

describe('under load', () => {
  test('rotated in the middle, in containers that have not all heard of it: no session is lost', async () => {
    const { fns, secret } = containers(4)
    const browsers: TestBrowser[] = []
    for (let i = 0; i < 20; i++) {
      const browser = new TestBrowser(fns[i % fns.length]!)
      await browser.signIn()
      browsers.push(browser)
    }
    for (const fn of fns) fn.answer = renewed
    let asked = 0
    const statuses: number[] = []
    const kids = new Set<string>()
    for (let round = 0; round < 12; round++) {
      if (round === 4) secret.value = BOTH
      // One of them hears of it by itself, the others when they meet a cookie of its.
      if (round === 5)
        await fns[0]!.deps.seals.toOpen('session', { client_id: 'x', as: { issuer: 'x' } }, 'k2')
      await Promise.all(
        browsers.map(async (browser, i) => {
          const here = at(fns[asked++ % fns.length]!, browser)
          const force: Record<string, string> = (round + i) % 3 === 0 ? { force: 'true' } : {}
          statuses.push((await here.post('/session', force)).statusCode)
          for (const [name, value] of here.cookies) browser.cookies.set(name, value)
          kids.add(headerOf(browser).kid)
        }),
      )
    }
    expect(statuses).toHaveLength(240)
    expect(new Set(statuses)).toEqual(new Set([200]))
    expect([...kids].sort()).toEqual(['k1', 'k2'])
  }, 20_000)
})

test('where the keys cannot be had at all: 503, and no cookie is cleared', async () => {
  const fn = testFunction(sessionClient())
  const browser = new TestBrowser(fn)
  await browser.signIn()
  fn.deps.seals = sealKeys({
    now: Date.now,
    ring: {
      get: () => Promise.reject(new ProxyError('configuration_unavailable')),
      renewed: async () => false,
    },
  })
  const answer = await browser.post('/session')
  expect([answer.statusCode, answer.cookies]).toEqual([503, undefined])
  expect(browser.session).toHaveLength(1)
})

describe('a key that is not known', () => {
  test('while the ring cannot be read: the session stays', async () => {
    const fn = testFunction(sessionClient())
    const browser = new TestBrowser(fn)
    let down = false
    const ring = keptSecret('ring', parseRing, {
      async readSecret() {
        if (down) throw new Error('down')
        return { text: JSON.stringify({ write: 'k1', k1: 'x'.repeat(43) }), revision: '1' }
      },
      now: Date.now,
      report: () => {},
    })
    const newer = sealKeys({
      ring: {
        get: async () => ({
          value: { write: 'k2', masters: new Map([['k2', 'y'.repeat(43)]]) },
          expired: false,
        }),
        renewed: async () => true,
      },
      now: Date.now,
    })
    const deps = fn.deps as { seals: unknown }
    deps.seals = newer
    await browser.signIn()
    deps.seals = sealKeys({ ring, now: Date.now })
    await ring.get()
    await new Promise(resolve => setTimeout(resolve, 5))
    down = true
    const answer = await browser.post('/session')
    expect([answer.statusCode, browser.session]).toEqual([503, [sessionCookie('app-1')]])
  })
  const masters = (...names: string[]): Masters => ({
    write: names.at(-1)!,
    masters: new Map(names.map(name => [name, `${name}-`.repeat(20)])),
  })
  const owner = { client_id: 'app-1', as: { issuer: 'https://idp.example' } }

  test('a key that was added while a read was under way is not taken for missing', async () => {
    let held = masters('k1')
    let secret = masters('k1')
    const gate = Promise.withResolvers<void>()
    const keys = sealKeys({
      now: () => 1_000_000,
      ring: {
        get: async () => ({ value: held, expired: false }),
        async renewed() {
          const seen = secret
          await gate.promise
          held = seen
          return true
        },
      },
    })
    const stranger = keys.toOpen('session', owner, 'made-up')
    await new Promise(resolve => setTimeout(resolve, 1))
    // The read has its answer, and it is on its way. Now the key is added, seals, and its cookie comes here.
    secret = masters('k1', 'k2-new')
    const legitimate = keys.toOpen('session', owner, 'k2-new').then(
      key => key?.kid ?? 'signed out',
      (error: { reason: string }) => error.reason,
    )
    await new Promise(resolve => setTimeout(resolve, 1))
    gate.resolve()
    await stranger
    expect(['k2-new', 'session_key_unknown']).toContain(await legitimate)
  })

  test('a ring that was rolled back, and forward again', async () => {
    let held = masters('k1', 'k2')
    let secret = held
    const keys = sealKeys({
      now: () => 1_000_000,
      ring: {
        get: async () => ({ value: held, expired: false }),
        async renewed() {
          held = secret
          return true
        },
      },
    })
    await keys.toSeal('session', owner)
    held = secret = masters('k1')
    await keys.toSeal('session', owner)
    secret = masters('k1', 'k2')
    expect((await keys.toOpen('session', owner, 'k2'))?.kid).toBe('k2')
  })
})
