import type { Page } from 'playwright-core'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { KMS_ATTEMPTS } from '../../lib/limits.ts'
import { describeInChromium } from './chromium.ts'
import { type Demo, inState, jsonIn, refusalNames, refusalShown, signIn, startDemo } from './demo.ts'

// The demo's buttons for what must not work. What the page shows is held against the function's log and KMS's counter.

describeInChromium('the refusals of the demo', chromium => {
  let demo: Demo
  let page: Page

  beforeAll(async () => {
    demo = await startDemo()
  })
  beforeEach(async () => {
    page = await chromium.page()
    await signIn(page, demo)
  })
  afterAll(async () => {
    await demo?.close()
  })

  async function press(name: string) {
    const [signed, lines] = [await demo.aws.calls('Sign'), demo.requests().length]
    await page.locator(`#refusals button[data-refusal="${name}"]`).click()
    const { status, outcome, text } = await refusalShown(page, name)
    return {
      status,
      outcome,
      text,
      signed: (await demo.aws.calls('Sign')) - signed,
      // The app shows the outcome out of the log, so the line is there by now.
      logged: demo.requests().slice(lines),
    }
  }

  test('there are the five that are tested here', async () => {
    expect(await refusalNames(page)).toEqual([
      'foreign-origin',
      'used-code',
      'wrong-redirect-uri',
      'missing-verifier',
      'kms-down',
    ])
  })

  test.each([
    { name: 'wrong-redirect-uri', status: '400', outcome: 'redirect_uri_refused', error: 'invalid_grant' },
    { name: 'missing-verifier', status: '400', outcome: 'parameter_missing', error: 'invalid_request' },
  ])('$name: refused in words that the app reads, and nothing was signed', async row => {
    const { status, outcome, text, signed, logged } = await press(row.name)
    expect([status, outcome, signed]).toEqual([row.status, row.outcome, 0])
    expect(text).toContain(row.error)
    expect(logged).toMatchObject([{ outcome: row.outcome, status: 400, client_id: 'demo-rs256' }])
  })

  test('CORS-3: foreign-origin: the function refuses before it signs, and the page can read nothing', async () => {
    const { status, outcome, text, signed, logged } = await press('foreign-origin')
    expect([status, outcome, signed]).toEqual(['unreadable', 'origin_refused', 0])
    expect(text).not.toContain('may not use this endpoint')
    expect(logged).toMatchObject([{ outcome: 'origin_refused', status: 403, origin: 'other' }])
  })

  test('used-code: signed and sent, and the provider says no', async () => {
    const { status, outcome, text, signed, logged } = await press('used-code')
    expect([status, outcome]).toEqual(['400', 'upstream_refused'])
    // Its own assertion, or the next one's: not both are asked for by every request.
    expect([1, 2]).toContain(signed)
    expect(text).toContain('invalid_grant')
    expect(logged).toMatchObject([{ outcome: 'upstream_refused', upstream_error: 'invalid_grant' }])
  })

  test('KMS-10: kms-down: 503, nothing sent to the provider, and the next sign-in works', async () => {
    const { status, outcome, text, signed, logged } = await press('kms-down')
    expect([status, outcome]).toEqual(['503', 'signer_unavailable'])
    expect(text).toContain('temporarily_unavailable')
    // What had been signed ahead served one more request; the next was signed for in vain, once more on KMS's word.
    const refused = logged.at(-1)
    expect(logged.slice(0, -1).every(({ ahead }) => ahead === true)).toBe(true)
    expect(logged.length).toBeLessThanOrEqual(2)
    expect([KMS_ATTEMPTS, 2 * KMS_ATTEMPTS]).toContain(signed)
    expect(refused).toMatchObject({ outcome: 'signer_unavailable', status: 503 })
    expect(refused).not.toHaveProperty('upstream_status')

    await page.locator('#sign-out').click()
    await inState(page, 'signed-out')
    // The provider still knows the visitor: no login page this time.
    await page.locator('#sign-in-demo-es256').click()
    await inState(page, 'signed-in')
    expect(await jsonIn(page, '#assertion-claims')).toMatchObject({ iss: 'demo-es256' })
  })

  test('a refusal can be pressed again, and asks again', async () => {
    const first = await press('missing-verifier')
    const lines = demo.requests().length
    await page.locator('button[data-refusal="missing-verifier"]').click()
    await expect.poll(() => demo.requests().length).toBe(lines + 1)
    expect(demo.requests().at(-1)).toMatchObject({ outcome: first.outcome })
  })
})
