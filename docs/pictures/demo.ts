import { Writable } from 'node:stream'
import { chromium } from 'playwright-core'
import { startStack } from '../../local/stack.ts'
import { CHROMIUM, CHROMIUM_PLACES } from '../../test/support/chromium.ts'

/** Those that are tried: one that the page cannot even read, one of the provider's, and one that never gets so far. */
const REFUSALS = ['foreign-origin', 'used-code', 'missing-verifier']

/** Starts the local stack, signs in as a person would, and returns a PNG of what the app then shows. */
export async function photographDemo(): Promise<Buffer> {
  if (CHROMIUM === undefined) throw new Error(`There is no Chromium at ${CHROMIUM_PLACES.join(', ')}.`)
  const log = new Writable({ write: (_chunk, _encoding, done) => done() })
  const stack = await startStack({ port: 0, log })
  try {
    // In a container there is no sandbox to be had, and every page here is the project's own.
    const browser = await chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox'] })
    try {
      const context = await browser.newContext({
        viewport: { width: 1280, height: 900 },
        colorScheme: 'light',
        reducedMotion: 'reduce',
      })
      const page = await context.newPage()
      await page.goto(stack.description.app)
      await page.click('button#sign-in-demo-rs256')
      // The provider's page: any name and password will do.
      await page.getByLabel('User name').fill('ada')
      await page.getByLabel('Password').fill('lovelace')
      await page.getByRole('button', { name: 'Sign in' }).click()
      await page.waitForSelector('main[data-state="signed-in"]')
      for (const refusal of REFUSALS) {
        await page.click(`button[data-refusal="${refusal}"]`)
        await page.waitForSelector(`output[data-result="${refusal}"][data-outcome]`)
      }
      // A button that was just clicked has the focus and the pointer on it.
      await page.locator(':focus').blur()
      await page.mouse.move(0, 0)
      return await page.screenshot({ fullPage: true, animations: 'disabled' })
    } finally {
      await browser.close()
    }
  } finally {
    await stack.close()
  }
}
