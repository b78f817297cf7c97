import { CountersignError } from './error.ts'
import type { Countersign, Options, Session } from './types.ts'

// The other half of the cookie deliveries: what a page does with `/login`, `/session`, `/logout` and the data path.
// It holds what it holds in memory: whatever a page stores, a script in it can read later too.

export { CountersignError } from './error.ts'
export type * from './types.ts'

/** What `/session` answered, and when it was asked. */
interface Held {
  session: Session
  token: string | undefined
  since: Clocks
}

/** Two, because one may stand still while the machine sleeps, and the other can be set back. */
type Clocks = readonly [monotonic: number, wall: number]

/** A token with less life than this is renewed before it is used. */
const AHEAD_MS = 10_000
/** Longer than any answer takes. A request without an end would keep every other tab waiting. */
const ANSWER_MS = 30_000
/** Calls of `login` that lie closer together are one; a later one may be for a page that did not load. */
const LEAVING_MS = 1_000

/**
 * Makes an app's connection to Countersign: once, in a module of its own and not in a component.
 *
 * @param page the window; a test may hand in another
 */
export function createCountersign(
  options: Options,
  page: Window & typeof globalThis = globalThis as Window & typeof globalThis,
): Countersign {
  const { url, client_id, api, onLogout } = options
  const { origin } = new URL(url)
  const data = `${origin}/api/`
  /** How every address begins that is sent to with what proves who asks. */
  const named = api ? api.map(one => new URL(one).href.replace(/\/?$/, '/')) : [data]
  const name = `countersign ${origin} ${client_id}`
  // Where pages are rendered on a server this module is loaded too, and has nothing to do.
  const tabs = page.document && new page.BroadcastChannel(name)
  let held: Held | undefined
  let failed: CountersignError | undefined
  let leaving = false
  let queue: Promise<unknown> = Promise.resolve()
  /** What is under way, by whether it is forced: whoever comes meanwhile gets the same. */
  const asking = new Map<boolean, Promise<Held>>()

  if (tabs)
    tabs.onmessage = () => {
      held = undefined
      onLogout?.()
    }

  const clocks = (): Clocks => [page.performance.now(), page.Date.now()]

  /** One after the other among the tabs (without locks, in this one): each answer may write the cookie. */
  function inTurn<T>(work: () => Promise<T>): Promise<T> {
    const { locks } = page.navigator
    if (locks) return locks.request(name, work) as Promise<T>
    const turn = queue.then(work, work)
    queue = turn
    return turn
  }

  async function post(path: string, form: Form) {
    const init: RequestInit = {
      method: 'POST',
      body: parameters({ client_id, ...form }),
      headers: { 'X-CSRF': '1' },
      credentials: 'include',
      redirect: 'error',
      signal: page.AbortSignal.timeout(ANSWER_MS),
    }
    const response = await page.fetch(origin + path, init).catch(cause => {
      throw new CountersignError('temporarily_unavailable', 0, 'no answer', { cause })
    })
    const body = (await response.json().catch(() => 0)) || {}
    if (response.ok) return body
    throw new CountersignError(body.error ?? 'server_error', response.status, body.error_description)
  }

  function ask(force = false): Promise<Held> {
    const under_way = asking.get(force)
    if (under_way) return under_way
    const answer = inTurn(async () => {
      // Before the request: the token's life began on the way back at the latest.
      const since = clocks()
      try {
        const { access_token: token, ...session } = await post('/session', force ? { force } : {})
        // What breaks off, or is a page of something in between, is no answer.
        if (!session.claims || (api && !token)) throw new CountersignError('temporarily_unavailable', 0)
        held = { session, token, since }
        return held
      } catch (error) {
        if (isSignedOut(error)) held = undefined
        throw error
      }
    }).finally(() => asking.delete(force))
    asking.set(force, answer)
    return answer
  }

  /** What is held, if it will do for a while; otherwise what the back end says, however short its life. */
  async function current(): Promise<Held> {
    if (held) {
      const { since, session } = held
      const { expires_in = Infinity, session_expires_in } = session
      const age = Math.max(...clocks().map((now, i) => now - since[i]!))
      if (age < Math.min(expires_in, session_expires_in) * 1000 - AHEAD_MS) return held
    }
    return ask()
  }

  /** The error that a sign-in has brought back, taken out of the address: a reload must not bring it again. */
  function takeError(): CountersignError | undefined {
    const here = new URL(page.location.href)
    const [error, description] = ['error', 'error_description'].map(member => {
      const value = here.searchParams.get(member)
      here.searchParams.delete(member)
      return value ?? undefined
    })
    if (!error) return undefined
    page.history.replaceState(page.history.state, '', here)
    return new CountersignError(error, 0, description)
  }

  return {
    login({ return_to, scope, prompt, login_hint, acr_values, max_age, ui_locales } = {}) {
      if (leaving) return
      leaving = true
      page.setTimeout(() => {
        leaving = false
      }, LEAVING_MS)
      takeError()
      const { href } = page.location
      const query = { scope, prompt, login_hint, acr_values, max_age, ui_locales }
      const back = new URL(return_to ?? href, href).href
      page.location.assign(`${origin}/login?${parameters({ client_id, return_to: back, ...query })}`)
    },

    async session({ force } = {}) {
      failed ??= takeError()
      if (failed) {
        // StrictMode runs an effect twice, one right after the other: both are told.
        page.setTimeout(() => {
          failed = undefined
        })
        throw failed
      }
      try {
        return (await (force ? ask(true) : current())).session
      } catch (error) {
        if (isSignedOut(error)) return undefined
        throw error
      }
    },

    async getAccessToken() {
      const { token } = await current()
      if (token) return token
      throw new CountersignError('no_access_token', 0)
    },

    async fetch(input, init) {
      const request = input instanceof page.Request ? input : undefined
      const address = request?.url ?? String(input)
      const target = new URL(api ? address : address.replace(/^\//, './'), api ? page.location.href : data)
      // Compared when dots and backslashes have been resolved.
      if (!named.some(beginning => target.href.startsWith(beginning)))
        throw new CountersignError('not_allowed', 0)

      const send = (token?: string) => {
        const made = new page.Request(request ?? target, {
          // Wherever it leads was named by nobody.
          redirect: 'error',
          // To the browser's cache every user's request looks the same: the token is put in further on.
          ...(!api && { cache: 'no-store' }),
          ...init,
          ...(!api && { credentials: 'include' }),
        })
        if (api) made.headers.set('Authorization', `Bearer ${token}`)
        else made.headers.set('X-CSRF', '1')
        return page.fetch(made)
      }
      const used = api || held ? await current() : undefined
      const response = await send(used?.token)
      if (response.status !== 401) return response
      // Another request may have been told so before, and asked.
      const next = held && held !== used ? held : await ask()
      const spent = request?.bodyUsed || init?.body instanceof page.ReadableStream
      return spent || (api && next.token === used?.token) ? response : send(next.token)
    },

    async logout({ post_logout_redirect_uri, state } = {}) {
      const { logout_url } = await inTurn(() =>
        post('/logout', { post_logout_redirect_uri, state }).finally(() => {
          held = undefined
          // Whatever has become of it: another tab that asks is told how it stands.
          tabs?.postMessage('')
        }),
      )
      if (logout_url) page.location.assign(logout_url)
    },
  }
}

type Form = Record<string, string | number | boolean | undefined>

function parameters(form: Form): URLSearchParams {
  const given = Object.entries(form).filter(([, value]) => value !== undefined)
  return new URLSearchParams(given.map(([member, value]) => [member, String(value)]))
}

/** The back end says that nobody is signed in, which is an answer and no failure. */
function isSignedOut(error: unknown): boolean {
  return error instanceof CountersignError && error.error === 'login_required' && error.status === 401
}
