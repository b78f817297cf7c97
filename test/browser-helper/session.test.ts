import { describe, expect, test } from 'vitest'
import type { CountersignError } from '../../browser/index.ts'
import { APP, AUTH, CLAIMS, lines, mediated, openPage, SESSION, SIGNED_OUT } from './page.ts'

/** How a call was refused. */
const refused = (call: Promise<unknown>) =>
  call.then(
    () => 'not refused',
    ({ name, error, status, message }: CountersignError) => ({ name, error, status, message }),
  )

describe('session()', () => {
  test('CSRF-1: asks by a POST with X-CSRF, the cookies, and no redirect; says who it is without the token', async () => {
    const page = openPage({ answers: { '/session': [{ body: mediated('at-1') }] } })
    expect(await page.countersign.session()).toEqual({ token_type: 'Bearer', ...SESSION })
    expect(page.sent).toEqual([
      {
        method: 'POST',
        url: `${AUTH}/session`,
        headers: { 'content-type': 'application/x-www-form-urlencoded;charset=UTF-8', 'x-csrf': '1' },
        body: 'client_id=spa',
        credentials: 'include',
        redirect: 'error',
      },
    ])
  })

  test('TMB-1: asks once for as long as the answer is good, whoever asks', async () => {
    const page = openPage({ answers: { '/session': [{ body: mediated('at-1') }] } })
    const all = await Promise.all([
      page.countersign.session(),
      page.countersign.session(),
      page.countersign.getAccessToken(),
    ])
    expect(all[0]?.claims).toEqual(CLAIMS)
    expect(all[2]).toBe('at-1')
    page.pass(289)
    await page.countersign.session()
    expect(page.sent).toHaveLength(1)
    page.pass(1)
    await page.countersign.session()
    expect(page.sent).toHaveLength(2)
  })

  test.each([
    ['its token has no life that is known', { expires_in: undefined, session_expires_in: 600 }, 589],
    ['it ends before its token does', { expires_in: 900, session_expires_in: 600 }, 589],
  ])('asks again when the session ends, where %s', async (_, changes, seconds) => {
    const page = openPage({ answers: { '/session': [{ body: { ...SESSION, ...changes } }] } })
    await page.countersign.session()
    page.pass(seconds)
    await page.countersign.session()
    expect(page.sent).toHaveLength(1)
    page.pass(1)
    await page.countersign.session()
    expect(page.sent).toHaveLength(2)
  })

  test('is undefined where nobody is signed in, and asks again the next time', async () => {
    const page = openPage({ answers: { '/session': [SIGNED_OUT, { body: SESSION }] } })
    expect(await page.countersign.session()).toBeUndefined()
    expect((await page.countersign.session())?.claims).toEqual(CLAIMS)
  })

  test('force is passed on, and is not mixed up with a call that is under way without', async () => {
    const page = openPage({ answers: { '/session': [{ body: SESSION }] } })
    await Promise.all([
      page.countersign.session(),
      page.countersign.session({ force: true }),
      page.countersign.session({ force: true }),
    ])
    expect(lines(page)).toEqual(['POST /session client_id=spa', 'POST /session client_id=spa&force=true'])
  })

  test('once the back end has said that it is over, the token held so far is not used either', async () => {
    const page = openPage({ answers: { '/session': [{ body: mediated('at-1') }, SIGNED_OUT] } })
    await page.countersign.getAccessToken()
    expect(await page.countersign.session({ force: true })).toBeUndefined()
    expect(await refused(page.countersign.getAccessToken())).toMatchObject({ error: 'login_required' })
  })

  test.each([
    [
      { status: 400, body: { error: 'invalid_request', error_description: 'Why.' } },
      'invalid_request',
      400,
      'Why.',
    ],
    [{ status: 503, body: { error: 'temporarily_unavailable' } }, 'temporarily_unavailable', 503],
    [{ status: 502, body: '<html>' }, 'server_error', 502],
    [{ status: 401, body: { error: 'invalid_client' } }, 'invalid_client', 401],
    [new TypeError('Failed to fetch'), 'temporarily_unavailable', 0, 'no answer'],
  ])('%o is an error with a code and a status', async (answer, error, status, message = error) => {
    const page = openPage({ answers: { '/session': [answer, { body: SESSION }] } })
    expect(await refused(page.countersign.session())).toEqual({
      name: 'CountersignError',
      error,
      status,
      message,
    })
    // And nothing of it is kept.
    expect((await page.countersign.session())?.claims).toEqual(CLAIMS)
  })
})

