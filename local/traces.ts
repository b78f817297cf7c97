import { decodeJwt, decodeProtectedHeader } from 'jose'
import type { LogRecord } from '../lib/log.ts'
import type { RequestRecord } from './aws/control.ts'
import type { Span } from './clock.ts'
import type { Answered } from './gateway/server.ts'

/** What the local stack saw of one request, for the demo: measured spans, the function's log line, the assertion. */
export interface Trace {
  request_id: string
  status: number
  spans: { gateway: Span; function: Span; kms?: Span; provider?: Span }
  log: LogRecord
  /** What the assertion says. Its signature is not kept: with it, this would be the assertion itself. */
  assertion?: { header: object; claims: object }
  /** The names of the members in the provider's answer, also of those that the function left out. */
  answered?: string[]
}

interface Seen {
  header: object
  claims: object
  span: Span
  answered: string[]
}

/** A demo needs the latest; what is older may go. */
const KEPT = 200

/** Puts together what gateway, function, KMS and provider each know of a request. */
export function createTraces(kmsRequests: () => Promise<RequestRecord[]>) {
  const answers: Answered[] = []
  const records = new Map<string, LogRecord>()
  const assertions = new Map<string, Seen>()

  async function traceOf({
    request_id = '',
    status,
    gateway,
    function: fn,
  }: Answered): Promise<Trace | undefined> {
    const log = records.get(request_id)
    if (!log) return undefined
    const kms = log.kms_request_id === undefined ? undefined : await kmsSpan(log.kms_request_id)
    const seen = log.jti === undefined ? undefined : assertions.get(log.jti)
    return {
      request_id,
      status,
      log,
      spans: { gateway, function: fn, ...(kms && { kms }), ...(seen && { provider: seen.span }) },
      ...(seen && { assertion: { header: seen.header, claims: seen.claims }, answered: seen.answered }),
    }
  }

  async function kmsSpan(kms_request_id: string): Promise<Span | undefined> {
    const request = (await kmsRequests()).find(({ request_id }) => request_id === kms_request_id)
    return request?.ended_at ? { start: request.at, end: request.ended_at } : undefined
  }

  return {
    answered(answer: Answered): void {
      keep(answers, answer)
    },
    /** Takes what the function writes; lines that are no record of a request are passed over. */
    written(text: string): void {
      for (const line of text.split('\n')) {
        const record = recordOf(line)
        if (record?.request_id !== undefined) remember(records, record.request_id, record)
      }
    },
    assertion(client_assertion: string, span: Span, answered: string[]): void {
      const claims = decodeJwt(client_assertion)
      if (claims.jti === undefined) return
      const header = decodeProtectedHeader(client_assertion)
      remember(assertions, claims.jti, { header, claims, span, answered })
    },
    byId(request_id: string): Promise<Trace | undefined> {
      const answer = answers.find(one => one.request_id === request_id)
      return answer ? traceOf(answer) : Promise.resolve(undefined)
    },
    /** The latest refusal since a time: for a page that could not read the answer, and so has no id. */
    lastRefusedSince(since: number): Promise<Trace | undefined> {
      const answer = answers.findLast(one => one.gateway.start >= since && one.status === 403)
      return answer ? traceOf(answer) : Promise.resolve(undefined)
    },
  }
}

export type Traces = ReturnType<typeof createTraces>

function recordOf(line: string): LogRecord | undefined {
  if (!line.startsWith('{')) return undefined
  try {
    const record = JSON.parse(line) as LogRecord
    return record.event === 'request' ? record : undefined
  } catch {
    return undefined
  }
}

function keep<T>(items: T[], item: T): void {
  items.push(item)
  if (items.length > KEPT) items.shift()
}

function remember<T>(items: Map<string, T>, key: string, item: T): void {
  items.set(key, item)
  const [oldest] = items.keys()
  if (items.size > KEPT && oldest !== undefined) items.delete(oldest)
}
