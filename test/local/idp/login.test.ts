import * as oauth from 'oauth4webapi'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { escapeHtml } from '../../../local/idp/pages.ts'
import { type IdentityProvider, startIdentityProvider } from '../../../local/idp/provider.ts'
import { createBrowser, findForm, type HttpAnswer, send } from '../../support/sign-in.ts'
import {
  codeParameters,
  discover,
  INSECURE,
  REDIRECT_URI,
  type TestClient,
  testClient,
  tokenRequest,
} from './client.ts'

const DEVICE = 'urn:ietf:params:oauth:grant-type:device_code'
const CHALLENGE = 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM'

let idp: IdentityProvider
let app: TestClient

beforeAll(async () => {
  app = await testClient('ES256', {
    client_id: 'app <one>',
    grant_types: ['authorization_code', DEVICE],
    post_logout_redirect_uris: ['http://127.0.0.1:9/bye'],
  })
  idp = await startIdentityProvider({ port: 0, clients: [app.registration] })
})

afterAll(() => idp.close())

const options = () => ({ issuer: idp.issuer, client_id: 'app <one>', redirect_uri: REDIRECT_URI })

/** A person's way: one request after the other, with the cookies collected by hand. */
function person() {
  const cookies = new Map<string, string>()
  async function visit(url: string, form?: Record<string, string>): Promise<HttpAnswer & { url: string }> {
    const answer = await send(url, {
      method: form === undefined ? 'GET' : 'POST',
      headers: {
        accept: 'text/html',
        cookie: [...cookies].map(([name, value]) => `${name}=${value}`).join('; '),
        ...(form === undefined ? {} : { 'content-type': 'application/x-www-form-urlencoded' }),
      },
      ...(form === undefined ? {} : { body: new URLSearchParams(form).toString() }),
    })
    for (const line of answer.headers['set-cookie'] ?? []) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? []
      cookies.set(name, value)
    }
    const { location } = answer.headers
    if (location === undefined || location.startsWith(REDIRECT_URI)) return { ...answer, url }
    return visit(new URL(location, url).href)
  }
  return { visit }
}

function authorizeUrl(more: Record<string, string> = {}): string {
  const parameters = {
    response_type: 'code',
    client_id: 'app <one>',
    redirect_uri: REDIRECT_URI,
    scope: 'openid',
    code_challenge: CHALLENGE,
    code_challenge_method: 'S256',
    ...more,
  }
  return `${idp.issuer}/authorize?${new URLSearchParams(parameters)}`
}

describe('the sign-in page', () => {
  test('is a plain form: labelled inputs, no script, nothing from elsewhere', async () => {
    const { body, headers, status } = await person().visit(authorizeUrl())
    expect(status).toBe(200)
    expect(body).not.toMatch(/<script|\son\w+=|https?:\/\//i)
    const ids = [...body.matchAll(/<input id="(\w+)"/g)].map(([, id]) => id)
    expect(ids).toEqual(['username', 'password'])
    for (const id of ids) expect(body).toContain(`<label for="${id}">`)
    expect(body).toContain('app &lt;one&gt;')
    expect(headers['content-security-policy']).toMatch(
      /^default-src 'none'; script-src; style-src 'sha256-[^']+'; img-src data:; base-uri 'none'; frame-ancestors 'none'$/,
    )
    expect(headers['cache-control']).toBe('no-store')
  })

  test('the style is the one that the policy allows', async () => {
    const { body, headers } = await person().visit(authorizeUrl())
    const style = /<style>([\s\S]*?)<\/style>/.exec(body)?.[1] ?? ''
    const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(style))
    expect(headers['content-security-policy']).toContain(`'sha256-${Buffer.from(digest).toString('base64')}'`)
  })

  test.each([
    ['user name', { username: ' ', password: 'x' }, 'Enter a user name.'],
    ['password', { username: 'bob "<b>"', password: '' }, 'Enter a password.'],
    ['user name of a reasonable length', { username: 'x'.repeat(201), password: 'x' }, 'Enter a user name.'],
  ])('without a %s the form comes again with a message, and then works', async (_name, fields, message) => {
    const bob = person()
    const first = await bob.visit(authorizeUrl())
    const again = await bob.visit(first.url, fields)
    expect(again.status).toBe(200)
    expect(again.body).toContain(`role="alert" id="problem">${message}<`)
    expect(again.body).not.toContain('<b>')
    // Keyboard and screen reader land in the field that is meant.
    const wrong = message.includes('user') ? 'username' : 'password'
    const marked = [...again.body.matchAll(/<input id="(\w+)"[^>]* autofocus aria-invalid="true"/g)]
    expect(marked.map(([, id]) => id)).toEqual([wrong])
    const form = findForm(again.body, again.url)
    expect(form?.fields.username).toBe(fields.username.trim().slice(0, 200))

    const done = await bob.visit(first.url, { username: 'bob', password: 'x' })
    expect(done.headers.location).toMatch(/^http:\/\/127\.0\.0\.1:9\/callback\?code=/)
  })

  test('starts with the login_hint', async () => {
    const { body, url } = await person().visit(authorizeUrl({ login_hint: 'carol' }))
    expect(findForm(body, url)?.fields).toEqual({ username: 'carol', password: '' })
  })

  test('Cancel goes back to the app with access_denied', async () => {
    const bob = person()
    const { url } = await bob.visit(authorizeUrl({ state: 's' }))
    const { location } = (await bob.visit(url, { username: '', password: '', cancel: 'yes' })).headers
    expect(new URL(location!).searchParams.get('error')).toBe('access_denied')
    expect(new URL(location!).searchParams.get('iss')).toBe(idp.issuer)
  })

  test('is of no use to another browser, or under another id', async () => {
    const bob = person()
    const { url } = await bob.visit(authorizeUrl())
    for (const answer of [
      await person().visit(url, { username: 'mallory', password: 'x' }),
      await bob.visit(`${idp.issuer}/signon/another`, { username: 'mallory', password: 'x' }),
    ]) {
      expect(answer.status).toBe(400)
      expect(answer.headers.location).toBeUndefined()
      expect(answer.headers['content-type']).toMatch(/^text\/html/)
    }
  })

  test('a form of more than 8 KiB is refused', async () => {
    const bob = person()
    const { url } = await bob.visit(authorizeUrl())
    expect((await bob.visit(url, { username: 'bob', password: 'x'.repeat(9000) })).status).toBe(413)
  })
})

