import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { describeInChromium, inPage } from './chromium.ts'
import { type Demo, startDemo } from './demo.ts'

// RACE-1 in a browser, with two processes of the function: two tabs that do not agree with each other, as tabs of an app do that
// asks without the helper and its Web Locks.

const TABS = 2
/** Of requests of each tab at once, which the two functions get in turn. */
const AT_ONCE = 3
const ROUNDS = 3

describeInChromium('two tabs and two functions', chromium => {
  const signIn = async (demo: Demo): Promise<Page[]> => {
    const page = await chromium.page()
    const address = `${demo.site.app}/deliveries?delivery=mediated`
    await page.goto(address)
    await page.getByRole('button', { name: 'Sign in', exact: true }).click()
    await page.getByLabel('User name').fill('alice')
    await page.getByLabel('Password').fill('correct horse')
    await page.getByRole('button', { name: 'Sign in', exact: true }).click()
    await page.locator('#page[data-state="signed-in"]').waitFor()
    const other = await page.context().newPage()
    await other.goto(address)
    await other.locator('#page[data-state="signed-in"]').waitFor()
    return [page, other]
  }

  /** The statuses of requests that all begin at once and each want a new access token. */
  const refreshAtOnce = async (demo: Demo, tabs: Page[]): Promise<number[]> => {
    const once = `fetch('${demo.site.gateway}/session', {
      method: 'POST', credentials: 'include', headers: { 'X-CSRF': '1' },
      body: new URLSearchParams({ client_id: 'mediated', force: 'true' }),
    }).then(response => response.status)`
    const many = `Promise.all(Array.from({ length: ${AT_ONCE} }, () => ${once}))`
    return (await Promise.all(tabs.map(tab => inPage<number[]>(tab, many)))).flat()
  }

  /** And then one more by the page's own button. */
  const goesOn = async ([page]: Page[]): Promise<boolean> => {
    await page!.reload()
    await page!.locator('#page[data-state="signed-in"], #page[data-state="signed-out"]').waitFor()
    return page!.locator('#page[data-state="signed-in"]').isVisible()
  }

  const all = (status: number) => Array(TABS * AT_ONCE).fill(status)

  describe('with the table', () => {
    let demo: Demo
    beforeAll(async () => {
      demo = await startDemo(undefined, { instances: 2, leaseTable: true })
    })
    afterAll(() => demo?.close())

    test('RACE-1: no refresh token reaches a provider that rotates twice, however many ask, and the session goes on', async () => {
      const tabs = await signIn(demo)
      for (let round = 1; round <= ROUNDS; round++) {
        expect(await refreshAtOnce(demo, tabs)).toEqual(all(200))
        // One for each cookie: a tab that comes late has the new one already, and asks for another by right.
        const reached = demo.refreshes()
        expect(new Set(reached)).toEqual(new Set(['grant.success']))
        expect(reached.length).toBeGreaterThanOrEqual(round)
        expect(reached.length).toBeLessThanOrEqual(TABS * round)
      }
      expect(await goesOn(tabs)).toBe(true)
    })
  })

  describe('without it', () => {
    test('a provider with a grace period gets more of them, and the session goes on', async () => {
      const demo = await startDemo(undefined, { instances: 2, refresh_grace_s: 10 })
      try {
        const tabs = await signIn(demo)
        for (let round = 0; round < ROUNDS; round++) expect(await refreshAtOnce(demo, tabs)).toEqual(all(200))
        // One for each function and cookie at most: within a function there is still but one.
        expect(demo.refreshes().length).toBeGreaterThan(ROUNDS)
        expect(demo.refreshes().length).toBeLessThanOrEqual(2 * TABS * ROUNDS)
        expect(await goesOn(tabs)).toBe(true)
      } finally {
        await demo.close()
      }
    })

    test('one without takes the second for a theft, and the session ends: that is what the table is for', async () => {
      const demo = await startDemo(undefined, { instances: 2 })
      try {
        const tabs = await signIn(demo)
        const statuses = [...(await refreshAtOnce(demo, tabs)), ...(await refreshAtOnce(demo, tabs))]
        expect(new Set(statuses)).toEqual(new Set([200, 401]))
        expect(demo.refreshes()).toContain('grant.error')
        expect(await goesOn(tabs)).toBe(false)
      } finally {
        await demo.close()
      }
    })
  })
})
