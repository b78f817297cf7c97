import type { Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { describeInChromium, inPage } from './chromium.ts'
import {
  type Demo,
  inState,
  jsonIn,
  refusalNames,
  refusalShown,
  signIn,
  startDemo,
  startSignIn,
} from './demo.ts'
import { type Exchanged, watch } from './traffic.ts'

// The demo, end to end, by clicking: what the panels say is held against the logs and counters of those concerned.

const PANELS = ['waterfall', 'assertion', 'tokens', 'never-seen', 'refusals']
const SPANS = ['browser', 'gateway', 'function', 'kms', 'provider'] as const

/** KMS's delay in the test of the waterfall: what lies around it must be at least as long. */
const DELAY_MS = 300
/** Each part reads the clock once it has handed its answer on; on a busy machine the receiver may have done so before. */
const SLACK_MS = 50

describeInChromium('the demo in a browser', chromium => {
  let demo: Demo

  beforeAll(async () => {
    demo = await startDemo()
  })
  afterAll(async () => {
    await demo?.close()
  })

  async function spans(page: Page): Promise<Record<(typeof SPANS)[number], number>> {
    const found = await page
      .locator('#waterfall svg[role="img"] g[data-span]')
      .evaluateAll(groups =>
        groups.map(group => [group.getAttribute('data-span'), group.getAttribute('data-ms')]),
      )
    expect(found.map(([name]) => name)).toEqual(SPANS)
    return Object.fromEntries(found.map(([name, ms]) => [name, Number(ms)]))
  }

  test.each([
    ['demo-rs256', 'RS256'],
    ['demo-es256', 'ES256'],
  ])('%s: a sign-in by clicking fills every panel from what really happened', async (client_id, alg) => {
    const signed = await demo.aws.calls('Sign')
    const page = await chromium.page()
    await signIn(page, demo, client_id)
    // That of the first client was made when the function started.
    expect(await demo.aws.calls('Sign')).toBe(client_id === 'demo-rs256' ? 1 : signed + 1)

    const kms = await page.locator('#waterfall g[data-span="kms"]').textContent()
    expect(kms?.includes('signed ahead')).toBe(client_id === 'demo-rs256')

    for (const name of PANELS) {
      const panel = page.locator(`section#${name}`)
      expect(await panel.isVisible()).toBe(true)
      // The heading stands there from the start; what counts is what has come under it.
      const heading = await panel.locator('h2').innerText()
      expect((await panel.innerText()).length).toBeGreaterThan(heading.length + 50)
    }
    expect(await page.locator('#tokens').innerText()).toContain('Bearer')
    expect(await page.locator('#never-seen').innerText()).toMatch(/private key.*assertion/is)

    const record = demo.requests().findLast(({ outcome }) => outcome === 'tokens')!
    expect(record.client_id).toBe(client_id)
    expect(await jsonIn(page, '#assertion-header')).toEqual({
      alg,
      kid: record.kid,
      typ: expect.any(String),
    })
    const claims = await jsonIn<Record<string, number>>(page, '#assertion-claims')
    expect(claims).toEqual({
      iss: client_id,
      sub: client_id,
      aud: demo.issuer,
      iat: expect.any(Number),
      exp: claims.iat! + 60,
      jti: record.jti,
    })
    expect(claims.iat).toBeLessThanOrEqual(Date.now() / 1000)
    expect(claims.exp).toBeGreaterThan(Date.now() / 1000)

    expect(await jsonIn(page, '#id-token-claims')).toMatchObject({
      iss: demo.issuer,
      aud: client_id,
      sub: 'alice',
    })
  })

  test('the waterfall is drawn from measured spans: one inside the other, and a slow KMS shows where it is slow', async () => {
    const page = await chromium.page()
    await demo.aws.fault('Sign', { kind: 'delay', ms: DELAY_MS }, 1)
    // The second client: its first assertions are signed in the requests themselves.
    await signIn(page, demo, 'demo-es256')
    const slow = await spans(page)
    expect(Math.min(...Object.values(slow))).toBeGreaterThan(0)
    // A timer may be early by a part of a millisecond.
    expect(slow.kms).toBeGreaterThanOrEqual(DELAY_MS - 1)
    expect(slow.function + SLACK_MS).toBeGreaterThan(slow.kms + slow.provider)
    expect(slow.gateway + SLACK_MS).toBeGreaterThan(slow.function)
    expect(slow.browser + SLACK_MS).toBeGreaterThan(slow.gateway)

    // The bars say the same as the numbers.
    const bars = await page
      .locator('#waterfall g[data-span] rect')
      .evaluateAll(rects => rects.map(rect => Number(rect.getAttribute('width'))))
    expect(bars).toHaveLength(SPANS.length)
    SPANS.forEach((name, i) => {
      expect(bars[i]! / bars[0]!).toBeCloseTo(slow[name] / slow.browser, 1)
    })
  })

  /** All that a page's script could lay hands on: the document, its storage, its cookies. */
  const held = (page: Page) =>
    inPage<string>(
      page,
      `(async () => JSON.stringify({
        document: document.documentElement.outerHTML,
        session: { ...sessionStorage },
        local: { ...localStorage },
        cookies: document.cookie,
        databases: (await indexedDB.databases()).map(({ name }) => name),
        caches: await caches.keys(),
        history: history.state,
        name: window.name,
      }))()`,
    )

  /** Every compact JWS in a text, decoded as far as its claims. */
  const tokensIn = (text: string) =>
    [...text.matchAll(/eyJ[\w-]+\.(eyJ[\w-]+)\.[\w-]*/g)].map(
      ([, claims]) => JSON.parse(Buffer.from(claims!, 'base64url').toString('utf8')) as { iss: string },
    )

  /**
   * What is as long as a signature of RSA-2048 or of P-256, in base64url: whatever it is called. Scripts are left
   * out, being the same before any signature was made.
   */
  const signaturesIn = (text: string) =>
    [...text.matchAll(/(?<![\w-])(?:[\w-]{342}|[\w-]{86})(?![\w-])/g)].map(([found]) => found)

  test.each(['demo-rs256', 'demo-es256'])(
    '%s: the browser never sees the assertion or its signature',
    async client_id => {
      const page = await chromium.page()
      const traffic = await watch(page)
      await signIn(page, demo, client_id)
      const all = traffic.exchanged
      const said = all.filter(({ kind }) => kind !== 'Script')
      const sent = said.map(({ request, response }) => `${request}\n${response}`).join('\n')
      const everything = [sent, await held(page), JSON.stringify(await page.context().cookies())].join('\n')

      // The library has the word in its own script; nothing that was said has it.
      expect(everything).not.toMatch(/client_assertion/)
      const exchange = tokenRequest(all)
      const { id_token = '' } = JSON.parse(exchange.body) as { id_token?: string }
      const tokens = tokensIn(everything)
      // The ID token is found, so the net is fine enough, and nothing else is in it.
      expect(tokens.length).toBeGreaterThan(0)
      expect(new Set(tokens.map(({ iss }) => iss))).toEqual(new Set([demo.issuer]))
      const idTokenSignature = id_token.split('.')[2]!
      expect(signaturesIn(`"${idTokenSignature}"`)).toEqual([idTokenSignature])
      expect(new Set(signaturesIn(everything))).toEqual(new Set([idTokenSignature]))
    },
  )

  const tokenRequest = (all: readonly Exchanged[]) => {
    const [exchange, ...more] = all.filter(({ url }) => url === `${demo.gateway}/token`)
    expect(more).toEqual([])
    return exchange!
  }

  test('TOK-1: no refresh token reaches the page, and the page asks the gateway alone for tokens', async () => {
    const page = await chromium.page()
    const traffic = await watch(page)
    await signIn(page, demo)
    const all = traffic.exchanged
    const answer = JSON.parse(tokenRequest(all).body) as Record<string, unknown>
    expect(Object.keys(answer)).toContain('access_token')
    expect(Object.keys(answer)).not.toContain('refresh_token')
    // The provider gave one: there was something to leave out.
    expect(await page.locator('#token-facts').innerText()).toContain('the function left it out')
    // Tokens are in the page's memory alone: no storage has any.
    const kept = await inPage<string>(page, 'JSON.stringify({ ...sessionStorage, ...localStorage })')
    expect(kept).toContain('demo-rs256')
    expect(kept).not.toContain(answer.access_token)
    expect(all.filter(({ method }) => method === 'POST').map(({ url }) => new URL(url).pathname)).toEqual([
      // The login form, and the exchange.
      expect.stringMatching(/^\/[\w-]+\/as\//),
      '/token',
    ])
  })

  test('nothing comes from outside, and a sign-in leaves the console with nothing to say', async () => {
    const page = await chromium.page()
    const hosts = new Set<string>()
    // Frames of other origins are heard here too.
    page.context().on('request', request => hosts.add(new URL(request.url()).hostname))
    const traffic = await watch(page)
    await signIn(page, demo)
    expect(traffic.problems).toEqual([])
    // A refused request is an error to the console, as it should be.
    for (const name of await refusalNames(page)) {
      await page.locator(`button[data-refusal="${name}"]`).click()
      await refusalShown(page, name)
    }
    await page.locator('#sign-out').click()
    await inState(page, 'signed-out')
    expect([...hosts].sort()).toEqual(['127.0.0.1', 'localhost'])
  })

  test('signing out forgets the tokens; the next sign-in needs no password', async () => {
    const page = await chromium.page()
    await signIn(page, demo, 'demo-es256')
    expect(await page.locator('#panels').isVisible()).toBe(true)
    await page.locator('#sign-out').click()
    await inState(page, 'signed-out')
    expect(await page.locator('#panels').isVisible()).toBe(false)
    expect(await page.locator('[role="status"]').innerText()).toContain('The provider still knows you')
    // The session at the provider is another one, and goes on.
    await page.locator('#sign-in-demo-es256').click()
    await inState(page, 'signed-in')
  })

  test('a sign-in that is cancelled at the provider is said to be, and can be started again', async () => {
    const page = await chromium.page()
    const signed = await demo.aws.calls('Sign')
    await startSignIn(page, demo)
    await page.getByRole('button', { name: 'Cancel' }).click()
    await page.getByText('You cancelled the sign-in.').waitFor()
    expect(await demo.aws.calls('Sign')).toBe(signed)
    await page.locator('#sign-in-demo-rs256').click()
    await page.getByLabel('User name').waitFor()
  })

  test('an answer that nobody here asked for is said to be one, and its code does not stay in the address', async () => {
    const page = await chromium.page()
    await page.goto(`${demo.app}/callback?code=x&state=y`)
    await page.getByText('This sign-in was not started in this tab.').waitFor()
    expect(page.url()).toBe(`${demo.app}/`)
  })

  test('by its other name the app sends to the one that the provider knows', async () => {
    const page = await chromium.page()
    await page.goto(demo.app.replace('127.0.0.1', 'localhost'))
    expect(page.url()).toBe(`${demo.app}/`)
  })
})
