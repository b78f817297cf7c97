import {
  type Browser,
  type BrowserContext,
  type BrowserContextOptions,
  chromium,
  type Page,
} from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe } from 'vitest'
import { CHROMIUM, CHROMIUM_PLACES } from '../support/chromium.ts'

// The one Chromium of a test file. Where there is none, it says so.

const ABSENT = `skipped: no Chromium at ${CHROMIUM_PLACES.join(', ')}`

const ARGS = [
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--no-proxy-server',
  // Whatever asks for another host fails, the browser's own errands included.
  '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost, EXCLUDE *.localhost',
]

/** How long the page may take for one step; far above what it takes, far below a test's own time. */
const STEP_MS = 10_000

export interface Chromium {
  /** The first page of a new profile: no cookie, no storage, no cache of preflights. Gone with the test that opened it. */
  page(options?: BrowserContextOptions): Promise<Page>
}

/**
 * A `describe` whose tests get a browser, started before them with fresh user data and ended after them. Where there is
 * no Chromium the tests are skipped, and the title says why.
 */
export function describeInChromium(title: string, tests: (chromium: Chromium) => void): void {
  const name = CHROMIUM ? title : `${title} (${ABSENT})`
  // Reporters leave out the titles of what is skipped.
  if (!CHROMIUM) console.warn(name)
  describe.skipIf(!CHROMIUM)(name, () => {
    let browser: Browser | undefined

    beforeAll(async () => {
      // In a container there is no sandbox to be had, and every page here is the project's own.
      browser = await chromium.launch({
        executablePath: CHROMIUM!,
        headless: true,
        chromiumSandbox: false,
        args: ARGS,
      })
    })
    afterAll(async () => {
      await browser?.close()
    })

    const profiles: BrowserContext[] = []
    afterEach(async () => {
      await Promise.all(profiles.splice(0).map(profile => profile.close()))
    })
    tests({
      async page(options = {}) {
        const profile = await browser!.newContext(options)
        profiles.push(profile)
        profile.setDefaultTimeout(STEP_MS)
        return profile.newPage()
      },
    })
  })
}

/**
 * What an expression comes to in the page; promises are awaited. As text, because these files are compiled without the
 * types of a document, and because it works past the page's Content-Security-Policy, as a debugger does.
 */
export function inPage<T>(target: Pick<Page, 'evaluate'>, expression: string): Promise<T> {
  return target.evaluate<T>(expression)
}
