import { describe, expect, test } from 'vitest'
import { APP, AUTH, lines, mediated, openPage, SESSION, SIGNED_OUT } from './page.ts'

const query = (address = '') => Object.fromEntries(new URL(address).searchParams)

describe('login()', () => {
  test('goes to /login, to come back to the open page', () => {
    const page = openPage({ href: `${APP}/orders?page=2#top` })
    page.countersign.login()
    expect(page.visited[0]).toMatch(`${AUTH}/login?`)
    expect(query(page.visited[0])).toEqual({ client_id: 'spa', return_to: `${APP}/orders?page=2#top` })
  })

  test('passes on what it is given, and nothing that is no option', () => {
    const page = openPage()
    const options = { return_to: '/next?a=1&b=2', scope: 'openid email', prompt: 'login', max_age: 0 }
    // As a click handler it is called with an event.
    page.countersign.login({ ...options, isTrusted: true, client_id: 'other' } as typeof options)
    expect(query(page.visited[0])).toEqual({
      ...options,
      client_id: 'spa',
      return_to: `${APP}/next?a=1&b=2`,
      max_age: '0',
    })
  })

  test('StrictMode: twice in a row leaves once; later it leaves again', () => {
    const page = openPage()
    page.countersign.login()
    page.countersign.login()
    expect(page.visited).toHaveLength(1)
    page.runTimers()
    page.countersign.login()
    expect(page.visited).toHaveLength(2)
  })

  test('does not come back to the error of the time before', () => {
    const page = openPage({ href: `${APP}/?error=access_denied&error_description=No.` })
    page.countersign.login()
    expect(query(page.visited[0]).return_to).toBe(`${APP}/`)
  })
})

describe('LOUT-1: logout()', () => {
  const logout_url = 'https://idp.example.com/logout?id_token_hint=x'

  test('ends the session by a POST, forgets the token, and goes where it is told', async () => {
    const page = openPage({
      answers: {
        '/session': [{ body: mediated('at-1') }, SIGNED_OUT],
        '/logout': [{ body: { logout_url } }],
      },
    })
    await page.countersign.getAccessToken()
    await page.countersign.logout({ post_logout_redirect_uri: `${APP}/bye`, state: 's' })
    expect(page.visited).toEqual([logout_url])
    const { headers, credentials, body } = page.sent[1]!
    expect([headers['x-csrf'], credentials, body]).toEqual([
      '1',
      'include',
      `client_id=spa&post_logout_redirect_uri=${encodeURIComponent(`${APP}/bye`)}&state=s`,
    ])
    expect(await page.countersign.session()).toBeUndefined()
  })

  test('without a sign-off of the provider the page stays', async () => {
    const page = openPage({ answers: { '/logout': [{ body: {} }] } })
    await page.countersign.logout()
    expect(page.visited).toEqual([])
  })

  test('that fails is said to have failed; the token is gone all the same', async () => {
    const page = openPage({ answers: { '/session': [{ body: SESSION }], '/logout': [{ status: 503 }] } })
    await page.countersign.session()
    await expect(page.countersign.logout()).rejects.toMatchObject({ error: 'server_error', status: 503 })
    await page.countersign.session()
    expect(lines(page)).toHaveLength(3)
    expect(page.visited).toEqual([])
  })

  test('waits for a refresh: its answer would set the cookie again', async () => {
    let first = () => {}
    const after = new Promise<void>(resolve => {
      first = resolve
    })
    const page = openPage({
      answers: { '/session': [{ body: mediated('at-1'), after }, SIGNED_OUT], '/logout': [{}] },
    })
    const session = page.countersign.session()
    const tab = page.tab({ '/logout': [{}] })
    const logout = tab.countersign.logout()
    await new Promise(setImmediate)
    expect(tab.sent).toHaveLength(0)
    first()
    await Promise.all([session, logout])
    await new Promise(setImmediate)
    // The other tab's is over too, and its app knows.
    expect([page.told, tab.told]).toEqual([1, 0])
    expect(await page.countersign.session()).toBeUndefined()
  })
})
