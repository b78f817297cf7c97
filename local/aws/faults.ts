import { epochMs } from '../clock.ts'

/** What a test can have happen to an operation. */
export type Fault =
  /** Answered as ever, `ms` milliseconds later. */
  | { kind: 'delay'; ms: number }
  /** Read and never answered. */
  | { kind: 'hang' }
  /** Refused by name; the text and the status are the service's own where they are not given. */
  | { kind: 'error'; name: string; message?: string; status?: number }
  /** The connection is reset once the request has been read. */
  | { kind: 'reset' }
  /** Status 200 with a body that is no answer: `body`, so many times over. */
  | { kind: 'garbage'; body?: string; times?: number }
  /** Sign alone: a well-formed signature of another key. */
  | { kind: 'wrong-signature' }

/** One request as `GET /__control` tells of it. */
export interface RequestRecord {
  /** Null where the request named no operation of this service. */
  operation: string | null
  access_key_id: string | null
  /** Milliseconds since 1970, with their fraction. */
  at: number
  /** The same of its answer; null as long as there is none. */
  ended_at: number | null
  request_id: string
  /** Null as long as there is no answer, and for ever where a fault kept it back. */
  status: number | null
  /** The error's name, where the answer was one. */
  error: string | null
  fault: Fault['kind'] | null
  /** What was asked, without message, signature, secret value or policy. */
  parameters: Record<string, string>
}

export interface ControlState {
  calls: Record<string, number>
  requests: RequestRecord[]
}

/** The members that may stand in `parameters`. */
const RECORDED = ['KeyId', 'SigningAlgorithm', 'MessageType', 'SecretId', 'VersionId', 'VersionStage']
/** A stack that runs for days must not fill the memory; counts go on. */
const REQUESTS_KEPT = 10_000
const ANY = '*'

export interface Switchboard {
  /** Notes a request and says what is to happen to it. */
  begin(request: Pick<RequestRecord, 'operation' | 'access_key_id' | 'request_id'>): {
    record: RequestRecord
    fault: Fault | undefined
  }
  /** Sets or (with null) lifts the fault of one operation, or of `*`, all of them; `times` requests long, or until lifted. */
  set(operation: string, fault: Fault | null, times?: number): void
  state(): ControlState
  reset(): void
}

/** The faults and the counters of one service. */
export function createSwitchboard(now: () => number = epochMs): Switchboard {
  const faults = new Map<string, { fault: Fault; left: number }>()
  const calls = new Map<string, number>()
  const requests: RequestRecord[] = []

  function take(operation: string): Fault | undefined {
    const name = faults.has(operation) ? operation : ANY
    const active = faults.get(name)
    if (!active) return undefined
    active.left -= 1
    if (active.left <= 0) faults.delete(name)
    return active.fault
  }

  return {
    begin({ operation, access_key_id, request_id }) {
      if (operation !== null) calls.set(operation, (calls.get(operation) ?? 0) + 1)
      const fault = operation === null ? undefined : take(operation)
      const record: RequestRecord = {
        operation,
        access_key_id,
        at: now(),
        ended_at: null,
        request_id,
        status: null,
        error: null,
        fault: fault?.kind ?? null,
        parameters: {},
      }
      requests.push(record)
      if (requests.length > REQUESTS_KEPT) requests.shift()
      return { record, fault }
    },
    set(operation, fault, times = Number.POSITIVE_INFINITY) {
      if (fault === null) faults.delete(operation)
      else faults.set(operation, { fault, left: times })
    },
    state: () => ({ calls: Object.fromEntries(calls), requests }),
    reset() {
      faults.clear()
      calls.clear()
      requests.length = 0
    },
  }
}

/** The part of a request's input that is recorded. */
export function recorded(input: Readonly<Record<string, unknown>>): Record<string, string> {
  const entries = RECORDED.map(name => [name, input[name]] as const)
  return Object.fromEntries(
    entries.filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
  )
}

type Check = (value: unknown) => boolean

const text: Check = value => typeof value === 'string'
const orAbsent =
  (check: Check): Check =>
  value =>
    value === undefined || check(value)
const whole: Check = value => Number.isInteger(value) && Number(value) > 0
const milliseconds: Check = value => typeof value === 'number' && value >= 0
const errorStatus: Check = value => Number.isInteger(value) && Number(value) >= 400 && Number(value) <= 599

const MEMBERS: Readonly<Record<Fault['kind'], Readonly<Record<string, Check>>>> = {
  delay: { ms: milliseconds },
  hang: {},
  error: { name: text, message: orAbsent(text), status: orAbsent(errorStatus) },
  reset: {},
  garbage: { body: orAbsent(text), times: orAbsent(whole) },
  'wrong-signature': {},
}

/** Reads the fault of a control request, null included. Throws an Error whose message says what is wrong with it. */
export function parseFault(value: unknown): Fault | null {
  if (value === null) return null
  const { kind, ...members } = (typeof value === 'object' ? value : {}) as Record<string, unknown>
  const checks = Object.entries(MEMBERS).find(([name]) => name === kind)?.[1]
  if (!checks) throw new Error(`fault.kind must be one of ${Object.keys(MEMBERS).join(', ')}`)
  const names = new Set([...Object.keys(checks), ...Object.keys(members)])
  // A misspelled member would leave a test without the fault that it believes in.
  const wrong = [...names].find(name => !checks[name]?.(members[name]))
  if (wrong !== undefined) throw new Error(`fault.${wrong} is not what a fault of kind ${kind} has there`)
  return value as Fault
}
