import { GetSecretValueCommand } from '@aws-sdk/client-secrets-manager'
import { ConfigurationError, problemLine } from '../../lib/config/problems.ts'
import { parseRing } from '../../lib/config/ring.ts'
import type { Options } from '../command.ts'
import { type Context, createContext } from '../context.ts'
import { replaceText } from '../document.ts'
import { EXIT, Failure, misuse } from '../failure.ts'

/** The ring as the secret has it: flat, with `write` beside the keys. */
export type RawRing = { write: string } & Record<string, string>

export interface StoredRing {
  version_id: string
  /** Milliseconds since the epoch: since when nothing of it has changed. */
  since: number
  ring: RawRing
}

export const SESSION_SECRET = {
  'session-secret-id': {
    type: 'string',
    value: 'ID',
    help: 'name or ARN of the session secret (default: COUNTERSIGN_SESSION_SECRET_ID)',
  },
} as const satisfies Options

/** Names of keys, without a value of theirs. */
export function namesOf({ write: _, ...keys }: RawRing): string[] {
  return Object.keys(keys)
}

/** The same surroundings, with the session secret in place of the configuration's. Throws Failure where none is named. */
export function ringContext({ env, terminal }: Context, option: string | undefined): Context {
  const id = option ?? env.COUNTERSIGN_SESSION_SECRET_ID
  if (!id) {
    throw misuse(
      'Which session secret? Name it by --session-secret-id or COUNTERSIGN_SESSION_SECRET_ID (the output SessionSecretArn of the stack).',
    )
  }
  return createContext({ env, terminal }, id)
}

/** Reads the version in force. Throws Failure where it is no ring; no value is quoted. */
export async function readRing(context: Context): Promise<StoredRing> {
  const { SecretString, VersionId, CreatedDate } = await context
    .secrets()
    .send(new GetSecretValueCommand({ SecretId: context.secretId(), VersionStage: 'AWSCURRENT' }))
  const ring = ringOf(SecretString ?? '')
  return { version_id: VersionId ?? '', since: CreatedDate?.getTime() ?? context.now(), ring }
}

/** Names of the version before, in which a key may be that has been taken out just now. */
export async function previousNames(context: Context): Promise<string[]> {
  try {
    const { SecretString } = await context
      .secrets()
      .send(new GetSecretValueCommand({ SecretId: context.secretId(), VersionStage: 'AWSPREVIOUS' }))
    return namesOf(ringOf(SecretString ?? ''))
  } catch {
    // There is none, or none that could be read: then nothing was taken out.
    return []
  }
}

function ringOf(text: string): RawRing {
  try {
    parseRing(text)
    return JSON.parse(text) as RawRing
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error
    throw new Failure(
      'ring_invalid',
      `The secret holds no ring of keys:\n${error.problems.map(problemLine).join('\n')}`,
      {
        fix: 'Is it the session secret, and not that of the configuration? docs/operations.md (Keys of sessions) says what it holds.',
      },
    )
  }
}

/** Somebody else's change in between is read, and the own one made on top of it; a few times at most. */
const TRIES = 4

/**
 * Changes the ring that is in force by a pure step, which can be asked again for a newer one; where it gives back the same
 * object nothing is written.
 */
export async function changeRing(
  context: Context,
  step: (stored: StoredRing) => RawRing | Promise<RawRing>,
): Promise<{ ring: RawRing; version_id: string; changed: boolean }> {
  for (let tries = 1; ; tries++) {
    const stored = await readRing(context)
    const ring = await step(stored)
    if (ring === stored.ring) return { ring, version_id: stored.version_id, changed: false }
    try {
      const version_id = await replaceText(context, stored.version_id, JSON.stringify(ring))
      return { ring, version_id, changed: true }
    } catch (error) {
      if (!(error instanceof Failure && error.code === 'changed_meanwhile')) throw error
      if (tries === TRIES) throw changedMeanwhile()
    }
  }
}

function changedMeanwhile(): Failure {
  return new Failure(
    'changed_meanwhile',
    'Somebody else has changed the ring meanwhile. Nothing was changed.',
    {
      fix: 'Look at it (countersign session-keys list) and run the command again.',
      exit: EXIT.refused,
    },
  )
}
