import { embeddedMetrics } from './metrics.ts'

/**
 * What a log line may hold: these members, nothing else, whatever a caller or a bug puts beside them. No code, token,
 * assertion, ARN or body has a member here (requirements LOG-1 and LOG-2).
 */
export interface LogRecord {
  level: 'info' | 'warn' | 'error'
  event: 'request' | 'configuration' | 'provider_keys' | 'assertion' | 'lease' | 'probe'
  request_id?: string
  route?: string
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
  /** A DPoP proof was passed on. */
  proof?: boolean
  /** What became of the refresh token: given anew, the same again, or not given (`kept`). */
  rotation?: 'rotated' | 'repeated' | 'kept'
  /** The provider gave a refresh token, and the app did not get it. */
  withheld?: boolean
  /** What became of the tokens that were to be revoked: the session is over, or could not begin. */
  revocation?: 'done' | 'failed'
  /** Why it failed: a reason, as `outcome` has it. */
  revocation_error?: string
  kid?: string
  /** Of the active keys of a configuration that comes into force. */
  kids?: readonly string[]
  /** Of our own assertion. */
  jti?: string
  /** The assertion's signing began before the request came; `kms_ms` is then what was left to wait. */
  ahead?: boolean
  kms_request_id?: string
  configuration_ms?: number
  kms_ms?: number
  provider_ms?: number
  /** Of the ID token's validation, with whatever it waited for the provider's keys. */
  id_token_ms?: number
  upstream_status?: number
  /** The provider's error code, where it looks like one. */
  upstream_error?: string
  total_ms?: number
  /** Of the client's active key, in whole days since `activated_at`. */
  key_age_days?: number
  /** What lies behind the outcome, by `causeName`. */
  error_name?: string | undefined
  /** Of the configuration document: the secret's version id, or a hash. */
  revision?: string
  problems?: readonly string[]
}

// As a record, so that a member left out does not compile: it would vanish from the log in silence.
const MEMBERS = Object.keys({
  level: true,
  event: true,
  request_id: true,
  route: true,
  client_id: true,
  grant_type: true,
  origin: true,
  outcome: true,
  parameter: true,
  status: true,
  pkce: true,
  proof: true,
  rotation: true,
  withheld: true,
  revocation: true,
  revocation_error: true,
  kid: true,
  kids: true,
  jti: true,
  ahead: true,
  kms_request_id: true,
  configuration_ms: true,
  kms_ms: true,
  provider_ms: true,
  id_token_ms: true,
  upstream_status: true,
  upstream_error: true,
  total_ms: true,
  key_age_days: true,
  error_name: true,
  revision: true,
  problems: true,
} satisfies Record<keyof LogRecord, true>)

export type Log = (record: LogRecord) => void

/** One JSON object without its line break; members in a fixed order, absent ones left out. */
export function logLine(record: LogRecord): string {
  return JSON.stringify(record, MEMBERS)
}

/**
 * Writes a record and its metrics (metrics.ts) as one line: what is one JSON object can be queried, and counted, as it
 * is. Past `console`, which Lambda prefixes.
 *
 * @param function_name of the Lambda function: the one dimension of the metrics
 * @param now milliseconds since the epoch
 */
export function createLog(function_name = 'local', now: () => number = Date.now): Log {
  return record => {
    const metrics = embeddedMetrics(record, function_name, now())
    process.stdout.write(`${logLine(record).slice(0, -1)},${metrics.slice(1)}\n`)
  }
}
