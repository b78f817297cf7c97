import { hkdfSync } from 'node:crypto'
import { coded, ProxyError } from '../errors.ts'
import { RING_FORCED_MS } from '../limits.ts'

/** What is sealed, and so which key it is sealed by: one of them never opens another (requirement COOKIE-6). */
export type Purpose = 'session' | 'login' | 'handle' | 'ticket' | 'lease'

/** Whose it is: another client of the same deployment has other keys. */
export interface Owner {
  readonly client_id: string
  readonly as: { readonly issuer: string }
}

export interface SealKey {
  kid: string
  /** 256 bits, for A256GCM. */
  key: Uint8Array
}

/**
 * The keys to seal and open by. Both reject with ProxyError `sessions_unavailable` where they are not to be had at the
 * moment, and `toOpen` with `session_key_unknown` where nobody can say yet whether there is such a key.
 */
export interface SealKeys {
  toSeal(purpose: Purpose, owner: Owner): Promise<SealKey>
  /** That of this name; undefined where the ring has none such, not even after it was read again. */
  toOpen(purpose: Purpose, owner: Owner, kid: string): Promise<SealKey | undefined>
}

/** The masters, as they were last read. */
export interface Masters {
  write: string
  masters: ReadonlyMap<string, string>
}

export interface KeptMasters {
  get(): Promise<{ value: Masters; expired: boolean }>
  /** Reads them again, unless that has been done since then; whether they are confirmed since then. Never rejects. */
  renewed(since: number): Promise<boolean>
}

export interface SealKeysDeps {
  ring: KeptMasters | undefined
  /** Milliseconds since the epoch; may step. */
  now(): number
}

/** Keys from a ring of masters, each derived once (HKDF-SHA-256, RFC 5869). */
export function sealKeys({ ring, now }: SealKeysDeps): SealKeys {
  const derived = new Map<string, Uint8Array>()
  let from: Masters | undefined
  let forcedAt = Number.NEGATIVE_INFINITY
  let flight: Promise<boolean> | undefined
  /** The name that a read has not found, and when it was begun: before the next one it is too old. */
  let missing: { kid: string; since: number } | undefined
  /** Names that the ring has had: where it cannot be read again just now, these have most likely been taken out. */
  const gone = new Set<string>()

  async function masters(): Promise<Masters> {
    if (!ring) throw new ProxyError('sessions_unavailable')
    const { value, expired } = await ring.get().catch((error: Error) => {
      // Its own reason: the configuration may be as it should be.
      throw new ProxyError('sessions_unavailable', { cause: error.cause ?? error })
    })
    if (expired) throw new ProxyError('sessions_unavailable', { cause: coded('RING_EXPIRED') })
    // What a master that was taken out has made goes with it.
    if (value !== from) {
      derived.clear()
      for (const kid of from?.masters.keys() ?? []) if (!value.masters.has(kid)) gone.add(kid)
    }
    from = value
    return value
  }

  function derive(master: string, kid: string, purpose: Purpose, { client_id, as }: Owner): Uint8Array {
    const info = JSON.stringify(['countersign', 1, purpose, client_id, as.issuer, kid])
    const key = derived.get(info) ?? new Uint8Array(hkdfSync('sha256', master, '', info, 32))
    derived.set(info, key)
    return key
  }

  const isRecent = (since: number) => now() - since >= 0 && now() - since < RING_FORCED_MS
  const isMissing = (kid: string) => missing?.kid === kid && isRecent(missing.since)

  /**
   * A name that is not known may be a new one, so the ring is read again; but strangers can make up names, so only now and
   * then. In between nobody can say: the session is left as it is, and its app comes again.
   */
  async function lookAgain(kid: string): Promise<string | undefined> {
    if (isMissing(kid)) return undefined
    if (!flight && isRecent(forcedAt)) {
      if (gone.has(kid)) return undefined
      throw new ProxyError('session_key_unknown')
    }
    // Who joins one that was begun before may have come by a key that was added since: it can find it, and not miss it.
    const mine = !flight
    if (!flight) {
      forcedAt = now()
      flight = ring!.renewed(forcedAt).finally(() => {
        flight = undefined
      })
    }
    const confirmed = await flight
    const master = (await masters()).masters.get(kid)
    if (master !== undefined) return master
    if (!confirmed) throw new ProxyError('sessions_unavailable')
    if (isMissing(kid)) return undefined
    if (!mine) throw new ProxyError('session_key_unknown')
    missing = { kid, since: forcedAt }
    return undefined
  }

  return {
    async toSeal(purpose, owner) {
      const { write, masters: all } = await masters()
      return { kid: write, key: derive(all.get(write)!, write, purpose, owner) }
    },
    async toOpen(purpose, owner, kid) {
      const master = (await masters()).masters.get(kid) ?? (await lookAgain(kid))
      return master === undefined ? undefined : { kid, key: derive(master, kid, purpose, owner) }
    },
  }
}
