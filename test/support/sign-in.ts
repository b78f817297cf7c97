import { createHash, randomBytes } from 'node:crypto'
import { request as httpRequest, type IncomingHttpHeaders } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { createCookieJar } from './cookie-jar.ts'

/** What an app holds after a sign-in, ready for the token request. */
export interface SignIn {
  code: string
  /** Empty where `pkce` is false: there is none to send. */
  code_verifier: string
  redirect_uri: string
  state: string
  /** RFC 9207, where the provider sends it. */
  iss?: string
}

export interface SignInOptions {
  issuer: string
  client_id: string
  redirect_uri: string
  /** Default `openid`. */
  scope?: string
  /** Default true: a fresh verifier and its S256 challenge. */
  pkce?: boolean
  nonce?: string
  /** PEM of the authority that an https issuer is trusted by. */
  ca?: string
  /** Default `alice`, and a password that is not empty. */
  username?: string
  password?: string
  /** An authorization request that has been pushed (RFC 9126): it is named, and nothing else is said. */
  pushed?: { request_uri: string; state: string }
  /** An authorization request that a library has made: the whole URL, and the state that it kept. */
  started?: { url: string; state: string }
  /** More parameters of the authorization request, or other values for those above. */
  parameters?: Record<string, string>
}

type Walk = Pick<SignInOptions, 'redirect_uri' | 'username' | 'password' | 'ca'>

export interface Browser {
  /** Rejects with `AuthorizationError` where the provider refuses. */
  signIn(options: SignInOptions): Promise<SignIn>
  /** The same from any page on, whoever began: where a redirect leads back to `redirect_uri`, with all of its query. */
  visit(url: string, redirect_uri: string): Promise<URL>
  /** Pages that a person would have seen. */
  readonly pagesShown: number
}

/** The provider refused: by redirect (`error` is its code) or on a page (`error` is `page`). */
export class AuthorizationError extends Error {
  override readonly name = 'AuthorizationError'
  readonly error: string
  readonly status: number
  constructor(error: string, status: number, text: string) {
    super(`${error}: ${text}`)
    this.error = error
    this.status = status
  }
}

export interface HttpAnswer {
  status: number
  headers: IncomingHttpHeaders
  body: string
}

const STEPS_MAX = 20
const REQUEST_MS = 10_000

/** One request without a redirect, a cookie or a pool: `fetch` hides Set-Cookie's path and takes no `ca`. */
export function send(
  url: string,
  options: { method?: string; headers?: Record<string, string>; body?: string; ca?: string } = {},
): Promise<HttpAnswer> {
  const { method = 'GET', headers = {}, body, ca } = options
  const secure = new URL(url).protocol === 'https:'
  return new Promise((resolve, reject) => {
    const settings = { method, headers, agent: false as const, signal: AbortSignal.timeout(REQUEST_MS) }
    const req = secure ? httpsRequest(url, { ...settings, ca }) : httpRequest(url, settings)
    req.on('error', reject)
    req.on('response', res => {
      const chunks: Buffer[] = []
      res.on('data', (chunk: Buffer) => chunks.push(chunk))
      res.on('error', reject)
      res.on('end', () =>
        resolve({
          status: res.statusCode ?? 0,
          headers: res.headers,
          body: Buffer.concat(chunks).toString('utf8'),
        }),
      )
    })
    req.end(body)
  })
}

const ENTITIES: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"', '#39': "'" }

