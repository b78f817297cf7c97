import { describe, expect, test } from 'vitest'
import { authorizer } from '../../../functions/authorizer.ts'
import { LEASE_S, RESULT_KEPT_S } from '../../../lib/limits.ts'
import { sessionCookie } from '../../../lib/session/cookies.ts'
import { type Masters, sealKeys } from '../../../lib/session/keys.ts'
import type { LeaseStore } from '../../../lib/session/leases.ts'
import { event, functionWith, ORIGIN, type TestFunction, testFunction } from '../../support/function.ts'
import { bffClient, CSRF, json, sessionClient, TestBrowser } from '../../support/session.ts'

const post = (fn: TestFunction, path: string, cookies: string[], form: Record<string, string> = {}) =>
  fn.handler({ ...event({ client_id: 'app-1', ...form }, { path, headers: CSRF }), cookies })

/** As the table does it: what has run out counts as not there. */
function table(): LeaseStore {
  const rows = new Map<string, { owner: string; until: number; sealed?: string }>()
  return {
    async take(key, owner, now_s) {
      const row = rows.get(key)
      if (row && row.until >= now_s) {
        if (row.sealed !== undefined) return { sealed: row.sealed }
        return row.owner === owner ? 'taken' : 'held'
      }
      rows.set(key, { owner, until: now_s + LEASE_S })
      return 'taken'
    },
    async finish(key, owner, sealed, now_s) {
      const mine = rows.get(key)?.owner === owner
      if (mine) rows.set(key, { owner, until: now_s + RESULT_KEPT_S, sealed })
      return mine
    },
    async replace(key, sealed, now_s) {
      rows.set(key, { owner: '-', until: now_s + RESULT_KEPT_S, sealed })
    },
    async look(key, now_s) {
      const row = rows.get(key)
      return row && row.until >= now_s ? row.sealed : undefined
    },
    async release(key, owner) {
      const row = rows.get(key)
      if (row?.owner === owner && row.sealed === undefined) rows.delete(key)
    },
  }
}

/** Containers with ids of their own behind one table. */
function containers(count: number): TestFunction[] {
  const leases = table()
  return Array.from({ length: count }, (_, n) => {
    const prefixed: LeaseStore = {
      take: (key, owner, now_s) => leases.take(key, `${n}-${owner}`, now_s),
      finish: (key, owner, sealed, now_s) => leases.finish(key, `${n}-${owner}`, sealed, now_s),
      release: (key, owner) => leases.release(key, `${n}-${owner}`),
      replace: leases.replace,
      look: leases.look,
    }
    return functionWith({ leases: prefixed }, sessionClient())
  })
}

const renewed = (n: number, more: object = {}) =>
  json({
    access_token: `sentinel-at-${n}`,
    token_type: 'Bearer',
    expires_in: 300,
    refresh_token: `sentinel-rt-${n}`,
    ...more,
  })

describe('REV-2: a logout in another container', () => {
  test.each([
    ['the one that refreshed', 0],
    ['a third', 2],
  ])('a request with the cookie of before the refresh, at %s, brings the session back', async (_, where) => {
    const fns = containers(3)
    const [a, b] = fns as [TestFunction, TestFunction]
    const browser = new TestBrowser(a)
    await browser.signIn()
    const old = browser.header()
    a.answer = renewed(2)
    await browser.post('/session', { force: 'true' })
    b.post = async () => json({})
    await post(b, '/logout', browser.header())
    const late = fns[where]!
    late.answer = json({ error: 'invalid_grant' }, 400)
    const answer = await post(late, '/session', old, { force: 'true' })
    expect([answer.statusCode, answer.cookies?.[0]]).toEqual([401, expect.stringContaining('Max-Age=0')])
  })

  test('beside a refresh that takes longer than a logout waits', async () => {
    const [a, b] = containers(2) as [TestFunction, TestFunction]
    const browser = new TestBrowser(a)
    await browser.signIn()
    let go!: () => void
    const gate = new Promise<void>(resolve => {
      go = resolve
    })
    a.post = async () => {
      await gate
      return renewed(2)
    }
    const revoked: string[] = []
    b.post = async (_, form) => {
      revoked.push(form.get('token')!)
      return json({})
    }
    const refresh = browser.post('/session', { force: 'true' })
    await new Promise(resolve => setTimeout(resolve, 10))
    await post(b, '/logout', browser.header())
    go()
    const answer = await refresh
    // Either it is not given, or it has been revoked.
    expect([answer.statusCode, revoked.includes('sentinel-rt-2')]).not.toEqual([200, false])
  })

  test('in one container, beside such a refresh: what it brings is nobody’s and is not revoked', async () => {
    const [a] = containers(1) as [TestFunction]
    const browser = new TestBrowser(a)
    await browser.signIn()
    let go!: () => void
    const gate = new Promise<void>(resolve => {
      go = resolve
    })
    const revoked: string[] = []
    a.post = async (url, form) => {
      if (url.endsWith('/revoke')) {
        revoked.push(form.get('token')!)
        return json({})
      }
      await gate
      return renewed(2)
    }
    const cookies = browser.header()
    const refresh = post(a, '/session', cookies, { force: 'true' })
    await new Promise(resolve => setTimeout(resolve, 10))
    await post(a, '/logout', cookies)
    go()
    expect((await refresh).statusCode).toBe(401)
    await new Promise(resolve => setTimeout(resolve, 20))
    expect(revoked).toContain('sentinel-rt-2')
  })
})

