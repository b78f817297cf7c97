import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { describeInChromium } from '../browser/chromium.ts'
import { type BackEnd, startBackEnd } from './back-end.ts'

// The code of docs/browser.md, in Chromium.

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

  test('plain: signs in, calls the API, signs out', async () => {
    const page = await chromium.page()
    await page.goto(backEnd.app('plain'))
    await page.getByText('Nobody is signed in.').waitFor()
    await page.getByRole('button', { name: 'Sign in' }).click()
    await page.getByText('alice has 2 orders.').waitFor()
    await page.getByRole('button', { name: 'Sign out' }).click()
    await page.getByText('Signed out.').waitFor()
    expect(backEnd.asked).toEqual([
      'POST /session client_id=spa',
      'GET /login',
      'POST /session client_id=spa',
      'GET /api/orders',
      'POST /logout client_id=spa',
    ])
  })

  test('plain: a sign-in that failed is said to have, and does not stay in the address', async () => {
    const page = await chromium.page()
    await page.goto(backEnd.app('plain'))
    backEnd.refuse('access_denied')
    await page.getByRole('button', { name: 'Sign in' }).click()
    await page.getByText('That did not work: access_denied.').waitFor()
    expect(page.url()).toBe(backEnd.app('plain'))
  })

  test('React: the same under StrictMode, where each return asks for the session once', async () => {
    const page = await chromium.page()
    await page.goto(backEnd.app('react'))
    await page.getByRole('button', { name: 'Sign in' }).click()
    await page.getByText('Signed in as alice.').waitFor()
    await page.getByRole('button', { name: 'Orders' }).click()
    await page.getByText('2 orders').waitFor()
    await page.getByRole('button', { name: 'Sign out' }).click()
    await page.getByText('Nobody is signed in.').waitFor()
    expect(backEnd.asked).toEqual([
      'POST /session client_id=spa',
      'GET /login',
      'POST /session client_id=spa',
      'GET /api/orders',
      'POST /logout client_id=spa',
    ])
  })

  test('React: a sign-in that failed is still said under StrictMode', async () => {
    const page = await chromium.page()
    await page.goto(backEnd.app('react'))
    backEnd.refuse('access_denied')
    await page.getByRole('button', { name: 'Sign in' }).click()
    await page.getByText('access_denied').waitFor()
    expect(page.url()).toBe(backEnd.app('react'))
    expect(backEnd.asked).toEqual(['POST /session client_id=spa', 'GET /login'])
  })

  test('who signs out in one tab is signed out in the other', async () => {
    const page = await chromium.page()
    await page.goto(backEnd.app('react'))
    await page.getByRole('button', { name: 'Sign in' }).click()
    const other = await page.context().newPage()
    await other.goto(backEnd.app('react'))
    await other.getByText('Signed in as alice.').waitFor()
    await page.getByRole('button', { name: 'Sign out' }).click()
    await other.getByText('Nobody is signed in.').waitFor()
  })
})
