import { readFileSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import type { AxeResults } from 'axe-core'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { ROOT } from '../support/deployment.ts'
import { describeInChromium, inPage } from './chromium.ts'
import { type Demo, inState, refusalShown, signIn, startDemo, startSignIn } from './demo.ts'

// What axe finds, whether anything sticks out at the side, and pictures for people to look at.

const ARTIFACTS = join(ROOT, 'artifacts')
const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
const WIDTHS = [1280, 375] as const
const SCHEMES = ['light', 'dark'] as const
/** One of each kind: what the page could not read, what the provider refused, what was refused before it. */
const REFUSALS = ['foreign-origin', 'used-code', 'wrong-redirect-uri']

describeInChromium('the demo for everyone', chromium => {
  let demo: Demo

  beforeAll(async () => {
    demo = await startDemo()
    await mkdir(ARTIFACTS, { recursive: true })
  })
  afterAll(async () => {
    await demo?.close()
  })

  /** What axe has to say of the page, from `serious` upwards: rule and place. */
  async function findings(page: Page): Promise<string[]> {
    await inPage(page, AXE)
    const { violations, passes } = await inPage<AxeResults>(page, 'axe.run()')
    // Where nothing was looked at, nothing is found.
    expect(passes.length).toBeGreaterThan(10)
    return violations
      .filter(({ impact }) => impact === 'serious' || impact === 'critical')
      .flatMap(({ id, nodes }) =>
        nodes.map(({ target, failureSummary }) => `${id} ${target}: ${failureSummary}`),
      )
  }

  /** CSS pixels, with what one would have to scroll to. */
  const widthOf = (page: Page) => inPage<number>(page, 'document.documentElement.scrollWidth')

  /** At each width: no serious finding, nothing beyond the edge; with a name, a picture too. */
  async function inspect(page: Page, name?: string): Promise<void> {
    for (const width of WIDTHS) {
      await page.setViewportSize({ width, height: 800 })
      // Two frames: what depends on the width has been drawn again.
      await inPage(page, 'new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))')
      expect(await findings(page)).toEqual([])
      expect(await widthOf(page)).toBeLessThanOrEqual(width)
      if (name === undefined) continue
      const path = join(ARTIFACTS, name.replace('*', String(width)))
      await page.screenshot({ path, fullPage: true, animations: 'disabled' })
    }
  }

  test.each(SCHEMES)('%s: the app, signed out', async colorScheme => {
    const page = await chromium.page({ colorScheme })
    await page.goto(demo.app)
    await inState(page, 'signed-out')
    await page.locator('#sign-in-demo-rs256').waitFor()
    await inspect(page, `signed-out-*-${colorScheme}.png`)
  })

  test.each(SCHEMES)('%s: the login page, and what it says of an empty field', async colorScheme => {
    const page = await chromium.page({ colorScheme })
    await startSignIn(page, demo)
    await inspect(page)
    await page.getByRole('button', { name: 'Sign in' }).click()
    await page.getByRole('alert').waitFor()
    await inspect(page)
  })

  test.each(SCHEMES)('%s: the app, signed in, with some refusals', async colorScheme => {
    const page = await chromium.page({ colorScheme })
    await signIn(page, demo)
    await inspect(page, `signed-in-*-${colorScheme}.png`)
    for (const name of REFUSALS) {
      await page.locator(`button[data-refusal="${name}"]`).click()
      await refusalShown(page, name)
    }
    await inspect(page, `refusals-*-${colorScheme}.png`)
  })

  test.each(SCHEMES)('%s: the app after a sign-in that failed', async colorScheme => {
    const page = await chromium.page({ colorScheme })
    await startSignIn(page, demo)
    await page.goto(`${demo.app}/callback?code=x&state=of-nobody`)
    await inState(page, 'failed')
    await inspect(page)
  })

  test.each(SCHEMES)(
    '%s: the page of the three deliveries, signed out, signed in, and where it failed',
    async colorScheme => {
      const page = await chromium.page({ colorScheme })
      await page.goto(`${demo.site.app}/deliveries?delivery=mediated`)
      const state = (name: string) => page.locator(`#page[data-state="${name}"]`).waitFor()
      await state('signed-out')
      await inspect(page)
      await page.getByRole('button', { name: 'Sign in' }).click()
      await page.getByLabel('User name').fill('alice')
      await page.getByLabel('Password').fill('correct horse')
      await page.getByRole('button', { name: 'Sign in' }).click()
      await state('signed-in')
      await page.getByRole('button', { name: 'Call the API' }).click()
      await page.getByText('"bearer"').waitFor()
      await inspect(page, `deliveries-*-${colorScheme}.png`)
      await page.goto(`${demo.site.app}/deliveries?delivery=mediated&error=access_denied`)
      await state('failed')
      await inspect(page)
    },
  )

  test('a page with faults is found to have them', async () => {
    const page = await chromium.page()
    await page.goto(demo.app)
    await page.setViewportSize({ width: 375, height: 800 })
    await inPage(
      page,
      `document.querySelector('main').innerHTML +=
        '<button id="nameless"></button><p id="pale">pale</p><p id="wide">wide</p>'
       ;document.getElementById('pale').style.cssText = 'color: #888; background: #777'
       ;document.getElementById('wide').style.cssText = 'width: 500px'`,
    )
    const found = (await findings(page)).join('\n')
    expect(found).toContain('button-name #nameless')
    expect(found).toContain('color-contrast #pale')
    expect(await widthOf(page)).toBeGreaterThan(375)
  })
})
