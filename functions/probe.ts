import { randomBytes } from 'node:crypto'
import type { Context } from 'aws-lambda'
import type { Client } from '../lib/config/client.ts'
import { readEnvironment } from '../lib/config/environment.ts'
import { ConfigurationError, loggedProblems } from '../lib/config/problems.ts'
import { inForce } from '../lib/config/source.ts'
import { causeName, ProxyError } from '../lib/errors.ts'
import { guardedAgents } from '../lib/http/agents.ts'
import { type Answer, sendOnce } from '../lib/http/send.ts'
import { PROBE_MS } from '../lib/limits.ts'
import { createLog } from '../lib/log.ts'
import { errorCodeOf, readJsonObject } from '../lib/oauth/error-response.ts'
import { type MadeUp, madeUpRequest } from '../lib/oauth/made-up.ts'
import { createReader, type Reader } from '../lib/reader.ts'
import { REFUSED_BY_PROVIDER } from '../lib/wire.ts'

/** Asks the deployment, as an app would. */
export type Ask = (request: MadeUp) => Promise<Answer>

export interface Prober extends Reader {
  ask: Ask
  randomId(): string
  /** Milliseconds since the epoch. */
  now(): number
}

/**
 * By a clock and not by a request: a made-up code through the deployed endpoint, for every client, or a made-up token where it
 * has a session. The answer comes from the provider, and only to whoever it has authenticated, so it proves configuration,
 * KMS, assertion and provider at once. A line in the log each, whose metrics an alarm looks at.
 */
export async function probe({ configuration, log, ask, randomId, now }: Prober): Promise<void> {
  let clients: readonly Client[]
  try {
    clients = inForce(await configuration()).clients
  } catch (error) {
    const outcome = error instanceof ProxyError ? error.reason : 'configuration_unavailable'
    const cause = error instanceof ProxyError ? error.cause : error
    return log({
      level: 'error',
      event: 'probe',
      outcome: `probe_failed: ${outcome}`,
      error_name: causeName(cause),
    })
  }
  const enabled = clients.filter(client => client.enabled)
  if (enabled.length === 0) log({ level: 'info', event: 'probe', outcome: 'probe_ok: no client' })
  // One after the other: all at once would be a burst at the provider's token endpoint.
  for (const client of enabled) {
    const request = madeUpRequest(client, randomId)
    const started = performance.now()
    const failed = request && (await ask(request).then(answer => failureOf(request, answer), notAsked))
    // Counted as ok where nothing can be asked: the alarm also rings where a period has had no probe at all.
    const outcome = request ? 'probe_ok' : 'probe_ok: not asked, no revocation endpoint'
    log({
      level: failed === undefined ? 'info' : 'error',
      event: 'probe',
      outcome: failed === undefined ? outcome : `probe_failed: ${failed}`,
      client_id: client.client_id,
      total_ms: Math.round(performance.now() - started),
      ...ageOf(client, now()),
    })
  }
}

/**
 * Anything but the provider's own refusal of the code, or its consent to the revocation. The function has an `invalid_grant` of
 * its own, for a redirect URI that it does not know: then nothing was signed, and nothing is proved.
 */
function failureOf({ path }: MadeUp, answer: Answer): string | undefined {
  const error = errorCodeOf(answer)
  if (path === '/revoke') {
    // A page of somebody else's would have a body: ours is empty.
    const revoked = answer.status === 200 && answer.body === ''
    return revoked ? undefined : `${answer.status} ${error ?? 'no error code'}`
  }
  const byProvider = readJsonObject(answer)?.error_description === REFUSED_BY_PROVIDER
  if (error === 'invalid_grant' && !byProvider) return `${answer.status} invalid_grant of our own`
  return answer.status === 400 && error === 'invalid_grant'
    ? undefined
    : `${answer.status} ${error ?? 'no error code'}`
}

function notAsked(error: unknown): string {
  return error instanceof ProxyError ? error.reason : (causeName(error) ?? 'internal')
}

const DAY_MS = 24 * 3_600_000

function ageOf({ signing_key: { activated_at } }: Client, now: number): { key_age_days?: number } {
  return activated_at === undefined
    ? {}
    : { key_age_days: Math.floor((now - Date.parse(activated_at)) / DAY_MS) }
}

function createProber(): Prober {
  const environment = readEnvironment()
  const agents = guardedAgents(Date.now)
  if (environment.url === undefined) {
    throw new ConfigurationError([{ path: 'COUNTERSIGN_URL', message: 'is required: the probe asks it' }])
  }
  return {
    ...createReader(undefined, environment),
    now: Date.now,
    randomId: () => randomBytes(16).toString('base64url'),
    ask({ path, form, headers: own }) {
      const url = new URL(`${environment.url}${path}`)
      const body = form.toString()
      const headers = {
        accept: 'application/json',
        'content-type': 'application/x-www-form-urlencoded',
        'content-length': String(Buffer.byteLength(body)),
        ...own,
      }
      return sendOnce({ method: 'POST', url, headers, body }, agents, performance.now() + PROBE_MS)
    },
  }
}

let kept: Prober | undefined

/** The environment is not right, so that not even a log can be made by it. */
function unprepared(error: unknown, function_name: string | undefined): void {
  createLog(function_name)({
    level: 'error',
    event: 'probe',
    outcome: 'probe_failed: configuration_unavailable',
    error_name: causeName(error),
    ...(error instanceof ConfigurationError && { problems: loggedProblems(error) }),
  })
}

/** Nothing to be ready for: who calls is a clock. */
export const ready: Promise<void> = Promise.resolve()

/** Ends without an error whatever it finds, or Lambda would ask again at once; what it found is in the log. */
export async function handler(_event?: unknown, context?: Pick<Context, 'functionName'>): Promise<void> {
  try {
    kept ??= createProber()
  } catch (error) {
    return unprepared(error, context?.functionName)
  }
  await probe(kept)
}
