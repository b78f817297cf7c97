import { beforeEach, describe, expect, test } from 'vitest'
import { LEASE_S, RESULT_KEPT_S } from '../../../lib/limits.ts'
import { sealKeys } from '../../../lib/session/keys.ts'
import type { LeaseStore } from '../../../lib/session/leases.ts'
import { functionWith, type TestFunction, testFunction } from '../../support/function.ts'
import { json, post, sessionClient, TestBrowser } from '../../support/session.ts'

// A logout ends what there is of a session: also what other tabs are doing, here and in other containers.

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

const renewed = (n: number) =>
  json({
    access_token: `sentinel-at-${n}`,
    token_type: 'Bearer',
    expires_in: 300,
    refresh_token: `sentinel-rt-${n}`,
  })

/** Has the provider refresh once `until` says so, and keeps what it is asked to revoke. */
function provider(fn: TestFunction, until: Promise<void> = Promise.resolve()): string[] {
  const revoked: string[] = []
  fn.post = async (url, form) => {
    if (url.endsWith('/revoke')) {
      revoked.push(form.get('token')!)
      return json({})
    }
    await until
    return renewed(2)
  }
  return revoked
}

describe('REV-2: a logout that has to end what another tab does', () => {
  let fn: TestFunction
  let browser: TestBrowser
  beforeEach(async () => {
    fn = testFunction(sessionClient())
    browser = new TestBrowser(fn)
    await browser.signIn()
  })
  test('a refresh is under way in another tab', async () => {
    const gate = Promise.withResolvers<void>()
    const revoked = provider(fn, gate.promise)
    const cookies = browser.header()
    const refresh = post(fn, '/session', cookies, { force: 'true' })
    await new Promise(r => setTimeout(r, 10))
    const out = post(fn, '/logout', cookies)
    await new Promise(r => setTimeout(r, 10))
    gate.resolve()
    const [refreshed] = await Promise.all([refresh, out])
    expect(refreshed.cookies?.[0] ?? 'Max-Age=0;').toContain('Max-Age=0;')
    expect(revoked).toContain('sentinel-rt-2')
  })
  test('after it, with the cookie of before the last refresh', async () => {
    const revoked: string[] = []
    fn.post = async (url, form) => {
      if (url.endsWith('/revoke')) {
        revoked.push(form.get('token')!)
        return json({})
      }
      return revoked.length ? json({ error: 'invalid_grant' }, 400) : renewed(2)
    }
    const old = browser.header()
    await browser.post('/session', { force: 'true' })
    await browser.post('/logout')
    const answer = await post(fn, '/session', old, { force: 'true' })
    expect(answer.statusCode).toBe(401)
  })
  test('logout with the cookie of before the last refresh revokes what there is', async () => {
    const revoked = provider(fn)
    const old = browser.header()
    await browser.post('/session', { force: 'true' })
    await post(fn, '/logout', old)
    expect(revoked).toContain('sentinel-rt-2')
  })
  test('keys of sessions cannot be had', async () => {
    const deps = fn.deps as { seals: unknown }
    deps.seals = sealKeys({ ring: undefined, now: Date.now })
    const answer = await browser.post('/logout')
    expect(answer.cookies?.[0]).toMatch(/Max-Age=0/)
  })
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
    const gate = Promise.withResolvers<void>()
    a.post = async () => {
      await gate.promise
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
    gate.resolve()
    const answer = await refresh
    // Either it is not given, or it has been revoked.
    expect([answer.statusCode, revoked.includes('sentinel-rt-2')]).not.toEqual([200, false])
  })

  test('in one container, beside such a refresh: what it brings is nobody’s and is not revoked', async () => {
    const [a] = containers(1) as [TestFunction]
    const browser = new TestBrowser(a)
    await browser.signIn()
    const gate = Promise.withResolvers<void>()
    const revoked = provider(a, gate.promise)
    const cookies = browser.header()
    const refresh = post(a, '/session', cookies, { force: 'true' })
    await new Promise(resolve => setTimeout(resolve, 10))
    await post(a, '/logout', cookies)
    gate.resolve()
    expect((await refresh).statusCode).toBe(401)
    await new Promise(resolve => setTimeout(resolve, 20))
    expect(revoked).toContain('sentinel-rt-2')
  })
})
