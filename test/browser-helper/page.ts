import { createCountersign } from '../../browser/index.ts'
import type { Countersign, Options } from '../../browser/types.ts'

// A page of literals: what the helper touches of a window, and what it did to it.

export const AUTH = 'https://auth.example.com'
export const APP = 'https://app.example.com'

export const CLAIMS = { iss: 'https://idp.example.com', sub: 'alice' }
export const SESSION = { expires_in: 300, scope: 'openid', claims: CLAIMS, session_expires_in: 28_800 }
export const mediated = (access_token: string, changes: object = {}) => ({
  access_token,
  token_type: 'Bearer',
  ...SESSION,
  ...changes,
})
export const SIGNED_OUT = { status: 401, body: { error: 'login_required', error_description: 'Sign in.' } }

export interface Answer {
  status?: number
  body?: unknown
  /** Answers once this has come. */
  after?: Promise<unknown>
}

/** A request as it would leave the page. */
export interface Sent {
  method: string
  url: string
  headers: Record<string, string>
  body: string
  credentials: string
  redirect: string
}

/** By path; the last answer of a list is given again and again. An `Error` is a network that is not there. */
export type Answers = Record<string, (Answer | Error)[]>

export interface Page {
  countersign: Countersign
  sent: Sent[]
  /** Where the page went. */
  visited: string[]
  /** What became of its address without leaving. */
  replaced: string[]
  /** Lets the monotonic clock, the wall clock, or both go on. */
  pass(seconds: number, which?: 'both' | 'monotonic' | 'wall'): void
  /** Runs what was put off. */
  runTimers(): void
  /** Names of locks, as they were asked for. */
  locked: string[]
  /** How often the app was told that another tab has signed out. */
  told: number
  /** The same app in another tab, behind the same locks. */
  tab(answers: Answers): Page
}

/** Behind what tabs of one browser share. */
interface Shared {
  locks: Map<string, Promise<unknown>>
  channels: Set<{ name: string; onmessage?: () => void }>
}

interface Setting {
  answers?: Answers
  href?: string
  locks?: boolean
  options?: Partial<Options>
}

export function openPage(
  { answers = {}, href = `${APP}/`, locks = true, options = {} }: Setting = {},
  shared: Shared = { locks: new Map(), channels: new Set() },
): Page {
  const sent: Sent[] = []
  const visited: string[] = []
  const replaced: string[] = []
  const locked: string[] = []
  const timers: (() => void)[] = []
  const clock = { monotonic: 5_000, wall: 1_800_000_000_000 }
  const left = new Map(Object.entries(answers).map(([path, list]) => [path, [...list]]))

  class BroadcastChannel {
    name: string
    onmessage?: () => void
    constructor(name: string) {
      this.name = name
      shared.channels.add(this)
    }
    postMessage() {
      for (const other of shared.channels)
        if (other !== this && other.name === this.name) queueMicrotask(() => other.onmessage?.())
    }
  }

  const request = async (name: string, work: () => Promise<unknown>) => {
    locked.push(name)
    const before = shared.locks.get(name)
    const turn = (async () => {
      await before?.catch(() => {})
      return work()
    })()
    shared.locks.set(name, turn)
    return turn
  }

  const fetch = async (input: Request | string, init?: RequestInit) => {
    const asked = new Request(input, init)
    sent.push({
      method: asked.method,
      url: asked.url,
      headers: Object.fromEntries(asked.headers),
      body: await asked.text(),
      credentials: asked.credentials,
      redirect: asked.redirect,
    })
    const list = left.get(new URL(asked.url).pathname)
    const answer = list && (list.length > 1 ? list.shift() : list[0])
    if (!answer) throw new TypeError(`no answer for ${asked.url}`)
    if (answer instanceof Error) throw answer
    await answer.after
    const body = typeof answer.body === 'string' ? answer.body : JSON.stringify(answer.body ?? {})
    return new Response(body, { status: answer.status ?? 200 })
  }

  const location = { href, assign: (to: string) => visited.push(String(to)) }
  const window = {
    document: {},
    location,
    history: {
      state: { of: 'the router' },
      replaceState(_: unknown, __: string, to: URL) {
        location.href = String(to)
        replaced.push(String(to))
      },
    },
    navigator: locks ? { locks: { request } } : {},
    BroadcastChannel,
    performance: { now: () => clock.monotonic },
    Date: { now: () => clock.wall },
    setTimeout: (run: () => void) => timers.push(run),
    fetch,
    Request,
    ReadableStream,
    AbortSignal,
  } as unknown as Window & typeof globalThis

  const page: Page = {
    countersign: createCountersign(
      { url: AUTH, client_id: 'spa', ...options, onLogout: () => page.told++ },
      window,
    ),
    sent,
    visited,
    replaced,
    locked,
    told: 0,
    pass(seconds, which = 'both') {
      if (which !== 'wall') clock.monotonic += seconds * 1000
      if (which !== 'monotonic') clock.wall += seconds * 1000
    },
    runTimers() {
      for (const run of timers.splice(0)) run()
    },
    tab: others => openPage({ answers: others, href, locks, options }, shared),
  }
  return page
}

/** What was sent, shortly. */
export const lines = ({ sent }: Page) =>
  sent.map(({ method, url, body }) => [method, url.replace(AUTH, ''), body].filter(Boolean).join(' '))