describe('getAccessToken()', () => {
  test.each(['monotonic', 'wall'] as const)(
    'is renewed before it ends, where the %s clock alone has gone on',
    async which => {
      const page = openPage({
        answers: { '/session': [{ body: mediated('at-1') }, { body: mediated('at-2') }] },
      })
      await page.countersign.getAccessToken()
      page.pass(289, which)
      expect(await page.countersign.getAccessToken()).toBe('at-1')
      page.pass(2, which)
      expect(await page.countersign.getAccessToken()).toBe('at-2')
    },
  )

  test('a life shorter than the margin is used as it is, and asked for each time', async () => {
    const page = openPage({
      answers: {
        '/session': [
          { body: mediated('at-1', { expires_in: 5 }) },
          { body: mediated('at-2', { expires_in: 5 }) },
        ],
      },
    })
    expect([await page.countersign.getAccessToken(), await page.countersign.getAccessToken()]).toEqual([
      'at-1',
      'at-2',
    ])
  })

  test('rejects where nobody is signed in, and where there is none to have', async () => {
    const out = openPage({ answers: { '/session': [SIGNED_OUT] } })
    expect(await refused(out.countersign.getAccessToken())).toMatchObject({
      error: 'login_required',
      status: 401,
    })
    const session = openPage({ answers: { '/session': [{ body: SESSION }] } })
    expect(await refused(session.countersign.getAccessToken())).toMatchObject({ error: 'no_access_token' })
  })
})

describe('RACE-1: one after the other', () => {
  test.each([
    ['by a lock', true],
    ['in this tab, where the browser has no locks', false],
  ])('%s', async (_, locks) => {
    let first = () => {}
    const after = new Promise<void>(resolve => {
      first = resolve
    })
    const page = openPage({ locks, answers: { '/session': [{ body: SESSION, after }, { body: SESSION }] } })
    const calls = [page.countersign.session(), page.countersign.session({ force: true })]
    await new Promise(setImmediate)
    expect(lines(page)).toEqual(['POST /session client_id=spa'])
    first()
    await Promise.all(calls)
    expect(page.sent).toHaveLength(2)
    expect(page.locked).toEqual(locks ? [`countersign ${AUTH} spa`, `countersign ${AUTH} spa`] : [])
  })

  test('without locks, too, a call that failed keeps nobody waiting', async () => {
    const page = openPage({ locks: false, answers: { '/session': [{ status: 502 }, { body: SESSION }] } })
    const calls = [refused(page.countersign.session()), page.countersign.session({ force: true })]
    expect(await Promise.all(calls)).toMatchObject([{ status: 502 }, { claims: CLAIMS }])
  })

  test('another tab waits, even for one that fails', async () => {
    let first = () => {}
    const after = new Promise<void>(resolve => {
      first = resolve
    })
    const page = openPage({ answers: { '/session': [{ status: 502, after }] } })
    const tab = page.tab({ '/session': [{ body: SESSION }] })
    const failing = refused(page.countersign.session())
    const other = tab.countersign.session()
    await new Promise(setImmediate)
    expect(tab.sent).toHaveLength(0)
    first()
    expect(await failing).toMatchObject({ status: 502 })
    expect((await other)?.claims).toEqual(CLAIMS)
  })
})

describe('a sign-in that comes back with an error', () => {
  const href = `${APP}/orders?page=2&error=access_denied&error_description=The+user+said+no.#top`

  test('is told once, taken out of the address, and the rest of the address stays', async () => {
    const page = openPage({ href, answers: { '/session': [SIGNED_OUT] } })
    expect(await refused(page.countersign.session())).toEqual({
      name: 'CountersignError',
      error: 'access_denied',
      status: 0,
      message: 'The user said no.',
    })
    expect(page.replaced).toEqual([`${APP}/orders?page=2#top`])
    page.runTimers()
    expect(await page.countersign.session()).toBeUndefined()
    expect(lines(page)).toEqual(['POST /session client_id=spa'])
  })

  test('StrictMode: an effect that runs twice is told twice, and nobody asks the back end', async () => {
    const page = openPage({ href })
    const both = [refused(page.countersign.session()), refused(page.countersign.session())]
    expect((await Promise.all(both)).map(told => (told as CountersignError).error)).toEqual([
      'access_denied',
      'access_denied',
    ])
    expect([page.sent, page.replaced.length]).toEqual([[], 1])
  })

  test('an address without one is left alone', async () => {
    const page = openPage({ href: `${APP}/?errors=1`, answers: { '/session': [SIGNED_OUT] } })
    await page.countersign.session()
    expect(page.replaced).toEqual([])
  })
})
