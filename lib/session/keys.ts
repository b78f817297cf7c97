import { hkdfSync } from 'node:crypto'
import { ProxyError } from '../errors.ts'
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

/** The keys to seal and open by. Both reject with ProxyError `sessions_unavailable` where there are none to be had. */
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
  /** Reads them again, unless that has been done since then. */
  renewed(since: number): Promise<void>
}

export interface SealKeysDeps {
  ring: KeptMasters | undefined
  /** Milliseconds since the epoch; may step. */
  now(): number
  wait(ms: number): Promise<void>
}

/** Keys from a ring of masters, each derived once (HKDF-SHA-256, RFC 5869). */
export function sealKeys({ ring, now, wait }: SealKeysDeps): SealKeys {
  const derived = new Map<string, Uint8Array>()
  let from: Masters | undefined
  let forcedAt = Number.NEGATIVE_INFINITY

  async function masters(): Promise<Masters> {
    if (!ring) throw new ProxyError('sessions_unavailable')
    const { value, expired } = await ring.get()
    if (expired) throw new ProxyError('configuration_expired')
    // What a master that was taken out has made goes with it.
    if (value !== from) derived.clear()
    from = value
    return value
  }

  function derive(master: string, kid: string, purpose: Purpose, { client_id, as }: Owner): Uint8Array {
    const info = JSON.stringify(['countersign', 1, purpose, client_id, as.issuer, kid])
    const key = derived.get(info) ?? new Uint8Array(hkdfSync('sha256', master, '', info, 32))
    derived.set(info, key)
    return key
  }

  /** A key that is not known may be a new one. Strangers can name any, so the ring is not read more often than that. */
  async function renewed(): Promise<Masters> {
    const since = now()
    const rest = forcedAt + RING_FORCED_MS - since
    if (rest > 0 && rest <= RING_FORCED_MS) await wait(rest)
    forcedAt = now()
    await ring!.renewed(since)
    return masters()
  }

  return {
    async toSeal(purpose, owner) {
      const { write, masters: all } = await masters()
      return { kid: write, key: derive(all.get(write)!, write, purpose, owner) }
    },
    async toOpen(purpose, owner, kid) {
      let master = (await masters()).masters.get(kid)
      master ??= (await renewed()).masters.get(kid)
      return master === undefined ? undefined : { kid, key: derive(master, kid, purpose, owner) }
    },
  }
}
