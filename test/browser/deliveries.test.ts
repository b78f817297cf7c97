import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { describeInChromium, inPage } from './chromium.ts'
import { type Demo, startDemo } from './demo.ts'
import { type Traffic, watch } from './traffic.ts'

// The deliveries in a browser: app and Countersign on sibling hosts of one site, the provider on another.

describeInChromium('the three deliveries', chromium => {
  let demo: Demo

  beforeAll(async () => {
    demo = await startDemo()
  })
  afterAll(async () => {
    await demo?.close()
  })

  const address = (name: string) => `${demo.site.app}/deliveries?delivery=${name}`
  const state = (page: Page, name: string) => page.locator(`#page[data-state="${name}"]`).waitFor()
  const press = (page: Page, name: string) => page.getByRole('button', { name, exact: true }).click()

  async function signIn(page: Page, delivery: string): Promise<void> {
    await page.goto(address(delivery))
    await state(page, 'signed-out')
    await press(page, 'Sign in')
    await page.getByLabel('User name').fill('alice')
    await page.getByLabel('Password').fill('correct horse')
    await press(page, 'Sign in')
    await state(page, 'signed-in')
  }

  /** What the API answered to the press of the button. */
  async function callApi(page: Page): Promise<{ status: number; body: Record<string, string> }> {
    await press(page, 'Call the API')
    await page.locator('#answer:not(:text("Nothing yet."))').waitFor()
    const [, status, body] = /^(\d+) (.*)$/s.exec(await page.locator('#answer').innerText())!
    return { status: Number(status), body: JSON.parse(body!) }
  }

  /** The access token of the last request to the API. */
  const bearer = () => {
    const { rawHeaders } = demo.atTheApi().findLast(({ method }) => method !== 'OPTIONS')!
    const at = rawHeaders.findIndex(name => name.toLowerCase() === 'authorization')
    return rawHeaders[at + 1]!.replace(/^Bearer /, '')
  }

  const routes = () =>
    demo
      .requests()
      .map(({ route, outcome }) => `${route} ${outcome}`)
      .filter(line => !line.endsWith(' preflight'))

  describe.each(['mediated', 'session'])('%s', delivery => {
    test('BFF-1, TMB-1: signs in, survives a reload, calls the API, refreshes, and signs out', async () => {
      const page = await chromium.page()
      const before = routes().length
      await signIn(page, delivery)
      // Where it has come back to has neither code nor state.
      expect(page.url()).toBe(address(delivery))
      await page.reload()
      await state(page, 'signed-in')
      const called = await callApi(page)
      expect(called).toMatchObject({ status: 200, body: { bearer: expect.stringContaining('present') } })
      const first = bearer()
      expect(demo.issued).toContain(first)

      await press(page, 'Refresh now')
      await page.getByText('Refreshed.').waitFor()
      await callApi(page)
      expect(bearer()).not.toBe(first)
      expect(demo.issued).toContain(bearer())

      await press(page, 'Sign out')
      // The provider's own session is another one, and it asks.
      await page.waitForURL(`${demo.issuer}/signoff**`)
      await press(page, 'Sign out')
      await state(page, 'signed-out')
      expect(page.url()).toBe(address(delivery))
      await page.reload()
      await state(page, 'signed-out')

      const own = routes()
        .slice(before)
        .filter(line => !/^\/(api|\.well-known)/.test(line))
      expect(own).toEqual([
        '/session session_missing',
        '/login login_begun',
        '/callback session_begun',
        '/session session',
        '/session session',
        '/session session_refreshed',
        '/logout logged_out',
        '/session session_missing',
        '/session session_missing',
      ])
    })

    test('CSRF-3: a sign-in that is cancelled at the provider comes back as an error, and the address is clean', async () => {
      const page = await chromium.page()
      await page.goto(address(delivery))
      await press(page, 'Sign in')
      await page.getByRole('button', { name: 'Cancel' }).click()
      await page.getByText('That did not work: access_denied').waitFor()
      expect(page.url()).toBe(address(delivery))
    })

    test('who signs out in one tab is signed out in the other', async () => {
      const page = await chromium.page()
      await signIn(page, delivery)
      const other = await page.context().newPage()
      await other.goto(address(delivery))
      await state(other, 'signed-in')
      await press(page, 'Sign out')
      await state(other, 'signed-out')
    })
  })

  interface Received {
    traffic: Traffic
    /** With `Set-Cookie`, which the bodies' own source leaves out. */
    headers: { url: string; lines: Promise<{ name: string; value: string }[]> }[]
  }

  async function receivedBy(page: Page): Promise<Received> {
    const headers: Received['headers'] = []
    page.on('response', response => headers.push({ url: response.url(), lines: response.headersArray() }))
    return { traffic: await watch(page), headers }
  }

  /** All that the browser got and the page can see, in one text. */
  async function everythingIn(page: Page, { traffic, headers }: Received): Promise<string> {
    const seen = new Set(headers.map(({ url }) => url))
    expect(traffic.exchanged.filter(({ url }) => !seen.has(url))).toEqual([])
    const kept = await inPage<string>(
      page,
      `(async () => JSON.stringify([
        location.href, document.cookie, document.documentElement.outerHTML, document.referrer, history.state,
        { ...localStorage }, { ...sessionStorage },
        (await indexedDB.databases()).map(({ name }) => name), await caches.keys(),
      ]))()`,
    )
    const lines = (await Promise.all(headers.map(one => one.lines)))
      .flat()
      .map(({ name, value }) => `${name}: ${value}`)
    const cookies = (await page.context().cookies()).map(({ name, value }) => `${name}=${value}`)
    const exchanged = traffic.exchanged.map(({ url, response }) => `${url}\n${response}`)
    return [kept, ...lines, ...cookies, ...exchanged].join('\n')
  }

  /** The tokens, of those that were issued since, that lie in a text. */
  const found = (text: string, since: number) =>
    [...demo.issued].slice(since).filter(token => text.includes(token))

  test('COOKIE-12, BFF-2: session: no token in anything that the browser received or the page can see', async () => {
    const page = await chromium.page()
    const received = await receivedBy(page)
    const since = demo.issued.size
    await signIn(page, 'session')
    await page.reload()
    await state(page, 'signed-in')
    await callApi(page)
    await press(page, 'Refresh now')
    await page.getByText('Refreshed.').waitFor()
    await callApi(page)
    const text = await everythingIn(page, received)
    // Access, refresh and ID token, and again at the refresh; within one second the ID token is the same.
    expect(demo.issued.size - since).toBeGreaterThanOrEqual(5)
    expect(found(text, since)).toEqual([])
    // It has looked where they would be: the answers of the session, of the API, and the sealed cookie.
    expect(text).toMatch(/"claims":\{/)
    expect(text).toContain('"bearer":"present')
    expect(text).toMatch(/set-cookie: __Host-Http-cs-/i)
    expect(await inPage(page, 'document.cookie')).toBe('')
    expect(await page.locator('[data-thing="access_token"] td').first().innerText()).toBe('no')
  })

  test('TMB-1: mediated: the access token and no other', async () => {
    const page = await chromium.page()
    const received = await receivedBy(page)
    const since = demo.issued.size
    await signIn(page, 'mediated')
    await callApi(page)
    const all = await everythingIn(page, received)
    expect(demo.issued.size - since).toBe(3)
    expect(found(all, since)).toEqual([bearer()])
    const kept = await everythingIn(page, { traffic: { exchanged: [], problems: [] }, headers: [] })
    // And that in the script's own memory alone.
    expect(found(kept, since)).toEqual([])
  })

  test('tokens: all of them, which is what the search would find', async () => {
    const page = await chromium.page()
    const received = await receivedBy(page)
    const since = demo.issued.size
    await signIn(page, 'tokens')
    expect(page.url()).toBe(address('tokens'))
    expect((await callApi(page)).status).toBe(200)
    expect(found(await everythingIn(page, received), since)).toHaveLength(3)
    await press(page, 'Refresh now')
    await page.getByText('Refreshed.').waitFor()
    await press(page, 'Reload')
    await state(page, 'signed-out')
  })

  test('session: the 401 of the gateway is one that the page can read, and has it ask for the session once', async () => {
    const page = await chromium.page()
    await signIn(page, 'session')
    const before = routes().length
    await page.context().clearCookies()
    await press(page, 'Call the API')
    await page.getByText('That did not work: login_required').waitFor()
    await expect
      .poll(() => routes().slice(before))
      .toEqual(['/api session_missing', '/session session_missing'])
  })

  test('RACE-1: two tabs that refresh at once both go on, and so does the session', async () => {
    const page = await chromium.page()
    await signIn(page, 'session')
    const other = await page.context().newPage()
    await other.goto(address('session'))
    await state(other, 'signed-in')
    await Promise.all([press(page, 'Refresh now'), press(other, 'Refresh now')])
    for (const tab of [page, other]) {
      await tab.getByText('Refreshed.').waitFor()
      expect((await callApi(tab)).status).toBe(200)
    }
    await page.reload()
    await state(page, 'signed-in')
  })

  test('by the address of the app itself, the page sends to the one of the site', async () => {
    const page = await chromium.page()
    await page.goto(`${demo.app}/deliveries?delivery=mediated`)
    expect(page.url()).toBe(address('mediated'))
  })

  test('and from it there is a way back to the first page, where that can sign in', async () => {
    const page = await chromium.page()
    await page.goto(address('mediated'))
    await page.getByRole('link', { name: 'A sign-in, seen from all sides' }).click()
    await page.locator('#sign-in-demo-rs256').waitFor()
    expect(page.url()).toBe(`${demo.app}/`)
  })
})
