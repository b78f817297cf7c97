import { coded, ProxyError } from '../errors.ts'
import type { Get } from '../http/get.ts'
import { type KeySet, readKeySet } from '../jose/verify.ts'
import { JWKS_FORCED_MS, JWKS_FRESH_MS, JWKS_RETRY_MS, JWKS_STALE_MAX_MS } from '../limits.ts'
import { readJsonObject } from './error-response.ts'

/** The keys that a provider signs its ID tokens with. */
export interface ProviderKeys {
  /** Told at a cold start. Ends when they are there, or cannot be had. Never rejects. */
  prepare(): Promise<void>
  /** Told once an exchange is on its way: where they are due, they are read beside it. Never throws. */
  renew(): void
  /** Those to verify with now. Rejects with ProxyError `id_token_unverifiable` where there are none. */
  current(): Promise<KeySet>
  /**
   * Newer ones than `tried`, in which no key fits a token of this `kid`: read at once, but for one `kid` only every
   * JWKS_FORCED_MS. Undefined where it is not time. Rejects with ProxyError `id_token_unverifiable`.
   */
  renewedFor(kid: string | undefined, tried: KeySet): Promise<KeySet | undefined>
}

export interface ProviderKeysDeps {
  get: Get
  /** Milliseconds since the epoch; may step, and jumps over the time that a container was frozen. */
  now(): number
  /** Told of a read that failed while older keys serve on, in fixed words. */
  report(error_name: string): void
}

interface Held {
  keys: KeySet
  /** When the read was begun. */
  readAt: number
}

/**
 * Keeps the keys at one `jwks_uri`, one read at a time. Ages are judged at use, because no timer runs in a frozen
 * container:
 *
 *   up to JWKS_FRESH_MS       used
 *   up to JWKS_STALE_MAX_MS   read again beside the exchange; used where that fails
 *   older                     not used
 */
export function providerKeys(jwks_uri: string, { get, now, report }: ProviderKeysDeps): ProviderKeys {
  let held: Held | undefined
  let flight: Promise<KeySet> | undefined
  /** It was begun before an exchange that needs it: before a freeze, perhaps, which its connection did not outlive. */
  let flightIsOld = false
  let failedAt = Number.NEGATIVE_INFINITY
  const forced = new Map<string | undefined, number>()

  const isRecent = (since: number, ms: number) => {
    const age = now() - since
    return age >= 0 && age < ms
  }

  /** What is held, where it may still be used, and whether it shall be read again first. */
  function look(): { keys?: KeySet; due: boolean } {
    if (!held) return { due: true }
    // The clock stepped back, so the true age is unknown: due from here on, and not fresh for ever.
    if (now() < held.readAt) held.readAt = now() - JWKS_FRESH_MS
    if (!isRecent(held.readAt, JWKS_STALE_MAX_MS)) return { due: true }
    const due = !isRecent(held.readAt, JWKS_FRESH_MS) && !isRecent(failedAt, JWKS_RETRY_MS)
    return { keys: held.keys, due }
  }

  async function read(): Promise<KeySet> {
    const readAt = now()
    try {
      const keys = keySetOf(await get(jwks_uri))
      held = { keys, readAt }
      return keys
    } catch (error) {
      failedAt = now()
      const error_name = nameOf(error)
      if (held) report(error_name)
      throw new ProxyError('id_token_unverifiable', { cause: coded(error_name) })
    }
  }

  /** One read at a time, shared by all who ask meanwhile. */
  function once(): Promise<KeySet> {
    if (!flight) {
      flightIsOld = false
      flight = read().finally(() => {
        flight = undefined
      })
    }
    return flight
  }

  return {
    async prepare() {
      if (look().due) await once().catch(() => {})
    },
    renew() {
      if (flight) flightIsOld = true
      else if (look().due) once().catch(() => {})
    },
    async current() {
      const { keys, due } = look()
      if (keys && !due) return keys
      const mayRepeat = flight !== undefined && flightIsOld
      try {
        return await once()
      } catch (error) {
        if (keys) return keys
        // The failure of an old one says nothing about now.
        if (mayRepeat) return await once()
        throw error
      }
    },
    async renewedFor(kid, tried) {
      if (held && held.keys !== tried) return held.keys
      for (const [one, since] of forced) if (!isRecent(since, JWKS_FORCED_MS)) forced.delete(one)
      if (forced.has(kid)) return undefined
      const keys = await once()
      // Only what was answered counts: a failed read has not told whether there is such a key.
      forced.set(kid, now())
      return keys
    },
  }
}

function keySetOf(answer: Awaited<ReturnType<Get>>): KeySet {
  if (answer.status !== 200) throw coded('JWKS_STATUS')
  const document = readJsonObject(answer)
  if (!document) throw coded('JWKS_NOT_JSON')
  // A set without a key, by a mistake at the provider, must not take the place of one that works.
  if (Array.isArray(document.keys) && document.keys.length === 0) throw coded('JWKS_EMPTY')
  return readKeySet(document)
}

/** JWKS_UNREACHABLE, JWKS_TIMEOUT, JWKS_LOST, JWKS_STATUS, JWKS_NOT_JSON, JWKS_EMPTY, or JWKS_MALFORMED for all else. */
function nameOf(error: unknown): string {
  if (error instanceof ProxyError) return error.reason.replace('upstream', 'JWKS').toUpperCase()
  const { code } = error as { code?: unknown }
  return typeof code === 'string' && code.startsWith('JWKS_') ? code : 'JWKS_MALFORMED'
}
