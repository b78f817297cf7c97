import type { BrowserContext, Page } from 'playwright-core'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { sessionCookie } from '../../lib/session/cookies.ts'
import { closeProviders, type Provider, startProvider } from '../support/fake-provider.ts'
import { describeInChromium, inPage } from './chromium.ts'
import { type Demo, startDemo } from './demo.ts'
import { answerPage, hostileForm } from './pages.ts'

// What other pages of the same browser can do to a session: one of another site, and one of a sibling host, which is of the same.

const NAME = sessionCookie('mediated')
const HOSTS = ['evil.localhost', 'other.example.localhost']

describeInChromium('a session, and pages of others', chromium => {
  let demo: Demo
  let others: Provider
  /** What the page of another host holds. */
  let content = ''
  /** A cookie that it sets itself, by its answer. */
  let cookie: string | undefined

  beforeAll(async () => {
    others = await startProvider(response => {
      if (cookie) response.setHeader('set-cookie', cookie)
      answerPage(response, content)
    })
    demo = await startDemo()
  })
  afterAll(async () => {
    await demo?.close()
    closeProviders()
  })
  beforeEach(() => {
    content = '<h1>A page</h1>'
    cookie = undefined
  })

  const at = (host: string) => others.url.replace('127.0.0.1', host)
  const address = () => `${demo.site.app}/deliveries?delivery=mediated`
  const signedIn = (page: Page) => page.locator('#page[data-state="signed-in"]').waitFor()

  /** What the browser of somebody who has signed in holds, and where the provider sent it back to. */
  let kept:
    | { storageState: Awaited<ReturnType<BrowserContext['storageState']>>; callback: string }
    | undefined

  /** A tab that is signed in, in a profile of its own; and the callback's address, code and state included. */
  async function signIn(): Promise<{ page: Page; callback: string }> {
    if (kept) {
      const page = await chromium.page({ storageState: kept.storageState })
      return { page, callback: kept.callback }
    }
    const page = await chromium.page()
    let callback = ''
    page.on('request', request => {
      if (request.url().startsWith(`${demo.site.gateway}/callback`)) callback = request.url()
    })
    await page.goto(address())
    await page.getByRole('button', { name: 'Sign in', exact: true }).click()
    await page.getByLabel('User name').fill('alice')
    await page.getByLabel('Password').fill('correct horse')
    await page.getByRole('button', { name: 'Sign in', exact: true }).click()
    await signedIn(page)
    kept = { storageState: await page.context().storageState(), callback }
    return { page, callback }
  }

  async function expectAlive(page: Page): Promise<void> {
    const tab = await page.context().newPage()
    await tab.goto(address())
    await signedIn(tab)
  }

  const ours = async (page: Page) =>
    (await page.context().cookies(demo.site.gateway)).filter(({ name }) => name.includes('__Host-'))

  describe.each(HOSTS)('%s', host => {
    test.each([
      ['/session', { client_id: 'mediated', force: 'true' }],
      ['/logout', { client_id: 'mediated' }],
      [
        '/token',
        { client_id: 'mediated', grant_type: 'authorization_code', code: 'c', redirect_uri: 'https://x/' },
      ],
    ])(
      'CSRF-1, CSRF-2: its form to %s is refused, nothing is signed, and the session goes on',
      async (path, form) => {
        const { page } = await signIn()
        const before = await demo.aws.calls('Sign')
        content = hostileForm(`${demo.site.gateway}${path}`, form)
        const tab = await page.context().newPage()
        await tab.goto(at(host))
        const answered = tab.waitForResponse(`${demo.site.gateway}${path}`)
        await tab.getByRole('button').click()
        expect((await answered).status()).toBe(403)
        expect(await demo.aws.calls('Sign')).toBe(before)
        await expectAlive(page)
      },
    )

    test('CSRF-2: its scripts cannot ask for the session', async () => {
      const { page } = await signIn()
      const before = await demo.aws.calls('Sign')
      const tab = await page.context().newPage()
      await tab.goto(at(host))
      const ask = (headers: string) =>
        inPage<string>(
          tab,
          `fetch('${demo.site.gateway}/session', { method: 'POST', credentials: 'include', headers: ${headers},
            body: new URLSearchParams({ client_id: 'mediated', force: 'true' }) }).then(() => 'read', error => error.name)`,
        )
      expect([await ask('{}'), await ask(`{ 'X-CSRF': '1' }`)]).toEqual(['TypeError', 'TypeError'])
      expect(await demo.aws.calls('Sign')).toBe(before)
      await expectAlive(page)
    })

    test.each([
      ['our name', `${NAME}=theirs`],
      ['our name behind a comma', `x=1,${NAME}=theirs`],
      ['a chunk of it', `${NAME}-0=theirs`],
    ])(
      'COOKIE-2: %s, set for the whole site by script and by answer, ends no session and begins none',
      async (_, pair) => {
        const { page } = await signIn()
        const mine = await ours(page)
        const site = host.split('.').slice(-2).join('.')
        cookie = `${pair}; Domain=${site}; Path=/; Secure`
        const tab = await page.context().newPage()
        await tab.goto(at(host))
        await inPage(tab, `document.cookie = ${JSON.stringify(cookie)}`)
        expect(await ours(page)).toEqual(mine)
        await expectAlive(page)
      },
    )
  })

  test('COOKIE-3: what the browser holds: this host alone, no script, this site alone', async () => {
    const { page } = await signIn()
    const { hostname } = new URL(demo.site.gateway)
    expect(await ours(page)).toMatchObject([
      { name: NAME, domain: hostname, path: '/', httpOnly: true, secure: true, sameSite: 'Strict' },
    ])
  })

  test('CSRF-3: the callback again, in the same browser and in another: 400, and nothing is signed', async () => {
    const { page, callback } = await signIn()
    const before = await demo.aws.calls('Sign')
    // In another browser it would be the sign-in of somebody else: whoever sends such a link would have its user in his account.
    const victim = await chromium.page()
    for (const tab of [await page.context().newPage(), victim]) {
      const response = await tab.goto(callback)
      expect(response!.status()).toBe(400)
      expect(await response!.text()).toContain('This sign-in is not known here')
    }
    expect(await ours(victim)).toEqual([])
    expect(await demo.aws.calls('Sign')).toBe(before)
    await expectAlive(page)
  })
})