function unescapeHtml(text: string): string {
  return text.replace(/&(amp|lt|gt|quot|#39);/g, (_all, name: string) => ENTITIES[name]!)
}

function attributesOf(tag: string): Record<string, string> {
  const found = tag.matchAll(/\s([\w-]+)(?:="([^"]*)")?/g)
  return Object.fromEntries([...found].map(([, name, value]) => [name, unescapeHtml(value ?? '')]))
}

export interface Form {
  action: string
  method: string
  /** Name to value, as a browser would send them when the first button is pressed. */
  fields: Record<string, string>
  /** The name of the field for the password and of the text field before it. */
  text?: string
  password?: string
}

/** The first form of a page, as far as a login needs one. `url` is the page's own. */
export function findForm(html: string, url: string): Form | undefined {
  const [, head, inside] = /<form\b([^>]*)>([\s\S]*?)<\/form>/i.exec(html) ?? []
  if (head === undefined || inside === undefined) return undefined
  const { action = '', method = 'get' } = attributesOf(head)
  const form: Form = { action: new URL(action, url).href, method: method.toUpperCase(), fields: {} }
  let pressed = false
  for (const [tag, kind = ''] of inside.matchAll(/<(input|button)\b[^>]*>/gi)) {
    const { type = 'text', name = '', value = '' } = attributesOf(tag)
    const button = kind.toLowerCase() === 'button' || type === 'submit'
    // Only the button that is pressed is sent.
    if (button && pressed) continue
    pressed ||= button
    if (name !== '') form.fields[name] = value
    if (type === 'text') form.text ??= name
    if (type === 'password') form.password ??= name
  }
  return form
}

function textOf(html: string): string {
  const main = /<body[^>]*>([\s\S]*)<\/body>/i.exec(html)?.[1] ?? html
  return unescapeHtml(main.replace(/<[^>]*>/g, ' '))
    .replace(/\s+/g, ' ')
    .trim()
}

function authorizationRequest(options: SignInOptions, endpoint: string) {
  if (options.started) return { ...options.started, code_verifier: '' }
  if (options.pushed) {
    const { request_uri, state } = options.pushed
    const query = new URLSearchParams({ client_id: options.client_id, request_uri })
    return { url: `${endpoint}?${query}`, code_verifier: '', state }
  }
  const code_verifier = options.pkce === false ? '' : randomBytes(32).toString('base64url')
  const state = randomBytes(16).toString('base64url')
  const url = new URL(endpoint)
  const challenge = createHash('sha256').update(code_verifier).digest('base64url')
  const parameters = {
    response_type: 'code',
    client_id: options.client_id,
    redirect_uri: options.redirect_uri,
    scope: options.scope ?? 'openid',
    state,
    ...(options.nonce === undefined ? {} : { nonce: options.nonce }),
    ...(code_verifier === '' ? {} : { code_challenge: challenge, code_challenge_method: 'S256' }),
    ...options.parameters,
  }
  for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value)
  return { url: url.href, code_verifier, state }
}

async function authorizationEndpoint(issuer: string, ca: string | undefined): Promise<string> {
  const url = `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`
  const { status, body } = await send(url, ca === undefined ? {} : { ca })
  if (status !== 200) throw new Error(`discovery answered ${status}`)
  return String((JSON.parse(body) as Record<string, unknown>).authorization_endpoint)
}

/**
 * A browser without a browser: it keeps cookies, follows redirects by hand, fills in the forms that it meets and
 * stops where the app's redirect_uri begins. A second `signIn` of the same one has the session of the first.
 */
export function createBrowser(): Browser {
  const jar = createCookieJar()
  let pagesShown = 0

  /** Goes on until a redirect leads to the app; returns where it leads. */
  async function walk(start: string, options: Walk): Promise<URL> {
    const { username = 'alice', password = 'correct horse', ca } = options
    let next: { url: string; method: string; body?: string } = { url: start, method: 'GET' }
    for (let step = 0; step < STEPS_MAX; step++) {
      const url = new URL(next.url)
      const answer = await send(next.url, {
        method: next.method,
        headers: {
          accept: 'text/html',
          cookie: jar.headerFor(url),
          ...(next.body === undefined ? {} : { 'content-type': 'application/x-www-form-urlencoded' }),
        },
        ...(next.body === undefined ? {} : { body: next.body }),
        ...(ca === undefined ? {} : { ca }),
      })
      jar.keepAll(url, answer.headers['set-cookie'] ?? [])

      const { location } = answer.headers
      if (location !== undefined) {
        const target = new URL(location, url)
        const app = new URL(options.redirect_uri)
        if (target.origin === app.origin && target.pathname === app.pathname) return target
        next = { url: target.href, method: 'GET' }
        continue
      }

      pagesShown++
      const form = answer.status === 200 ? findForm(answer.body, next.url) : undefined
      // Without a password to fill in it is not the login, and filling it in once more would change nothing.
      if (form?.password === undefined || /role="alert"/.test(answer.body)) {
        throw new AuthorizationError('page', answer.status, textOf(answer.body))
      }
      const fields = { ...form.fields, [form.text ?? 'username']: username, [form.password]: password }
      next = { url: form.action, method: form.method, body: new URLSearchParams(fields).toString() }
    }
    throw new Error(`no end after ${STEPS_MAX} steps`)
  }

  return {
    get pagesShown() {
      return pagesShown
    },

    visit: (url, redirect_uri) => walk(url, { redirect_uri }),

    async signIn(options) {
      const endpoint = await authorizationEndpoint(options.issuer, options.ca)
      const { url, code_verifier, state } = authorizationRequest(options, endpoint)
      const { search, hash } = await walk(url, options)
      // An error for a response_type other than `code` comes back in the fragment.
      const answer = new URLSearchParams(search === '' ? hash.slice(1) : search)
      const error = answer.get('error')
      if (error !== null) throw new AuthorizationError(error, 303, answer.get('error_description') ?? '')
      const code = answer.get('code')
      if (code === null) throw new Error('the provider sent no code')
      if (answer.get('state') !== state) throw new Error('the provider sent another state')
      const iss = answer.get('iss')
      return {
        code,
        code_verifier,
        redirect_uri: options.redirect_uri,
        state,
        ...(iss === null ? {} : { iss }),
      }
    },
  }
}
