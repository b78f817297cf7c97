import type { Page } from 'playwright-core'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { describeInChromium } from '../browser/chromium.ts'
import { type BackEnd, startBackEnd } from './back-end.ts'

// The code of docs/browser.md, in Chromium.

/** What is asked, from the first look to the sign-out. */
const VISIT = [
  'POST /session client_id=spa',
  'GET /login',
  'POST /session client_id=spa',
  'GET /api/orders',
  'POST /logout client_id=spa',
]

describeInChromium('the pages of docs/browser.md', chromium => {
  let backEnd: BackEnd

  beforeAll(async () => {
    backEnd = await startBackEnd({ plain: 'session', react: 'mediated' })
  })
  beforeEach(() => {
    backEnd.asked.length = 0
    backEnd.refuse(undefined)
  })
  afterAll(() => backEnd?.close())

  async function opened(name: 'plain' | 'react') {
    const page = await chromium.page()
    await page.goto(backEnd.app(name))
    return page
  }
  const press = (page: Page, name: string) => page.getByRole('button', { name }).click()

  test('plain: signs in, calls the API, signs out', async () => {
    const page = await opened('plain')
    await page.getByText('Nobody is signed in.').waitFor()
    await press(page, 'Sign in')
    await page.getByText('alice has 2 orders.').waitFor()
    await press(page, 'Sign out')
    await page.getByText('Signed out.').waitFor()
    expect(backEnd.asked).toEqual(VISIT)
  })

  test('plain: a sign-in that failed is said to have, and does not stay in the address', async () => {
    const page = await opened('plain')
    backEnd.refuse('access_denied')
    await press(page, 'Sign in')
    await page.getByText('That did not work: access_denied.').waitFor()
    expect(page.url()).toBe(backEnd.app('plain'))
  })

  test('React: the same under StrictMode, where each return asks for the session once', async () => {
    const page = await opened('react')
    await press(page, 'Sign in')
    await page.getByText('Signed in as alice.').waitFor()
    await press(page, 'Orders')
    await page.getByText('2 orders').waitFor()
    await press(page, 'Sign out')
    await page.getByText('Nobody is signed in.').waitFor()
    expect(backEnd.asked).toEqual(VISIT)
  })

  test('React: a sign-in that failed is still said under StrictMode', async () => {
    const page = await opened('react')
    backEnd.refuse('access_denied')
    await press(page, 'Sign in')
    await page.getByText('access_denied').waitFor()
    expect(page.url()).toBe(backEnd.app('react'))
    expect(backEnd.asked).toEqual(VISIT.slice(0, 2))
  })

  test('who signs out in one tab is signed out in the other', async () => {
    const page = await opened('react')
    await press(page, 'Sign in')
    const other = await page.context().newPage()
    await other.goto(backEnd.app('react'))
    await other.getByText('Signed in as alice.').waitFor()
    await press(page, 'Sign out')
    await other.getByText('Nobody is signed in.').waitFor()
  })
})
