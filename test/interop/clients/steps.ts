import type { Page } from 'playwright-core'
import type { LogRecord } from '../../../lib/log.ts'
import { type Demo, jsonIn } from '../../browser/demo.ts'
import { until } from '../../support/deployment.ts'

// A person's steps through one of the pages, and what is to be seen of them on both sides.

/** What a page shows: what its library holds, or what it was told of an error. */
export interface Shown {
  access_token: string
  refresh_token?: string | null
  token_type: string
  sub?: string
  name?: string
  message?: string
  error?: string
  error_description?: string
}

/** Presses a button and returns what the page shows in the state that is meant. Throws where it ends in another one. */
export async function press(page: Page, button: string, state: string): Promise<Shown> {
  await page.getByRole('button', { name: button }).click()
  return inState(page, state)
}

/** From the app's first page to its tokens, by the provider's login page. */
export async function signIn(page: Page, address: string, state = 'signed-in'): Promise<Shown> {
  await page.goto(address)
  await page.getByRole('button', { name: 'Sign in' }).click()
  await page.getByLabel('User name').fill('alice')
  await page.getByLabel('Password').fill('correct horse')
  await page.getByRole('button', { name: 'Sign in' }).click()
  return inState(page, state)
}

async function inState(page: Page, state: string): Promise<Shown> {
  // Whatever comes to an end first: a failure is told at once and not by a time-out.
  await page.locator(`main[data-state="${state}"], main[data-state="failed"]`).waitFor()
  const reached = await page.locator('main').getAttribute('data-state')
  const shown = await jsonIn<Shown>(page, 'main pre')
  if (reached !== state) throw new Error(`${reached} and not ${state}: ${JSON.stringify(shown)}`)
  return shown
}

export interface Watched {
  /** The function's lines since, oldest first, once there are that many. */
  records(least: number): Promise<LogRecord[]>
  /** Where the page itself, that is its scripts, has posted since. Preflights are the browser's own and not among them. */
  posts(): string[]
}

/** Takes down what happens from now on. */
export function watchAll(page: Page, demo: Demo): Watched {
  const posts: string[] = []
  page.on('request', request => {
    if (request.method() === 'POST' && request.resourceType() !== 'document') posts.push(request.url())
  })
  return { records: recordsSince(demo), posts: () => [...posts] }
}

/** The same for an app without a page. */
export function recordsSince(demo: Demo): Watched['records'] {
  // The provider reads the keys when it will.
  const all = () => demo.requests().filter(({ route }) => route !== '/.well-known/jwks.json')
  const before = all().length
  const since = () => all().slice(before)
  return async least => {
    await until(() => since().length >= least)
    return since()
  }
}
