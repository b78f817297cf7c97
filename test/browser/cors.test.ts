import type { ServerResponse } from 'node:http'
import type { Frame, Page } from 'playwright-core'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import type { LogRecord } from '../../lib/log.ts'
import { type Deployment, GOOD, startDeployment, until } from '../support/deployment.ts'
import { closeProviders, json, type Provider, startProvider } from '../support/fake-provider.ts'
import { describeInChromium, inPage } from './chromium.ts'
import { addSandboxedFrame, answerPage, hostileForm, post, type Seen } from './pages.ts'

// CORS by the one judge that matters: what a page's own script can read, and what its request cost.

describeInChromium('CORS as a browser sees it', chromium => {
  let app: Provider
  let foreign: Provider
  let provider: Provider
  let deployment: Deployment
  let answer: (response: ServerResponse) => void

  const tokens = (response: ServerResponse) =>
    json(response, 200, { access_token: 'at-1', token_type: 'Bearer', expires_in: 300 })

  beforeAll(async () => {
    ;[app, foreign, provider] = await Promise.all([
      startProvider(response => answerPage(response, '<h1>The app</h1>')),
      startProvider(response => answerPage(response, hostileForm(endpoint(), good()))),
      startProvider(response => answer(response)),
    ])
    deployment = await startDeployment(`${provider.url}/token`, {
      client: {
        allowed_origins: [app.url],
        redirect_uris: [`${app.url}/callback`],
        // So that signatures can be counted by request.
        assertion: { ahead: false },
      },
    })
  })
  beforeEach(() => {
    answer = tokens
  })
  afterAll(async () => {
    await deployment?.close()
    closeProviders()
  })

  const good = (changes: Record<string, string> = {}) => ({
    ...GOOD,
    redirect_uri: `${app.url}/callback`,
    ...changes,
  })

  async function open(url: string): Promise<Page> {
    const opened = await chromium.page()
    await opened.goto(url)
    return opened
  }

  const endpoint = () => `${deployment.gateway.url}/token`

  /** A token request by the script of a page of its own profile. */
  const postFrom = async (
    url: string,
    body: string | Record<string, string>,
    init?: Record<string, unknown>,
  ): Promise<Seen> => post(await open(url), endpoint(), body, init)

  const form = (changes: Record<string, string> = {}) => new URLSearchParams(good(changes)).toString()

  /** What the work cost, and the function's own lines about it, oldest first. */
  async function counted<T>(work: () => Promise<T>) {
    const before = { lines: deployment.requests().length, upstream: provider.requests.length }
    const signed = await deployment.kms.calls('Sign')
    const result = await work()
    // The lines arrive in order, so behind this one none is missing. Its outcome is no other request's.
    await fetch(endpoint(), { headers: { origin: app.url } })
    await until(() => deployment.requests().at(-1)?.outcome === 'method_not_allowed')
    return {
      result,
      lines: deployment.requests().slice(before.lines, -1),
      signed: (await deployment.kms.calls('Sign')) - signed,
      upstream: provider.requests.length - before.upstream,
    }
  }

  const outcomes = (lines: LogRecord[]) => lines.map(({ outcome }) => outcome)

  test('the app reads its tokens, and no refresh token among them', async () => {
    answer = response =>
      json(response, 200, { access_token: 'at-1', token_type: 'Bearer', refresh_token: 'rt-1' })
    const { result, lines, signed } = await counted(async () => postFrom(app.url, form()))
    expect(result).toMatchObject({ type: 'cors', status: 200 })
    expect(result.body).toEqual({ access_token: 'at-1', token_type: 'Bearer' })
    expect([outcomes(lines), signed]).toEqual([['tokens'], 1])
  })

  test('CORS-9, ERR-8: the app reads a 400: its status, its JSON body, its X-Request-Id', async () => {
    const { result, lines, signed, upstream } = await counted(async () =>
      postFrom(app.url, form({ code_verifier: 'short' })),
    )
    expect(result.status).toBe(400)
    expect(result.body).toEqual({
      error: 'invalid_request',
      error_description: 'code_verifier is malformed.',
    })
    expect(lines[0]).toMatchObject({ outcome: 'parameter_malformed', status: 400 })
    expect(result.headers!['x-request-id']).toBe(lines[0]!.request_id)
    expect([signed, upstream]).toEqual([0, 0])
    // Were every header readable, the line above would show nothing.
    expect(result.headers!['apigw-requestid']).toBeNull()
  })

  test('ERR-8: the app reads a 502 where the provider answers nonsense', async () => {
    answer = response => response.writeHead(200, { 'content-type': 'text/html' }).end('<h1>Welcome</h1>')
    const { result, lines, signed, upstream } = await counted(async () => postFrom(app.url, form()))
    expect(result.status).toBe(502)
    expect(result.body).toEqual({
      error: 'server_error',
      error_description: 'The identity provider gave an answer that cannot be used.',
    })
    expect(lines[0]).toMatchObject({ outcome: 'upstream_malformed', status: 502 })
    expect(result.headers!['x-request-id']).toBe(lines[0]!.request_id)
    expect([signed, upstream]).toEqual([1, 1])
  })

  test('CORS-9: the app reads how long to wait', async () => {
    answer = response => json(response, 429, {}, { 'retry-after': '7' })
    const seen = await postFrom(app.url, form())
    expect([seen.status, seen.headers!['retry-after']]).toEqual([429, '7'])
  })

  test('CORS-3: a foreign page sends a form without asking, reads nothing and causes no signature', async () => {
    const { result, lines, signed, upstream } = await counted(async () => postFrom(foreign.url, form()))
    expect(result).toEqual({ error: 'TypeError' })
    expect(lines).toHaveLength(1)
    expect(lines[0]).toMatchObject({ outcome: 'origin_refused', status: 403, origin: 'other' })
    expect([signed, upstream]).toEqual([0, 0])
  })

  test('CORS-3: nor does it with `no-cors`, which asks for no permission to read', async () => {
    const { result, lines, signed, upstream } = await counted(async () =>
      postFrom(foreign.url, form(), { mode: 'no-cors' }),
    )
    // Cross-Origin-Resource-Policy keeps even the empty shell of the answer from the page.
    expect(result).toEqual({ error: 'TypeError' })
    expect(outcomes(lines)).toEqual(['origin_refused'])
    expect([signed, upstream]).toEqual([0, 0])
  })

  test('CORS-11: the JSON request of a foreign page ends with its preflight', async () => {
    const { result, lines, signed } = await counted(async () => postFrom(foreign.url, good()))
    expect(result).toEqual({ error: 'TypeError' })
    // One line, so there was the preflight and no POST after it.
    expect(outcomes(lines)).toEqual(['origin_refused'])
    expect(signed).toBe(0)
  })

  test('CORS-6: a JSON request is preflighted once, the next one not again, a form never', async () => {
    const { lines, signed } = await counted(async () => {
      const opened = await open(app.url)
      await post(opened, endpoint(), good({ code: 'code-1' }))
      await post(opened, endpoint(), good({ code: 'code-2' }))
      await post(opened, endpoint(), form({ code: 'code-3' }))
    })
    expect(outcomes(lines)).toEqual(['preflight', 'tokens', 'tokens', 'tokens'])
    expect(signed).toBe(3)
  })

  test('CORS-6: another profile asks again, so it is the browser that remembers', async () => {
    const { lines } = await counted(async () => postFrom(app.url, good()))
    expect(outcomes(lines)).toEqual(['preflight', 'tokens'])
  })

  test('CORS-3: a plain HTML form on a foreign page reaches the function and is refused', async () => {
    const { result, lines, signed, upstream } = await counted(async () => {
      const opened = await open(foreign.url)
      const [response] = await Promise.all([
        opened.waitForResponse(endpoint()),
        opened.getByRole('button').click(),
      ])
      await opened.waitForURL(endpoint())
      return {
        origin: await response.request().headerValue('origin'),
        status: response.status(),
        text: await opened.locator('body').innerText(),
      }
    })
    expect(result).toMatchObject({ origin: foreign.url, status: 403 })
    expect(result.text).toContain('This origin may not use this endpoint.')
    expect(result.text).not.toContain('at-1')
    expect(outcomes(lines)).toEqual(['origin_refused'])
    expect([signed, upstream]).toEqual([0, 0])
  })

  test.each([
    ['script', (frame: Frame) => post(frame, endpoint(), form()), { error: 'TypeError' }],
    ['form', (frame: Frame) => frame.getByRole('button').click(), undefined],
  ])('CORS-2: a sandboxed frame on the app’s own page has its %s refused', async (_by, send, outcome) => {
    const { result, lines, signed, upstream } = await counted(async () => {
      const opened = await open(app.url)
      const frame = await addSandboxedFrame(opened, hostileForm(endpoint(), good()))
      const origin = await inPage<string>(frame, 'self.origin')
      const [request, seen] = await Promise.all([opened.waitForRequest(endpoint()), send(frame)])
      // What is counted must be over.
      await request.response()
      return { origin, seen }
    })
    expect(result).toEqual({ origin: 'null', seen: outcome })
    expect(lines).toHaveLength(1)
    expect(lines[0]).toMatchObject({ outcome: 'origin_refused', status: 403, origin: 'other' })
    expect([signed, upstream]).toEqual([0, 0])
  })
})
