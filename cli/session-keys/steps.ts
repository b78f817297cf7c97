import { CONFIG_WAIT_MS } from '../../lib/limits.ts'
import { formatDuration } from '../duration.ts'
import { EXIT, Failure, misuse } from '../failure.ts'
import { namesOf, type RawRing, type StoredRing } from './ring.ts'

// What may become of a ring. Pure: a step gets the ring that is in force, and gives back the one that is to be.

/** A function that was idle seals by the ring that it has, up to this age. */
const TAKEN_UP_S = CONFIG_WAIT_MS / 1000

/**
 * The next name: a number to go by, and something that nobody can guess. One that has just been taken out is not used again:
 * who still has the old key under it would not read the ring anew, and find no session that opens. And one that a stranger
 * has asked for before it was there would be taken for missing for some seconds.
 *
 * @param unguessable of the characters that a name may have
 */
export function nextName(taken: readonly string[], unguessable: string): string {
  const numbers = taken.map(name => Number(/^k(\d{1,9})(?:-|$)/.exec(name)?.[1] ?? 0))
  return `k${Math.max(0, ...numbers) + 1}-${unguessable}`
}

export function added(ring: RawRing, name: string, key: string, { later }: { later: boolean }): RawRing {
  return { ...ring, write: later ? ring.write : name, [name]: key }
}

/** Throws Failure where there is no such key. */
export function used(ring: RawRing, name: string): RawRing {
  requireKey(ring, name)
  return ring.write === name ? ring : { ...ring, write: name }
}

/**
 * Takes a key out. Throws Failure for the one that writes, and, unless forced, where a session may still live by it.
 *
 * @param wait seconds that a session lasts at most
 */
export function removed(
  { ring, since }: Pick<StoredRing, 'ring' | 'since'>,
  name: string,
  { now, wait, force }: { now: number; wait: number; force: boolean },
): RawRing {
  requireKey(ring, name)
  if (ring.write === name) {
    throw new Failure('key_writes', `${name} is the one that sessions are sealed by. Nothing was changed.`, {
      fix: 'Have another one write first: countersign session-keys add, or session-keys use --name NAME.',
      exit: EXIT.refused,
    })
  }
  const rest = Math.ceil(since / 1000 + wait + TAKEN_UP_S - now / 1000)
  if (rest > 0 && !force) {
    throw new Failure(
      'too_early',
      `Sessions that ${name} has sealed may last for ${formatDuration(rest)} more: they would end with 401. Nothing was changed.`,
      {
        fix: `Wait so long (the ring was changed ${formatDuration(now / 1000 - since / 1000)} ago, a session lasts ${formatDuration(wait)}), or end them by --force.`,
        exit: EXIT.refused,
      },
    )
  }
  const { [name]: _, ...left } = ring
  return left as RawRing
}

function requireKey(ring: RawRing, name: string): void {
  const names = namesOf(ring)
  if (!names.includes(name)) throw misuse(`There is no key "${name}". There are: ${names.join(', ')}`)
}
