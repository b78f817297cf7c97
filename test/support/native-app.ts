import { createHash, randomBytes } from 'node:crypto'
import type { StackClient } from '../../local/description.ts'
import { type Browser, createBrowser, type HttpAnswer, send } from './sign-in.ts'

/** What the app gets back from the system's browser, and what it alone has. */
export interface SignedIn {
  ticket: string
  code_verifier: string
}

export interface AppAnswer {
  status: number
  json: Record<string, unknown>
}

/**
 * A native app in the manner of AppAuth (RFC 8252): it sends the system's browser to the sign-in, is called back at an address
 * of its own, and has an HTTP client that knows nothing of the browser's cookies. It keeps one thing, the handle.
 */
export interface NativeApp {
  /** The newest, as it would lie in the Keychain. */
  handle: string | undefined
  /** Everything that has come to the app: addresses that it was called back at, headers and bodies. */
  readonly received: string[]
  /** The address that the browser is sent to, and the verifier of its challenge (RFC 7636). */
  begin(parameters?: Record<string, string>): { url: string; code_verifier: string }
  /** Where the browser comes back to. Rejects with AuthorizationError where it is shown a page instead. */
  calledBack(url: string): Promise<URL>
  /** Both, up to the ticket. */
  ticket(): Promise<SignedIn>
  /** A form to a route, with the handle, if there is one, and whatever else a test puts in. Keeps a new handle. */
  post(
    path: string,
    parameters?: Record<string, string>,
    headers?: Record<string, string>,
  ): Promise<AppAnswer>
  /** Ticket and verifier for the first handle. */
  redeem(signedIn: SignedIn): Promise<AppAnswer>
  /** The whole of it. */
  signIn(): Promise<AppAnswer>
}

export function createNativeApp(
  gateway: string,
  { client_id, redirect_uri }: Pick<StackClient, 'client_id' | 'redirect_uri'>,
  browser: Browser = createBrowser(),
): NativeApp {
  const received: string[] = []

  const app: NativeApp = {
    handle: undefined,
    received,
    begin(parameters = {}) {
      const code_verifier = randomBytes(32).toString('base64url')
      const query = new URLSearchParams({
        client_id,
        return_to: redirect_uri,
        code_challenge: createHash('sha256').update(code_verifier).digest('base64url'),
        code_challenge_method: 'S256',
        // OpenID Connect Core 11: for offline_access a provider may insist on it.
        prompt: 'consent',
        ...parameters,
      })
      return { url: `${gateway}/login?${query}`, code_verifier }
    },
    async calledBack(url) {
      const address = await browser.visit(url, redirect_uri)
      received.push(address.href)
      return address
    },
    async ticket() {
      const { url, code_verifier } = app.begin()
      const { searchParams } = await app.calledBack(url)
      const ticket = searchParams.get('ticket')
      if (ticket === null) throw new Error(`no ticket: ${searchParams.get('error')}`)
      return { ticket, code_verifier }
    },
    async post(path, parameters = {}, headers = {}) {
      const bearer = app.handle === undefined ? {} : { authorization: `Bearer ${app.handle}` }
      const answer: HttpAnswer = await send(`${gateway}${path}`, {
        method: 'POST',
        headers: { ...bearer, 'content-type': 'application/x-www-form-urlencoded', ...headers },
        body: new URLSearchParams({ client_id, ...parameters }).toString(),
      })
      received.push(JSON.stringify(answer.headers), answer.body)
      const json = JSON.parse(answer.body) as Record<string, unknown>
      if (typeof json.handle === 'string') app.handle = json.handle
      return { status: answer.status, json }
    },
    redeem: ({ ticket, code_verifier }) => app.post('/session', { ticket, code_verifier }),
    async signIn() {
      return app.redeem(await app.ticket())
    },
  }
  return app
}
