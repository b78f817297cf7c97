import { causeName, coded, ProxyError } from '../errors.ts'
import {
  CONFIG_FIRST_RETRY_MS,
  CONFIG_FRESH_MS,
  CONFIG_READ_MS,
  CONFIG_RETRY_MS,
  CONFIG_STALE_MAX_MS,
  CONFIG_WAIT_MS,
} from '../limits.ts'
import { ConfigurationError, loggedProblems } from './problems.ts'

/** A background refresh that failed. `problems` (of an invalid document) hold paths and fixed texts, no values. */
export interface RefreshFailure {
  reason: 'unreadable' | 'invalid'
  /** Of an unreadable one: what lies behind it, by `causeName`. */
  error_name?: string | undefined
  problems?: string[]
}

export interface SecretDeps {
  /** From which age on a request waits for a read, and below which none is made. Default: the usual times. */
  ages?: { fresh_ms: number; wait_ms: number }
  readSecret(secretId: string, signal: AbortSignal): Promise<{ text: string; revision: string }>
  /** Milliseconds; may step. */
  now(): number
  report(failure: RefreshFailure): void
}

const USUAL_AGES = { fresh_ms: CONFIG_FRESH_MS, wait_ms: CONFIG_WAIT_MS }

interface Held<Value> {
  value: Value
  revision: string
  /** When the read was begun that brought it or found it unchanged. */
  confirmedAt: number
}

/** What a secret says, read again as it grows old. */
export interface KeptSecret<Value> {
  /**
   * Rejects with ProxyError `configuration_unavailable` where there never was one that could be read, and with what
   * `parse` throws. From the second on, a rejection is remembered for CONFIG_FIRST_RETRY_MS.
   *
   * @returns the same object while nothing changed; `expired`: last confirmed too long ago
   */
  get(): Promise<{ value: Value; expired: boolean }>
  /**
   * Reads it again, unless that has been done since then (milliseconds). Never rejects: what is held stays.
   *
   * @returns whether what is held has been confirmed since then
   */
  renewed(since: number): Promise<boolean>
}

/**
 * Ages are looked at when a request comes, because timers do not run in a frozen container:
 *
 *   up to fresh_ms (CONFIG_FRESH_MS)   served
 *   up to wait_ms (CONFIG_WAIT_MS)     served, and read again in the background
 *   older                              the request waits for one read; if that fails, what is held serves on, and
 *                                      counts as expired from CONFIG_STALE_MAX_MS on
 */
export function keptSecret<Value>(
  secretId: string,
  parse: (text: string, revision: string) => Value,
  { readSecret, now, report, ages = USUAL_AGES }: SecretDeps,
): KeptSecret<Value> {
  let held: Held<Value> | undefined
  let flight: Promise<void> | undefined
  let failedAt = Number.NEGATIVE_INFINITY
  let failuresAtFirst = 0
  let lastFailure: unknown

  /** One read at a time, shared by all who ask meanwhile. */
  function once(work: () => Promise<void>): Promise<void> {
    flight ??= work().finally(() => {
      flight = undefined
    })
    return flight
  }

  async function read(): Promise<void> {
    const confirmedAt = now()
    const { text, revision } = await readInTime(signal => readSecret(secretId, signal))
    // The same objects while nothing changed: signers, with their first signature verified, are kept by them.
    const value = held?.revision === revision ? held.value : parse(text, revision)
    held = { value, revision, confirmedAt }
  }

  async function readDespiteFreeze(): Promise<void> {
    const startedAt = now()
    try {
      await read()
    } catch (error) {
      // A read cannot take this long: the container was frozen in the middle of it, which breaks the connection
      // although nothing is wrong. It says nothing about the secret, so it is done again.
      if (now() - startedAt <= 2 * CONFIG_READ_MS) throw error
      await read()
    }
  }

  // Without a copy every request has to ask, and nobody but a stranger may be asking: one read a second is enough. The
  // very first failure is not held against the next: it was the init's, and a request has its own try.
  async function readFirst(): Promise<void> {
    const sinceFailure = now() - failedAt
    if (failuresAtFirst > 1 && sinceFailure >= 0 && sinceFailure < CONFIG_FIRST_RETRY_MS) throw lastFailure
    await once(() =>
      readDespiteFreeze().catch(error => {
        failuresAtFirst++
        lastFailure = error
        failedAt = now()
        throw error
      }),
    )
  }

  async function refresh(): Promise<void> {
    const sinceFailure = now() - failedAt
    if (sinceFailure >= 0 && sinceFailure < CONFIG_RETRY_MS) return
    const work = () =>
      readDespiteFreeze().catch(error => {
        failedAt = now()
        report(failureOf(error))
      })
    // A refresh nobody waits for must not end the process, even if reporting its failure fails.
    await once(work).catch(() => undefined)
  }

  return {
    async get() {
      if (held === undefined) await readFirst()
      const current = held!
      // The clock stepped back, so the true age is unknown: stale from here on, and not fresh for ever.
      if (now() < current.confirmedAt) current.confirmedAt = now() - ages.fresh_ms - 1
      const age = now() - current.confirmedAt
      if (age > ages.wait_ms) await refresh()
      else if (age > ages.fresh_ms) void refresh()
      const { value, confirmedAt } = held!
      return { value, expired: now() - confirmedAt > CONFIG_STALE_MAX_MS }
    },
    async renewed(since) {
      // One that is under way may have been begun before: then once more.
      const confirmed = () => held !== undefined && held.confirmedAt >= since
      for (let reads = 0; reads < 2 && !confirmed(); reads++) {
        await once(readDespiteFreeze).catch(() => undefined)
      }
      return confirmed()
    },
  }
}

/** Ends after CONFIG_READ_MS also where the reader does not heed the signal. */
async function readInTime<T>(reader: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController()
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(coded('READ_TIMEOUT'))
      controller.abort()
    }, CONFIG_READ_MS)
  })
  try {
    return await Promise.race([reader(controller.signal), late])
  } catch (cause) {
    throw new ProxyError('configuration_unavailable', { cause })
  } finally {
    clearTimeout(timer)
  }
}

function failureOf(error: unknown): RefreshFailure {
  return error instanceof ConfigurationError
    ? { reason: 'invalid', problems: loggedProblems(error) }
    : { reason: 'unreadable', error_name: causeName((error as Error).cause) }
}