describe('the session', () => {
  test('gives a second code without a page, and with another scope as well', async () => {
    const browser = createBrowser()
    const first = await browser.signIn(options())
    expect(browser.pagesShown).toBe(1)
    const second = await browser.signIn(options())
    const wider = await browser.signIn({ ...options(), scope: 'openid email' })
    expect(browser.pagesShown).toBe(1)
    const tokens = await tokenRequest(
      await discover(idp),
      app.client,
      app.authenticate(),
      codeParameters(wider),
    )
    expect(tokens.body.scope).toBe('openid email')
    expect(second.code).not.toBe(first.code)
  })

  test('prompt=none needs it, prompt=login shows the form in spite of it', async () => {
    const browser = createBrowser()
    const silent = { ...options(), parameters: { prompt: 'none' } }
    await expect(browser.signIn(silent)).rejects.toMatchObject({ error: 'login_required' })
    await browser.signIn(options())
    await browser.signIn(silent)
    expect(browser.pagesShown).toBe(1)
    await browser.signIn({ ...options(), parameters: { prompt: 'login' } })
    expect(browser.pagesShown).toBe(2)
  })

  test('its cookie is httpOnly, SameSite and bound to the issuer’s path', async () => {
    const bob = person()
    const { url } = await bob.visit(authorizeUrl())
    const posted = await bob.visit(url, { username: 'bob', password: 'x' })
    const session = posted.headers['set-cookie']?.find(line => line.startsWith('_session='))
    expect(session).toContain(`path=${new URL(idp.issuer).pathname};`)
    expect(session).toMatch(/samesite=lax/i)
    expect(session).toMatch(/httponly/i)
    expect(session).not.toMatch(/secure/i)
  })

  test('ends with /signoff, which asks first', async () => {
    const bob = person()
    const { url } = await bob.visit(authorizeUrl())
    await bob.visit(url, { username: 'bob', password: 'x' })
    const leave = new URLSearchParams({
      client_id: 'app <one>',
      post_logout_redirect_uri: 'http://127.0.0.1:9/bye',
    })
    const asked = await bob.visit(`${idp.issuer}/signoff`)
    expect(asked.body).toContain('Sign out?')
    const form = findForm(asked.body, asked.url)!
    const done = await bob.visit(form.action, form.fields)
    expect(done.body).toContain('Signed out')
    expect((await bob.visit(authorizeUrl())).body).toContain('Sign in')
    // Nobody is signed in any more: oidc-provider's own page submits itself, and its script is allowed.
    const self = await bob.visit(`${idp.issuer}/signoff?${leave}`)
    expect(self.headers['content-security-policy']).toMatch(/script-src 'sha256-/)
  })
})

test('an error that must not go to the app is a page of our own', async () => {
  const { body, status, headers } = await person().visit(
    authorizeUrl({ client_id: '<script>alert(1)</script>' }),
  )
  expect(status).toBe(400)
  expect(body).toContain('This did not work')
  expect(body).toContain('invalid_client')
  expect(body).not.toContain('<script')
  expect(headers['content-security-policy']).toContain('script-src;')
})

test('a device is connected by typing its code, comparing it and signing in', async () => {
  const as = await discover(idp)
  const started = await oauth.processDeviceAuthorizationResponse(
    as,
    app.client,
    await oauth.deviceAuthorizationRequest(as, app.client, app.authenticate(), { scope: 'openid' }, INSECURE),
  )
  const bob = person()
  const ask = await bob.visit(started.verification_uri)
  const form = findForm(ask.body, ask.url)!
  const wrong = await bob.visit(form.action, { ...form.fields, user_code: 'WRONG-ONE' })
  expect(wrong.body).toContain('This code is not valid here.')

  const again = findForm(wrong.body, wrong.url)!
  const compare = await bob.visit(again.action, { ...again.fields, user_code: started.user_code })
  expect(compare.body).toContain(`<code>${started.user_code}</code>`)
  const confirm = findForm(compare.body, compare.url)!
  const login = await bob.visit(confirm.action, confirm.fields)
  const connected = await bob.visit(login.url, { username: 'bob', password: 'x' })
  expect(connected.body).toContain('Device connected')

  const { device_code } = started
  const tokens = await tokenRequest(as, app.client, app.authenticate(), { device_code }, DEVICE)
  expect(tokens).toMatchObject({ status: 200, body: { id_token: expect.any(String) } })
})

test('escaped text cannot leave an element or an attribute', () => {
  expect(escapeHtml(`<a b="c" d='e'>&amp;`)).toBe('&lt;a b=&quot;c&quot; d=&#39;e&#39;&gt;&amp;amp;')
})
