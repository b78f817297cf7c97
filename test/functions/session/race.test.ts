import { beforeEach, describe, expect, test } from 'vitest'
import { ProxyError } from '../../../lib/errors.ts'
import type { Answer } from '../../../lib/http/post.ts'
import type { LeaseStore } from '../../../lib/session/leases.ts'
import { functionWith, type TestFunction, testFunction } from '../../support/function.ts'
import { give, json, sessionClient, TestBrowser } from '../../support/session.ts'

// RACE-1: two tabs refresh at once, and the provider's refresh tokens work once.

/** A provider that rotates, and ends the whole family where a token comes again (RFC 9700 section 4.14.2). */
function rotating() {
  let current = 1
  let revoked = false
  const state = {
    refreshes: 0,
    get revoked() {
      return revoked
    },
  }
  const post = async (_: string, form: URLSearchParams): Promise<Answer> => {
    // As long as a provider takes: everybody who asks at once is there by then.
    await new Promise(resolve => setTimeout(resolve, 20))
    if (revoked || form.get('refresh_token') !== `sentinel-rt-${current}`) {
      revoked = true
      return json({ error: 'invalid_grant' }, 400)
    }
    state.refreshes++
    current++
    return json({
      access_token: `sentinel-at-${current}`,
      token_type: 'Bearer',
      expires_in: 300,
      refresh_token: `sentinel-rt-${current}`,
    })
  }
  return { post, state }
}

/** A store of leases in memory, as several containers share it. */
function leaseStore(): LeaseStore & { rows: Map<string, { owner: string; sealed?: string }> } {
  const rows = new Map<string, { owner: string; sealed?: string }>()
  return {
    rows,
    async take(key, owner) {
      const row = rows.get(key)
      if (!row) rows.set(key, { owner })
      if (!row) return 'taken'
      return row.sealed === undefined ? 'held' : { sealed: row.sealed }
    },
    async finish(key, owner, sealed) {
      const mine = rows.get(key)?.owner === owner
      if (mine) rows.set(key, { owner, sealed })
      return mine
    },
    async replace(key, sealed) {
      rows.set(key, { owner: '-', sealed })
    },
    async look(key) {
      return rows.get(key)?.sealed
    },
    async release(key, owner) {
      if (rows.get(key)?.owner === owner) rows.delete(key)
    },
  }
}

async function signedIn(fn: TestFunction): Promise<TestBrowser> {
  const browser = new TestBrowser(fn)
  await browser.signIn()
  fn.ahead = 280_000
  fn.signed = 0
  return browser
}

const tokenOf = ({ body }: { body: string }) => JSON.parse(body).access_token

describe('in one container', () => {
  let fn: TestFunction
  let browser: TestBrowser
  let provider: ReturnType<typeof rotating>
  beforeEach(async () => {
    fn = testFunction(sessionClient())
    browser = await signedIn(fn)
    provider = rotating()
    fn.post = provider.post
  })

  test('ten tabs at once: one signature, one request, ten answers, and the session goes on', async () => {
    const answers = await Promise.all(Array.from({ length: 10 }, () => browser.post('/session')))
    expect(answers.map(tokenOf)).toEqual(Array(10).fill('sentinel-at-2'))
    expect([fn.signed, provider.state.refreshes]).toEqual([1, 1])
    fn.ahead += 300_000
    expect(tokenOf(await browser.post('/session'))).toBe('sentinel-at-3')
  })

  test('a tab whose request was under way comes late, with the old cookie: it gets the same', async () => {
    const old = browser.header()
    await browser.post('/session')
    const late = new TestBrowser(fn)
    for (const cookie of old) late.cookies.set(cookie.split('=')[0]!, cookie.slice(cookie.indexOf('=') + 1))
    expect(tokenOf(await late.post('/session'))).toBe('sentinel-at-2')
    expect(provider.state).toMatchObject({ refreshes: 1, revoked: false })
  })

  test('a failure is for those who waited for it, and the next one tries again', async () => {
    fn.post = async () => {
      throw new ProxyError('upstream_unreachable')
    }
    const failed = await Promise.all([browser.post('/session'), browser.post('/session')])
    expect(failed.map(({ statusCode }) => statusCode)).toEqual([502, 502])
    fn.post = provider.post
    expect(tokenOf(await browser.post('/session'))).toBe('sentinel-at-2')
  })

  test('a provider that does not rotate: each access token that runs out is refreshed', async () => {
    let n = 1
    fn.post = async () => json({ access_token: `sentinel-at-${++n}`, token_type: 'Bearer', expires_in: 40 })
    for (const expected of [2, 3, 4]) {
      expect(tokenOf(await browser.post('/session'))).toBe(`sentinel-at-${expected}`)
      fn.ahead += 15_000
    }
  })

  test('two who want different scope: each gets its own, one after the other', async () => {
    fn.post = async (url, form) => {
      const answer = await provider.post(url, form)
      const scope = form.get('scope') ?? 'openid profile offline_access'
      return { ...answer, body: JSON.stringify({ ...JSON.parse(answer.body), scope }) }
    }
    const [all, less] = await Promise.all([
      browser.post('/session'),
      browser.post('/session', { scope: 'openid' }),
    ])
    expect(JSON.parse(all.body).scope).toBe('openid profile offline_access')
    expect(JSON.parse(less.body).scope).toBe('openid')
    expect(provider.state).toMatchObject({ refreshes: 2, revoked: false })
  })
})

