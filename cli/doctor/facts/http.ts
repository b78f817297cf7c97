import { limitedText } from '../../limited.ts'
import type { ClockReading } from './clock.ts'

/** An answer as far as a check looks at it. */
export interface Answered {
  status: number
  headers: Headers
  body: string
  /** The members of the body, where it is a JSON object; otherwise none. */
  json: Readonly<Record<string, unknown>>
  /** What its Date says of the two clocks. */
  clock: ClockReading | undefined
}

/** Why there is none, or none that is read to its end. */
export interface Unanswered {
  error: string
  /** The connection stood, and its certificate was not taken. */
  certificate: boolean
}

export type Heard = Answered | Unanswered

export interface Asking {
  method?: string
  headers?: Record<string, string>
  form?: Record<string, string> | URLSearchParams
}

/**
 * One request, in 5 s and 256 KiB at most, and no redirect followed: where a server points is none of the pinned endpoints.
 * Never rejects.
 */
export type Ask = (url: string, asking?: Asking) => Promise<Heard>

const TIME_MS = 5_000

export function createAsk(now: () => number): Ask {
  return async (url, { method = 'GET', headers = {}, form } = {}) => {
    const start = now()
    try {
      const response = await fetch(url, {
        method,
        headers,
        redirect: 'manual',
        signal: AbortSignal.timeout(TIME_MS),
        ...(form && { body: new URLSearchParams(form) }),
      })
      const end = now()
      const body = await limitedText(response)
      const clock = reading(response.headers, start, end)
      return { status: response.status, headers: response.headers, body, json: objectOf(body), clock }
    } catch (error) {
      return unanswered(error as Error)
    }
  }
}

export function isAnswered(heard: Heard): heard is Answered {
  return 'status' in heard
}

function unanswered(error: Error): Unanswered {
  if (error.name === 'TimeoutError')
    return { error: `no answer within ${TIME_MS / 1000} s`, certificate: false }
  const { code, message } = (error.cause ?? error) as Error & { code?: string }
  const name = code ?? message
  return { error: name, certificate: /CERT|SELF_SIGNED|UNABLE_TO_(VERIFY|GET_ISSUER)|ALTNAME/.test(name) }
}

function objectOf(body: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(body)
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : {}
  } catch {
    return {}
  }
}

function reading(headers: Headers, start: number, end: number): ClockReading | undefined {
  const date = Date.parse(headers.get('date') ?? '')
  if (Number.isNaN(date)) return undefined
  // RFC 9111 section 5.1: a cache's answer has the date of the one that it kept.
  const age = Number(headers.get('age') ?? 0)
  return { date: date + (age > 0 ? age * 1000 : 0), start, end }
}