describe('BFF-2: what goes into Authorization', () => {
  test('a refresh without an ID token brings a token that is no bearer token', async () => {
    const fn = testFunction(bffClient())
    const browser = new TestBrowser(fn)
    await browser.signIn()
    fn.answer = renewed(2, { token_type: 'DPoP' })
    expect((await browser.post('/session', { force: 'true' })).statusCode).toBe(502)
  })
  test('or one with a line break', async () => {
    const fn = testFunction(bffClient())
    const browser = new TestBrowser(fn)
    await browser.signIn()
    fn.answer = renewed(2, { access_token: 'x\r\nX-User: root' })
    expect((await browser.post('/session', { force: 'true' })).statusCode).toBe(502)
  })
})

describe('BFF-2: the data path', () => {
  const ask = async (fn: TestFunction, cookies: string[], more: object = {}, headers: object = {}) => {
    const all = { origin: ORIGIN, ...CSRF, cookie: cookies.join('; '), ...headers }
    const policy = await authorizer(() => fn.deps).handler({
      type: 'REQUEST',
      methodArn: 'arn:x',
      httpMethod: 'GET',
      headers: all,
      pathParameters: { proxy: 'orders' },
      ...more,
    })
    return policy.policyDocument.Statement[0].Effect
  }
  // CGI, WSGI and their like make one variable of both spellings.
  test.each(['x_http_method_override', 'X_HTTP_Method_Override', 'x-http_method-override'])(
    '%s',
    async name => {
      const fn = testFunction(bffClient())
      const browser = new TestBrowser(fn)
      await browser.signIn()
      expect(await ask(fn, browser.header(), {}, { [name]: 'DELETE' })).toBe('Deny')
    },
  )
  test('X_Client_IP stands beside the one that the gateway sets', async () => {
    const fn = testFunction(bffClient())
    const browser = new TestBrowser(fn)
    await browser.signIn()
    expect(await ask(fn, browser.header(), {}, { x_client_ip: '10.0.0.1' })).toBe('Deny')
  })
  test('a cookie that is left of a client that is switched off does not keep the other from its API', async () => {
    const fn = testFunction(bffClient(), bffClient({ client_id: 'app-2', enabled: false }))
    const browser = new TestBrowser(fn)
    await browser.signIn()
    const cookies = [...browser.header(), `${sessionCookie('app-2')}=what-is-left`]
    expect(await ask(fn, cookies)).toBe('Allow')
  })
})

describe('COST: requests to the provider', () => {
  test('a refresh that brings less scope than the sign-in is not repeated at every question', async () => {
    const fn = testFunction(sessionClient())
    const browser = new TestBrowser(fn)
    await browser.signIn()
    fn.sent.length = 0
    let n = 1
    fn.post = async () => renewed(++n, { scope: 'openid profile' })
    await browser.post('/session', { force: 'true' })
    for (let i = 0; i < 3; i++) await browser.post('/session')
    expect(fn.sent).toHaveLength(1)
  })
})

describe('COOKIE-7: the ring', () => {
  const masters = (...names: string[]): Masters => ({
    write: names.at(-1)!,
    masters: new Map(names.map(name => [name, `${name}-`.repeat(20)])),
  })
  const owner = { client_id: 'app-1', as: { issuer: 'https://idp.example' } }

  test('a key that was added while a read was under way is not taken for missing', async () => {
    let held = masters('k1')
    let secret = masters('k1')
    let go!: () => void
    const gate = new Promise<void>(resolve => {
      go = resolve
    })
    const keys = sealKeys({
      now: () => 1_000_000,
      ring: {
        get: async () => ({ value: held, expired: false }),
        async renewed() {
          const seen = secret
          await gate
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
    go()
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
