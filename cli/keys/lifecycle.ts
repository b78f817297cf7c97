import type { SigningKey } from '../../lib/config/client.ts'
import { kidOf } from '../../lib/jose/jwks.ts'
import type { RawClient } from '../document.ts'
import { formatDuration, timestamp } from '../duration.ts'
import { EXIT, Failure, misuse } from '../failure.ts'
import type { KmsKey } from '../kms/keys.ts'

// The life of a signing key, pure: next (published, not used) -> active -> retired (published, not used any more) ->
// removed. Each step takes a client as the document has it and gives it back changed; where nothing is to do it gives back
// the same object, so that a step may be repeated. Requirements ROT-1 to ROT-4.

/** Which key of a client: by its kid, or the only one in a state. Throws Failure. */
export async function keyIn(
  client: RawClient,
  { kid, state }: { kid: string | undefined; state?: SigningKey['state'] },
): Promise<SigningKey> {
  const kids = await Promise.all(client.signing_keys.map(kidOf))
  if (kid !== undefined) {
    const found = client.signing_keys[kids.indexOf(kid)]
    if (found) return found
    throw misuse(`Client ${client.client_id} has no key "${kid}". It has: ${kids.join(', ')}`)
  }
  const candidates = client.signing_keys.filter(key => key.state === state)
  if (candidates.length === 1) return candidates[0]!
  if (candidates.length === 0) {
    throw new Failure('no_such_key', `Client ${client.client_id} has no key whose state is ${state}.`, {
      fix: `countersign keys list shows the keys${state === 'next' ? '; countersign keys create makes one' : ''}.`,
    })
  }
  throw misuse(`Client ${client.client_id} has several ${state} keys: name one by --kid.`)
}

function replaceKey(client: RawClient, old: SigningKey, key: SigningKey): RawClient {
  return { ...client, signing_keys: client.signing_keys.map(one => (one === old ? key : one)) }
}

/** Puts a key in as `next`: from then on it is published. The same client where it has the key already. */
export function add(
  client: RawClient,
  key: KmsKey & { kid?: string; 'x5t#S256'?: string },
  now: number,
): RawClient {
  if (client.signing_keys.some(({ kms_key_arn }) => kms_key_arn === key.kms_key_arn)) return client
  const entry: SigningKey = { ...key, state: 'next', created_at: timestamp(now) }
  return { ...client, signing_keys: [...client.signing_keys, entry] }
}

/** Stamps when the providers could see a key: its publication has been looked at, or is vouched for. */
export function publish(client: RawClient, key: SigningKey, now: number): RawClient {
  if (key.state !== 'next') throw wrongState(key, 'Only a next key is published; this one is', 'not_next')
  if (key.published_at !== undefined) return client
  return replaceKey(client, key, { ...key, published_at: timestamp(now) })
}

export interface Timing {
  now: number
  /** Seconds. */
  wait_s: number
  /** Without the wait. */
  force: boolean
}

/** Seconds that are left of a wait since a time of the document; all of it where that time is not known. */
export function left(since: string | undefined, { now, wait_s }: Pick<Timing, 'now' | 'wait_s'>): number {
  if (since === undefined) return wait_s
  return Math.max(0, Math.ceil((Date.parse(since) + wait_s * 1000 - now) / 1000))
}

