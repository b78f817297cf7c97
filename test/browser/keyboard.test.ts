import type { Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { describeInChromium, inPage } from './chromium.ts'
import { type Demo, inState, refusalShown, startDemo } from './demo.ts'

// WCAG 2.2, 2.1.1 and 2.4.7: everything is reached and used by the keyboard, and one sees where one is.

/** More stops than this before the one that is looked for, and nobody would find it. */
const STOPS_MAX = 20

describeInChromium('the demo by the keyboard alone', chromium => {
  let demo: Demo

  beforeAll(async () => {
    demo = await startDemo()
  })
  afterAll(async () => {
    await demo?.close()
  })

  const isFocused = (page: Page, selector: string) =>
    inPage<boolean>(page, `document.activeElement?.matches(${JSON.stringify(selector)}) ?? false`)

  /** Presses Tab until it is there. Returns the stops on the way, itself the last. */
  async function tabTo(page: Page, selector: string): Promise<string[]> {
    const stops: string[] = []
    while (stops.length < STOPS_MAX) {
      await page.keyboard.press('Tab')
      stops.push(await inPage<string>(page, 'document.activeElement?.outerHTML.slice(0, 80) ?? "nothing"'))
      if (await isFocused(page, selector)) return stops
    }
    throw new Error(`${selector} is not among the first ${STOPS_MAX} stops:\n${stops.join('\n')}`)
  }

  /** The focused element and what is around it, as pixels. */
  async function picture(page: Page, selector: string): Promise<Buffer> {
    const box = (await page.locator(selector).boundingBox())!
    const around = { x: box.x - 8, y: box.y - 8, width: box.width + 16, height: box.height + 16 }
    return page.screenshot({ clip: around, animations: 'disabled', caret: 'hide' })
  }

  async function expectVisibleFocus(page: Page, selector: string): Promise<void> {
    const focused = await picture(page, selector)
    await inPage(page, 'document.activeElement.blur()')
    const blurred = await picture(page, selector)
    await page.locator(selector).focus()
    expect(focused.equals(blurred)).toBe(false)
    // The same picture twice is the same bytes, or the comparison above shows nothing.
    expect((await picture(page, selector)).equals(focused)).toBe(true)
  }

  test.each(['light', 'dark'] as const)('%s: sign-in, a refusal, sign-out', async colorScheme => {
    const page = await chromium.page({ colorScheme })
    await page.goto(demo.app)
    await inState(page, 'signed-out')
    await page.locator('#sign-in-demo-rs256').waitFor()
    await tabTo(page, '#sign-in-demo-rs256')
    await expectVisibleFocus(page, '#sign-in-demo-rs256')
    await page.keyboard.press('Enter')

    // The page brings the reader to its first field.
    await page.getByLabel('User name').waitFor()
    expect(await isFocused(page, '#username')).toBe(true)
    await page.keyboard.type('alice')
    await page.keyboard.press('Tab')
    expect(await isFocused(page, '#password')).toBe(true)
    await expectVisibleFocus(page, '#password')
    await page.keyboard.type('correct horse')
    await page.keyboard.press('Enter')
    await inState(page, 'signed-in')

    const refusal = 'button[data-refusal="wrong-redirect-uri"]'
    await tabTo(page, refusal)
    await expectVisibleFocus(page, refusal)
    await page.keyboard.press('Enter')
    expect(await refusalShown(page, 'wrong-redirect-uri')).toMatchObject({ status: '400' })
    // The answer must not throw the reader back to the top of the page.
    await expect.poll(() => isFocused(page, refusal)).toBe(true)

    await tabTo(page, '#sign-out')
    await page.keyboard.press('Enter')
    await inState(page, 'signed-out')
  })
})
