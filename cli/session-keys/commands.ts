import { randomBytes } from 'node:crypto'
import { hasSession } from '../../lib/config/client.ts'
import { command, type Options } from '../command.ts'
import type { Context } from '../context.ts'
import { readDocument } from '../document.ts'
import { formatDuration, parseDuration, timestamp } from '../duration.ts'
import { misuse } from '../failure.ts'
import { isNamed } from '../init/target.ts'
import {
  changeRing,
  namesOf,
  previousNames,
  type RawRing,
  readRing,
  ringContext,
  SESSION_SECRET,
} from './ring.ts'
import { added, nextName, removed, used } from './steps.ts'

// The keys that sessions are sealed by. No value of theirs is ever printed, and none is asked for.

const NAME = { name: { type: 'string', value: 'NAME', help: 'the key' } } as const satisfies Options

export const sessionKeysList = command({
  name: 'session-keys list',
  summary: 'the keys that sessions are sealed by: their names, and which one writes',
  options: SESSION_SECRET,
  async run(context, { 'session-secret-id': id }) {
    const { ring, version_id, since } = await readRing(ringContext(context, id))
    const json = { version_id, since: timestamp(since), keys: keysOf(ring) }
    const lines = json.keys.map(({ name, writes }) =>
      writes ? `${name}  writes, since ${json.since} at the latest` : `${name}  reads`,
    )
    return { json, lines }
  },
})

export const sessionKeysAdd = command({
  name: 'session-keys add',
  summary: 'makes a key, and has sessions be sealed by it from now on',
  details: `No session is lost: the others still open what they have sealed, and who meets the new key reads the ring anew.`,
  options: {
    ...SESSION_SECRET,
    later: { type: 'boolean', help: 'make it only: session-keys use has it write' },
  },
  async run(context, { 'session-secret-id': id, later = false }) {
    const secret = ringContext(context, id)
    const key = randomBytes(32).toString('base64url')
    let name = ''
    const { ring, version_id } = await changeRing(secret, async ({ ring: before }) => {
      name = nextName([...namesOf(before), ...(await previousNames(secret))], randomBytes(6).toString('hex'))
      return added(before, name, key, { later })
    })
    const next = later
      ? `countersign session-keys use --name ${name}`
      : 'countersign session-keys remove --name NAME, for each of the others, when no session of theirs is left'
    return {
      json: { ok: true, version_id, name, keys: keysOf(ring) },
      lines: [
        later
          ? `${name} is there, and ${ring.write} still writes`
          : `${name} is there, and writes from now on`,
        `Next: ${next}`,
      ],
    }
  },
})

export const sessionKeysUse = command({
  name: 'session-keys use',
  summary: 'has sessions be sealed by another key of the ring',
  options: { ...SESSION_SECRET, ...NAME },
  async run(context, { 'session-secret-id': id, name }) {
    const wanted = named(name)
    const { ring, version_id, changed } = await changeRing(ringContext(context, id), stored =>
      used(stored.ring, wanted),
    )
    return {
      json: { ok: true, version_id, changed, keys: keysOf(ring) },
      lines: [changed ? `${wanted} writes from now on` : `${wanted} writes already`],
    }
  },
})

export const sessionKeysRemove = command({
  name: 'session-keys remove',
  summary: 'takes a key out, once no session that it has sealed is left',
  details: `A session lasts as long as session_lifetime says, and no longer than the longest one of the configuration. Before that time has
passed since the ring was changed, the sessions that the key has sealed would end with 401, and it is refused.`,
  options: {
    ...SESSION_SECRET,
    ...NAME,
    wait: {
      type: 'string',
      value: 'DURATION',
      help: 'how long a session lasts (default: the longest session_lifetime)',
    },
    force: { type: 'boolean', help: 'end those sessions, for a key that somebody else may know' },
  },
  async run(context, { 'session-secret-id': id, name, wait, force = false }) {
    const wanted = named(name)
    const secret = ringContext(context, id)
    const lifetime = force ? 0 : await lifetimeOf(context, wait)
    const { ring, version_id } = await changeRing(secret, stored =>
      removed(stored, wanted, { now: context.now(), wait: lifetime, force }),
    )
    return {
      json: { ok: true, version_id, removed: wanted, keys: keysOf(ring) },
      lines: [
        `${wanted} is out of the ring`,
        ...(force
          ? ['Sessions that it has sealed end with 401 within 5 minutes: who has one signs in again.']
          : []),
      ],
    }
  },
})

function named(name: string | undefined): string {
  if (name === undefined)
    throw misuse('Which key? Name it by --name. countersign session-keys list shows them.')
  return name
}

function keysOf(ring: RawRing): { name: string; writes: boolean }[] {
  return namesOf(ring).map(name => ({ name, writes: name === ring.write }))
}

/** Seconds: as it is said, or as the configuration has it. Throws Failure. */
async function lifetimeOf(context: Context, wait: string | undefined): Promise<number> {
  if (wait !== undefined) return parseDuration('wait', wait)
  if (!isNamed(context)) {
    throw misuse(
      'How long does a session last? Name the configuration by --secret-id or COUNTERSIGN_SECRET_ID, or say it by --wait.',
    )
  }
  const { registrations } = await readDocument(context)
  const lifetimes = registrations.clients.filter(hasSession).map(client => client.session_lifetime)
  const longest = Math.max(0, ...lifetimes)
  context.terminal.note(`the longest session_lifetime is ${formatDuration(longest)}`)
  return longest
}