/** Has the key sign from now on, and the one that did so far retire: key, kid and alg together, in one version. */
export function activate(client: RawClient, key: SigningKey, { now, wait_s, force }: Timing): RawClient {
  if (key.state === 'active') return client
  if (key.state === 'retired' && !force) {
    throw wrongState(
      key,
      'Only a next key is activated; this one is',
      'not_next',
      'As long as it is published, --force has it sign again; countersign keys rollback takes a rotation back as a whole.',
    )
  }
  const seconds = left(key.published_at, { now, wait_s })
  // Without a stamp no wait is long enough.
  if ((seconds > 0 || key.published_at === undefined) && !force) {
    const since =
      key.published_at === undefined
        ? 'not been stamped as published'
        : `been published since ${key.published_at}`
    throw tooEarly(
      `Key ${key.public_jwk.kid ?? key.kid ?? ''} has ${since}: a provider may not have read it yet. It may sign in ${formatDuration(seconds)}.`,
      key.published_at === undefined
        ? 'countersign keys publish stamps it, once it is to be seen.'
        : 'Where the provider keeps a key set for less, say so by --publish-wait; --force does it now.',
    )
  }
  const active = client.signing_keys.find(({ state }) => state === 'active')
  const at = timestamp(now)
  return {
    ...client,
    signing_keys: client.signing_keys.map(one => {
      if (one === key) return { ...without(one, 'retired_at'), state: 'active', activated_at: at }
      return one === active ? { ...one, state: 'retired', retired_at: at } : one
    }),
  }
}

function without(key: SigningKey, member: 'retired_at'): SigningKey {
  const { [member]: _, ...rest } = key
  return rest
}

/** Gives up a next key that is not to sign after all. It stays published until it is removed. */
export function retire(client: RawClient, key: SigningKey, now: number): RawClient {
  if (key.state === 'retired') return client
  if (key.state === 'active') {
    throw wrongState(
      key,
      'A client signs with exactly one key; this one is',
      'is_active',
      'Activate another one (countersign keys activate): that retires it.',
    )
  }
  return replaceKey(client, key, { ...key, state: 'retired', retired_at: timestamp(now) })
}

/** Takes a key out of the document, and so out of what is published. */
export function remove(client: RawClient, key: SigningKey, { now, wait_s, force }: Timing): RawClient {
  if (key.state === 'active') return removeActive(client, key, { now, force })
  const seconds = key.state === 'retired' ? left(key.retired_at, { now, wait_s }) : 0
  if (seconds > 0 && !force) {
    throw tooEarly(
      `The key signed until ${key.retired_at ?? 'an unknown time'}: what it signed may still be under way, and a provider may keep what it has read. It may be removed in ${formatDuration(seconds)}.`,
      'Where that is known to be over, say so by --retire-wait; --force does it now.',
    )
  }
  return { ...client, signing_keys: client.signing_keys.filter(one => one !== key) }
}

/** Only in an emergency (requirement ROT-7), and only where another key can sign in its place. */
function removeActive(client: RawClient, key: SigningKey, { now, force }: Omit<Timing, 'wait_s'>): RawClient {
  const all = client.signing_keys.filter(({ state }) => state === 'next')
  // Of several the one that the provider takes for sure: it has taken that algorithm so far.
  const alike = all.filter(({ alg }) => alg === key.alg)
  const next = all.length === 1 ? all[0] : alike.length === 1 ? alike[0] : undefined
  if (!force || next === undefined) {
    throw wrongState(
      key,
      'A client signs with exactly one key; this one is',
      'is_active',
      instead(all.length),
    )
  }
  const changed = activate(client, next, { now, wait_s: 0, force: true })
  return {
    ...changed,
    signing_keys: changed.signing_keys.filter(({ kms_key_arn }) => kms_key_arn !== key.kms_key_arn),
  }
}

function instead(next: number): string {
  if (next === 0)
    return 'Make another one first (countersign keys create), or switch the client off ("enabled": false).'
  const one = 'In an emergency --force has the next key sign from now on, however long it has been published.'
  return next === 1
    ? `Activate another one first. ${one}`
    : `Activate another one first (countersign keys activate --kid). ${one} With several next keys it cannot know which.`
}

function wrongState(key: SigningKey, message: string, code: string, fix?: string): Failure {
  return new Failure(code, `${message} ${key.state}.`, {
    exit: EXIT.refused,
    ...(fix !== undefined && { fix }),
  })
}

function tooEarly(message: string, fix: string): Failure {
  return new Failure('too_early', message, { fix, exit: EXIT.refused })
}
