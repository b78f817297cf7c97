/**
 * What a log line may hold: these members, nothing else, whatever a caller or a bug puts beside them. No code, token,
 * assertion, ARN or body has a member here (requirements LOG-1 and LOG-2).
 */
export interface LogRecord {
  level: 'info' | 'warn' | 'error'
  event: 'request' | 'configuration'
  request_id?: string
  route?: string
  method?: string
  /** A registered one only. */
  client_id?: string
  grant_type?: string
  /** An allowed origin, or `other`. */
  origin?: string
  /** `tokens`, `preflight`, or the reason of the refusal. */
  outcome?: string
  /** The parameter at fault, by our own name for it. */
  parameter?: string
  status?: number
  pkce?: boolean
  kid?: string
  /** Of our own assertion. */
  jti?: string
  kms_request_id?: string
  kms_ms?: number
  provider_ms?: number
  upstream_status?: number
  /** The provider's error code, where it looks like one. */
  upstream_error?: string
  total_ms?: number
  /** The name of an unexpected error's class, never its message. */
  error_name?: string
  problems?: readonly string[]
}

const MEMBERS = [
  'level',
  'event',
  'request_id',
  'route',
  'method',
  'client_id',
  'grant_type',
  'origin',
  'outcome',
  'parameter',
  'status',
  'pkce',
  'kid',
  'jti',
  'kms_request_id',
  'kms_ms',
  'provider_ms',
  'upstream_status',
  'upstream_error',
  'total_ms',
  'error_name',
  'problems',
] as const satisfies readonly (keyof LogRecord)[]

export type Log = (record: LogRecord) => void

/** One JSON object without its line break; members in a fixed order, absent ones left out. */
export function logLine(record: LogRecord): string {
  return JSON.stringify(record, [...MEMBERS])
}

/** Writes past `console`, which Lambda prefixes: a line is one JSON object, as log queries want it. */
export const writeLog: Log = record => {
  process.stdout.write(`${logLine(record)}\n`)
}
