import { hasRepeatedMembers } from '../json.ts'
import { MASTER_MIN } from '../limits.ts'
import { isRaw } from './members.ts'
import { ConfigurationError, type Problem } from './problems.ts'

/** The keys that sessions are sealed by: one to write, and all to read (requirement COOKIE-7). */
export interface Ring {
  /** The name of the one to write by. */
  write: string
  masters: ReadonlyMap<string, string>
}

/**
 * Reads the ring: `{ "write": "k2", "k1": "…", "k2": "…" }`. Flat, because that is what CloudFormation can make up a first key
 * in. Throws ConfigurationError with every problem; none quotes a value.
 */
export function parseRing(text: string): Ring {
  const document = jsonOf(text)
  if (!isRaw(document) || hasRepeatedMembers(text, document))
    throw problem('must be a JSON object of strings')
  const { write, ...others } = document
  const problems: Problem[] = []
  const masters = new Map<string, string>()
  for (const [name, master] of Object.entries(others)) {
    if (!/^[A-Za-z0-9_-]{1,32}$/.test(name))
      problems.push({ path: RING, message: 'has a key of an unfit name' })
    else if (typeof master === 'string' && master.length >= MASTER_MIN) masters.set(name, master)
    else problems.push({ path: `${RING}.${name}`, message: `must have at least ${MASTER_MIN} characters` })
  }
  if (typeof write !== 'string' || !masters.has(write)) {
    problems.push({ path: `${RING}.write`, message: 'must name one of the keys' })
  }
  if (problems.length > 0) throw new ConfigurationError(problems)
  return { write: write as string, masters }
}

const RING = 'session keys'

function problem(message: string): ConfigurationError {
  return new ConfigurationError([{ path: RING, message }])
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw problem('are not JSON')
  }
}
