import { fetchOnce, jsonObject, limitedText, whyUnanswered } from '../../http.ts'
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
      const response = await fetchOnce(url, TIME_MS, {
        method,
        headers,
        ...(form && { body: new URLSearchParams(form) }),
      })
      const end = now()
      const body = await limitedText(response)
      const clock = reading(response.headers, start, end)
      return { status: response.status, headers: response.headers, body, json: jsonObject(body) ?? {}, clock }
    } catch (error) {
      return unanswered(error)
    }
  }
}

export function isAnswered(heard: Heard): heard is Answered {
  return 'status' in heard
}

function unanswered(thrown: unknown): Unanswered {
  const error = whyUnanswered(thrown, TIME_MS)
  return { error, certificate: /CERT|SELF_SIGNED|UNABLE_TO_(VERIFY|GET_ISSUER)|ALTNAME/.test(error) }
}

function reading(headers: Headers, start: number, end: number): ClockReading | undefined {
  const date = Date.parse(headers.get('date') ?? '')
  if (Number.isNaN(date)) return undefined
  // RFC 9111 section 5.1: a cache's answer has the date of the one that it kept.
  const age = Number(headers.get('age') ?? 0)
  return { date: date + (age > 0 ? age * 1000 : 0), start, end }
}
