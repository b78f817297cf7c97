import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Api, startApi } from '../../local/api/server.ts'
import { type Gateway, startGateway } from '../../local/gateway/server.ts'
import { siblingOf } from '../../local/site.ts'
import { closeProviders, type Provider, startProvider } from '../support/fake-provider.ts'
import { describeInChromium, inPage } from './chromium.ts'
import { answerPage } from './pages.ts'

// The local names as a browser sees them: app and gateway are one site, which holds cookies that want TLS; and what a page can
// read of the REST API's own answers. The functions are a test's own, with a cookie that holds nothing.

const COOKIE = '__Host-Http-cs-abcdefgh'
const FUNCTIONS = {
  oauth: `export const handler = async ({ headers }) => ({
    statusCode: 200,
    headers: { 'access-control-allow-origin': process.env.ORIGIN, 'access-control-allow-credentials': 'true' },
    cookies: ['${COOKIE}=sealed; Path=/; Secure; HttpOnly; SameSite=Strict'],
    body: '{}',
  })`,
  authorizer: `export async function handler({ headers, methodArn }) {
    const cookie = headers.Cookie ?? headers.cookie ?? ''
    if (!cookie.includes('${COOKIE}=sealed')) throw new Error('Unauthorized')
    const Statement = [{ Action: 'execute-api:Invoke', Effect: 'Allow', Resource: methodArn }]
    return { principalId: 'x', policyDocument: { Statement }, context: { authorization: 'Bearer at-1' } }
  }`,
}
const SERVICE = `
functions:
  oauth: { handler: oauth.handler, events: [{ httpApi: { method: '*', path: /session } }] }
  authorizer: { handler: authorizer.handler }
`

describeInChromium('app and gateway as siblings', chromium => {
  let gateway: Gateway
  let api: Api
  let page: Provider
  let origin: string
  const root = mkdtempSync(join(tmpdir(), 'site-'))

  beforeAll(async () => {
    page = await startProvider(response => answerPage(response, '<h1>A page</h1>'))
    origin = siblingOf(page.url, 'app')
    api = await startApi({ port: 0, origins: () => [origin] })
    writeFileSync(join(root, 'serverless.yml'), SERVICE)
    for (const [name, text] of Object.entries(FUNCTIONS)) writeFileSync(join(root, `${name}.mjs`), text)
    cpSync(join(import.meta.dirname, '../../infra'), join(root, 'infra'), { recursive: true })
    gateway = await startGateway({
      port: 0,
      root,
      log: new PassThrough().resume(),
      parameters: { ApiUrl: api.url, AppOrigin: origin },
      environmentOf: () => ({ ORIGIN: origin }),
    })
  })
  afterAll(async () => {
    await gateway?.close()
    await api?.close()
    closeProviders()
    rmSync(root, { recursive: true })
  })

  /** What a page reads of an answer: its status and text, or the error's name. */
  const ask = (from: Page, path: string, method = 'GET') =>
    inPage<string>(
      from,
      `fetch('${siblingOf(gateway.url, 'api')}${path}', {
        method: '${method}', credentials: 'include', headers: { 'x-csrf': '1' },
      }).then(async answer => answer.status + ' ' + await answer.text(), error => error.name)`,
    )
  /** Simple enough to need no preflight, which this one would not get. */
  const signIn = (from: Page) =>
    inPage(
      from,
      `fetch('${siblingOf(gateway.url, 'api')}/session', { method: 'POST', credentials: 'include' })`,
    )

  test('without a session a page can read the 401, and with it, what the API says', async () => {
    const app = await chromium.page()
    await app.goto(origin)
    expect(await ask(app, '/api/orders')).toBe('401 {"message":"Unauthorized"}')
    expect(api.seen()).toEqual([])

    await signIn(app)
    expect(await ask(app, '/api/orders')).toMatch(/^200 .*"bearer":"present: -\/[0-9a-f]{8}"/)
    expect(await ask(app, '/api/orders', 'DELETE')).toMatch(/^404 /)
    expect(JSON.stringify(api.seen())).not.toContain('sealed')
    // No script reads it.
    expect(await inPage(app, 'document.cookie')).toBe('')
  })

  test.each([
    ['another site', 'evil.localhost'],
    ['a sibling that is not the app', 'other.example.localhost'],
  ])('a page of %s comes to nothing with the session of the same browser', async (_, host) => {
    const tab = await chromium.page()
    await tab.goto(origin)
    await signIn(tab)
    expect(await ask(tab, '/api/me')).toMatch(/^200 /)
    const before = api.seen().length
    await tab.goto(page.url.replace('127.0.0.1', host))
    // The header that is asked for has a preflight, which names one origin.
    expect(await ask(tab, '/api/me')).toBe('TypeError')
    expect(api.seen().length).toBe(before)
  })

  test('a page of another site sends no cookie, even where it asks for no preflight', async () => {
    const tab = await chromium.page()
    await tab.goto(origin)
    await signIn(tab)
    const before = api.seen().length
    await tab.goto(page.url.replace('127.0.0.1', 'evil.localhost'))
    const url = `${siblingOf(gateway.url, 'api')}/api/me`
    await inPage(tab, `fetch('${url}', { mode: 'no-cors', credentials: 'include' }).then(() => {})`)
    expect(api.seen().length).toBe(before)
  })
})