describe('in two containers', () => {
  const both = (leases?: LeaseStore) => {
    const options = leases === undefined ? {} : { leases }
    return [functionWith(options, sessionClient()), functionWith(options, sessionClient())] as const
  }
  async function race(one: TestFunction, two: TestFunction, provider: ReturnType<typeof rotating>) {
    const browser = await signedIn(one)
    two.ahead = one.ahead
    for (const fn of [one, two]) fn.post = provider.post
    const other = new TestBrowser(two)
    for (const [name, value] of browser.cookies) other.cookies.set(name, value)
    const answers = await Promise.all([browser.post('/session'), other.post('/session')])
    return { answers, browser, other }
  }

  test('with a table: one request reaches the provider, the other container hands on what it brought', async () => {
    const provider = rotating()
    const [one, two] = both(leaseStore())
    const { answers, other } = await race(one, two, provider)
    expect(answers.map(tokenOf)).toEqual(['sentinel-at-2', 'sentinel-at-2'])
    expect(provider.state).toMatchObject({ refreshes: 1, revoked: false })
    expect(one.signed + two.signed).toBe(1)
    // Whichever cookie the browser keeps, it goes on.
    two.ahead += 300_000
    expect(tokenOf(await other.post('/session'))).toBe('sentinel-at-3')
  })

  test('what is in the table is sealed', async () => {
    const leases = leaseStore()
    const [one, two] = both(leases)
    await race(one, two, rotating())
    const text = JSON.stringify([...leases.rows])
    expect(text).not.toContain('sentinel')
    expect([...leases.rows.values()][0]!.sealed).toMatch(/^eyJ/)
  })

  test('without one, both ask: a provider without a grace period ends the session', async () => {
    const provider = rotating()
    const { answers } = await race(...both(), provider)
    expect(answers.map(({ statusCode }) => statusCode).sort()).toEqual([200, 401])
    expect(provider.state.revoked).toBe(true)
  })

  test('a table that cannot be reached is as none', async () => {
    const down: LeaseStore = {
      take: () => Promise.reject(new Error('down')),
      finish: () => Promise.reject(new Error('down')),
      release: () => Promise.reject(new Error('down')),
      replace: () => Promise.reject(new Error('down')),
      look: () => Promise.reject(new Error('down')),
    }
    const fn = functionWith({ leases: down }, sessionClient())
    const browser = await signedIn(fn)
    fn.post = rotating().post
    expect(tokenOf(await browser.post('/session'))).toBe('sentinel-at-2')
  })

  test('somebody has begun and not ended: nothing is sent, and the app is to come again', async () => {
    const fn = functionWith({ leases: { ...leaseStore(), take: async () => 'held' } }, sessionClient())
    const browser = await signedIn(fn)
    fn.sent.length = 0
    const answer = await browser.post('/session')
    expect([answer.statusCode, answer.headers['retry-after']]).toEqual([503, '1'])
    expect(fn.log.at(-1)!.outcome).toBe('refresh_under_way')
    expect([fn.signed, fn.sent.length, browser.session.length]).toEqual([0, 0, 1])
  })

  test.each<[string, Answer | ProxyError, boolean]>([
    ['nothing was sent', new ProxyError('upstream_unreachable'), false],
    ['nobody knows', new ProxyError('upstream_timeout'), true],
    ['the provider refused', json({ error: 'invalid_grant' }, 400), true],
  ])('after a failure where %s the lease is given back: %s', async (_, answer, kept) => {
    const leases = leaseStore()
    const fn = functionWith({ leases }, sessionClient())
    const browser = await signedIn(fn)
    fn.answer = answer
    await browser.post('/session')
    expect(leases.rows.size).toBe(kept ? 1 : 0)
  })
})

test('ID tokens of a refresh are held against the user of the session, in every container', async () => {
  const fn = functionWith({ leases: leaseStore() }, sessionClient())
  const browser = await signedIn(fn)
  give(fn, null, { refresh_token: 'sentinel-rt-2' }, { claims: { sub: 'bob' } })
  expect((await browser.post('/session')).statusCode).toBe(502)
})
