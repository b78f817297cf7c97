/** What of a log record is looked at. Its own words, so that the log can be made of this and not the other way round. */
interface Counted extends Partial<Record<keyof typeof MEASURED, number>> {
  event: string
  status?: number
  outcome?: string
  rotation?: string
  withheld?: boolean
  revocation?: string
  revocation_error?: string
  pkce?: boolean
}

/** Counted where a record says so; a metric that nothing is said of is not there, and no zero is sent. */
type Count =
  | 'requests'
  | 'tokens'
  | 'refused'
  | 'failed'
  | 'invalid_client'
  | 'signer_error'
  | 'signer_unavailable'
  | 'origin_refused'
  | 'configuration_error'
  | 'provider_error'
  | 'id_token_invalid'
  | 'refresh_not_rotated'
  | 'refresh_withheld'
  | 'revocation_failed'
  | 'lease_failed'
  | 'without_pkce'
  | 'probe_ok'
  | 'probe_failed'

/** Members of a record that are metrics as they stand. */
const MEASURED = {
  kms_ms: 'Milliseconds',
  provider_ms: 'Milliseconds',
  total_ms: 'Milliseconds',
  key_age_days: 'None',
} as const

/** What the beginning of an outcome (see Reason in errors.ts, and the events of log.ts) is counted as beside its status. */
const BY_OUTCOME: readonly [beginning: string, count: Count][] = [
  ['tokens', 'tokens'],
  ['upstream_invalid_client', 'invalid_client'],
  // Two alarms: somebody has to act, or it passes by itself.
  ['signer_unavailable', 'signer_unavailable'],
  ['sign_ahead_failed: signer_unavailable', 'signer_unavailable'],
  ['signer_', 'signer_error'],
  ['sign_ahead_failed', 'signer_error'],
  ['origin_', 'origin_refused'],
  ['configuration_', 'configuration_error'],
  ['session_keys_', 'configuration_error'],
  ['sessions_unavailable', 'configuration_error'],
  ['lease_failed', 'lease_failed'],
  ['id_token_', 'id_token_invalid'],
  ['upstream_rate_limited', 'provider_error'],
  ['upstream_un', 'provider_error'],
  ['upstream_timeout', 'provider_error'],
  ['upstream_lost', 'provider_error'],
  ['upstream_malformed', 'provider_error'],
  ['dpop_downgraded', 'provider_error'],
  ['refresh_failed', 'provider_error'],
  ['probe_ok', 'probe_ok'],
  ['probe_failed', 'probe_failed'],
]

/** What is to be counted of a record. Pure; the metrics' names are a closed list, and no value of a caller's is among them. */
export function countsOf({
  event,
  status = 0,
  outcome = '',
  rotation,
  withheld,
  revocation,
  revocation_error,
  pkce,
}: Counted): Count[] {
  const counts: Count[] = []
  if (event === 'request') counts.push('requests')
  if (status >= 500) counts.push('failed')
  else if (status >= 400) counts.push('refused')
  for (const text of [outcome, revocation_error ?? '']) {
    const counted = BY_OUTCOME.find(([beginning]) => text.startsWith(beginning))?.[1]
    if (counted && !counts.includes(counted)) counts.push(counted)
  }
  if (rotation === 'repeated' || rotation === 'kept') counts.push('refresh_not_rotated')
  if (withheld) counts.push('refresh_withheld')
  if (revocation === 'failed') counts.push('revocation_failed')
  if (pkce === false) counts.push('without_pkce')
  return counts
}

/**
 * The metrics of a record as one JSON object, in CloudWatch's embedded metric format (CloudWatch user guide,
 * "Specification: Embedded metric format"): `_aws` names members of the same line. One dimension, so that the number of
 * metrics does not grow with what comes in.
 */
export function embeddedMetrics(record: Counted, function_name: string, timestamp: number): string {
  const counts = countsOf(record)
  const measured = MEASURES.filter(name => record[name] !== undefined)
  const named = `"function_name":${JSON.stringify(function_name)}`
  if (counts.length + measured.length === 0) return `{${named}}`
  const { directive, ones } = partsOf(counts, measured)
  return `{"_aws":{"Timestamp":${timestamp},"CloudWatchMetrics":[${directive}]},${named}${ones}}`
}

const MEASURES = Object.keys(MEASURED) as (keyof typeof MEASURED)[]

interface Parts {
  /** Which members of the line are metrics. */
  directive: string
  /** The counts themselves. */
  ones: string
}

// There are few combinations, since the names are a closed list, and nearly every request has the same one: each is
// written once.
const written = new Map<string, Parts>()

function partsOf(counts: readonly Count[], measured: readonly (keyof typeof MEASURED)[]): Parts {
  const key = `${counts} ${measured}`
  const known = written.get(key)
  if (known) return known
  const Metrics = [
    ...counts.map(Name => ({ Name, Unit: 'Count' })),
    ...measured.map(Name => ({ Name, Unit: MEASURED[Name] })),
  ]
  const parts = {
    directive: JSON.stringify({ Namespace: 'Countersign', Dimensions: [['function_name']], Metrics }),
    ones: counts.map(name => `,"${name}":1`).join(''),
  }
  written.set(key, parts)
  return parts
}
