import type { Adapter, AdapterFactory, AdapterPayload } from 'oidc-provider'

/** Entries of one kind (sessions, codes, …) held at once: far more than a person or a test run makes. */
const ENTRIES_MAX = 10_000

interface Entry {
  payload: AdapterPayload
  /** Milliseconds since the epoch; infinite for what never expires. */
  expiresAt: number
  /** When it was first used, in the same. */
  usedAt?: number
}

export interface MemoryAdapterOptions {
  /** Milliseconds since the epoch. */
  now?: () => number
  /** Entries of one kind held at once; the oldest goes first. */
  max?: number
  /** For so many seconds after its first use a refresh token counts as unused. Default 0. */
  refresh_grace_s?: number
}

/**
 * Where one identity provider keeps its sessions, codes, grants and seen `jti`s: in memory, with an expiry and
 * a bound, shared with nobody. Returns the factory that oidc-provider asks for an adapter per kind.
 */
export function createMemoryAdapter(options: MemoryAdapterOptions = {}): AdapterFactory {
  const now = options.now ?? Date.now
  const max = options.max ?? ENTRIES_MAX
  const grace_s = options.refresh_grace_s ?? 0
  return kind => storeOf(now, max, kind === 'RefreshToken' ? grace_s : 0)
}

function storeOf(now: () => number, max: number, grace_s: number): Adapter {
  const entries = new Map<string, Entry>()

  function live(id: string): AdapterPayload | undefined {
    const entry = entries.get(id)
    if (entry === undefined) return undefined
    if (entry.expiresAt <= now()) {
      entries.delete(id)
      return undefined
    }
    const { payload, usedAt } = entry
    // What oidc-provider goes by: when it was used, in seconds.
    if (usedAt !== undefined && usedAt + grace_s * 1000 <= now()) payload.consumed = Math.floor(usedAt / 1000)
    return payload
  }

  /** Looks through all of them: there are few, and an index would be one more thing to keep right. */
  function first(matches: (payload: AdapterPayload) => boolean): AdapterPayload | undefined {
    for (const [id, entry] of entries) {
      if (matches(entry.payload)) return live(id)
    }
    return undefined
  }

  function makeRoom(): void {
    if (entries.size < max) return
    for (const [id, entry] of entries) {
      if (entry.expiresAt <= now()) entries.delete(id)
    }
    // A Map keeps the order of insertion, so its first key is the oldest entry.
    while (entries.size >= max) entries.delete(entries.keys().next().value as string)
  }

  return {
    async upsert(id, payload, expiresIn) {
      entries.delete(id)
      makeRoom()
      entries.set(id, { payload, expiresAt: expiresIn === undefined ? Infinity : now() + expiresIn * 1000 })
    },
    async find(id) {
      return live(id)
    },
    async findByUid(uid) {
      return first(payload => payload.uid === uid)
    },
    async findByUserCode(userCode) {
      return first(payload => payload.userCode === userCode)
    },
    async consume(id) {
      const entry = entries.get(id)
      if (entry !== undefined) entry.usedAt ??= now()
    },
    async destroy(id) {
      entries.delete(id)
    },
    async revokeByGrantId(grantId) {
      for (const [id, entry] of entries) {
        if (entry.payload.grantId === grantId) entries.delete(id)
      }
    },
  }
}
