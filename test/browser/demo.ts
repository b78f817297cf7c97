import { PassThrough } from 'node:stream'
import type { Page } from 'playwright-core'
import type { LogRecord } from '../../lib/log.ts'
import { type Control, control } from '../../local/aws/control.ts'
import type { StackDescription } from '../../local/description.ts'
import type { IdpEvent } from '../../local/idp/events.ts'
import { type Stack, type StackOptions, startStack } from '../../local/stack.ts'

// The local stack as `npm start` runs it, and a person's steps through the demo app.

export interface Demo extends StackDescription {
  /** What the API behind the gateway has seen. */
  atTheApi: Stack['api']['seen']
  /** Every token that the provider has issued. */
  issued: ReadonlySet<string>
  /** The switches and counters of KMS. */
  aws: Control
  /** The function's lines of the requests so far, oldest first. */
  requests(): LogRecord[]
  /** Of each refresh that has reached the provider: whether it succeeded (`grant.success`), oldest first. */
  refreshes(): string[]
  close(): Promise<void>
}

export async function startDemo(
  clients?: StackOptions['clients'],
  more: Pick<StackOptions, 'instances' | 'leaseTable' | 'refresh_grace_s'> = {},
): Promise<Demo> {
  const written: string[] = []
  const log = new PassThrough().on('data', chunk => written.push(String(chunk)))
  const issued = new Set<string>()
  const lines = () =>
    written
      .join('')
      .split('\n')
      .filter(line => line.startsWith('{'))
      .map(line => JSON.parse(line) as LogRecord & { idp?: IdpEvent })
  const onIssued = (token: string) => issued.add(token)
  const { description, api, close } = await startStack({
    port: 0,
    log,
    onIssued,
    ...more,
    ...(clients && { clients }),
  })
  return {
    ...description,
    atTheApi: api.seen,
    issued,
    aws: control(description.kms),
    requests: () => lines().filter(({ event }) => event === 'request'),
    refreshes: () =>
      lines().flatMap(({ idp }) =>
        idp?.grant_type === 'refresh_token' && idp.type.startsWith('grant.') ? [idp.type] : [],
      ),
    close,
  }
}

/** Resolves once the app says that it is in this state. */
export async function inState(page: Page, state: 'signed-out' | 'signed-in' | 'failed'): Promise<void> {
  await page.locator(`main[data-state="${state}"]`).waitFor()
}

/** Opens the app and chooses a client: up to the provider's login page. */
export async function startSignIn(page: Page, demo: Demo, client_id = 'demo-rs256'): Promise<void> {
  await page.goto(demo.app)
  await page.locator(`#sign-in-${client_id}`).click()
  await page.waitForURL(`${demo.issuer}/**`)
}

/** A whole sign-in by clicking, in a profile that the provider does not know yet. */
export async function signIn(page: Page, demo: Demo, client_id?: string): Promise<void> {
  await startSignIn(page, demo, client_id)
  await page.getByLabel('User name').fill('alice')
  await page.getByLabel('Password').fill('correct horse')
  await page.getByRole('button', { name: 'Sign in' }).click()
  await inState(page, 'signed-in')
}

/** The text of an element, read as JSON. */
export async function jsonIn<T>(page: Page, selector: string): Promise<T> {
  return JSON.parse((await page.locator(selector).textContent()) ?? '') as T
}

/** The names of the refusal buttons, from top to bottom. */
export async function refusalNames(page: Page): Promise<string[]> {
  return page
    .locator('#refusals button[data-refusal]')
    .evaluateAll(buttons => buttons.map(button => button.getAttribute('data-refusal') ?? ''))
}

export interface Shown {
  /** What the page could read: a status, or `unreadable`. */
  status: string | null
  /** What the function's log says. */
  outcome: string | null
  text: string
}

/** Waits for the answer that a refusal button has brought, and reads it. */
export async function refusalShown(page: Page, name: string): Promise<Shown> {
  const output = page.locator(`output[data-result="${name}"][data-status]`)
  await output.waitFor()
  return {
    status: await output.getAttribute('data-status'),
    outcome: await output.getAttribute('data-outcome'),
    text: await output.innerText(),
  }
}
