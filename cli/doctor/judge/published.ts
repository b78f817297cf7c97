import { calculateJwkThumbprint, type JWK } from 'jose'
import type { SigningKey } from '../../../lib/config/client.ts'
import { shown } from '../../plain.ts'
import { type Answered, type Heard, isAnswered } from '../facts/http.ts'
import { type Finding, fail, failAside, ok } from '../finding.ts'

/** A published key: which one it is (RFC 7638), and what it is called. */
export interface Published {
  thumbprint: string
  kid: unknown
  /** Members of a private key. */
  private: string[]
}

const PRIVATE = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k', 'priv']

/** The keys of a JWK Set; undefined where it is none. What is no key of a known kind is passed over (RFC 7517 section 5). */
export async function readPublished({ json: { keys } }: Answered): Promise<Published[] | undefined> {
  if (!Array.isArray(keys)) return undefined
  const read = keys.map(async (jwk: JWK): Promise<Published[]> => {
    const thumbprint = await calculateJwkThumbprint(jwk).catch(() => undefined)
    const kept = Object.keys(jwk ?? {}).filter(name => PRIVATE.includes(name))
    return thumbprint === undefined && kept.length === 0
      ? []
      : [{ thumbprint: thumbprint ?? '', kid: jwk.kid, private: kept }]
  })
  return (await Promise.all(read)).flat()
}

/** Something answers there, and it is a deployment that works. */
export function reachable(url: string, heard: Heard): Finding {
  if (!isAnswered(heard)) {
    return fail(
      `${url} gives no answer that can be read: ${heard.error}`,
      'Is the URL right (--url), and is the stack deployed?',
    )
  }
  const { status, headers, json } = heard
  if (status >= 500) {
    return fail(
      `${url} answers HTTP ${status}`,
      "Look at the function's log: a function that cannot read its configuration, or cannot start, answers like that.",
    )
  }
  if (!headers.has('x-request-id') && !(status === 200 && 'keys' in json)) {
    return fail(
      `${url} answers HTTP ${status}, and it is not Countersign that answers`,
      'Name the base URL of the deployment by --url, with the stage or the path before /token where it has one.',
    )
  }
  return ok(url)
}

const STALE =
  'Is it the same configuration that the functions read? A new one is published within a minute; after that, look at what caches the key set on its way.'

/** The key set holds the client's keys, and nothing private. */
export function jwksPublished(
  keys: readonly (Pick<SigningKey, 'state'> & { thumbprint: string })[],
  status: number,
  published: readonly Published[] | undefined,
): Finding {
  if (status !== 200 || published === undefined) {
    return fail(
      `the key set answers HTTP ${status}${status === 200 ? ' with something that is no JWK Set' : ''}`,
      'Is the function jwks deployed, with the route /.well-known/jwks.json?',
    )
  }
  const leaked = [...new Set(published.flatMap(key => key.private))]
  if (leaked.length > 0) {
    return fail(
      `the key set holds members of a private key: ${leaked.join(', ')}`,
      'This is not what Countersign publishes: take it down, and replace the key.',
    )
  }
  const missing = keys.filter(key => !published.some(({ thumbprint }) => thumbprint === key.thumbprint))
  if (missing.some(({ state }) => state === 'active')) {
    return fail('the key set does not hold the active key', STALE)
  }
  if (missing.length > 0) {
    return failAside(`the key set does not hold the ${missing[0]!.state} key`, STALE)
  }
  return ok(`${keys.length} of ${keys.length} keys are published`)
}

/** Assertions name the key as the key set does. `kid`: as the assertions have it; undefined where they have none. */
export function keyId(kid: string | undefined, thumbprint: string, published: readonly Published[]): Finding {
  if (kid === undefined) return ok('assertions of this provider carry none')
  const names = published.filter(key => key.thumbprint === thumbprint).map(key => key.kid)
  if (!names.includes(kid)) {
    return fail(
      `assertions say ${kid}, and the key set calls this key ${names.map(shown).join(', ')}`,
      'Set the kid of the key to the one under which the provider knows it, and publish it under the same: the provider looks the key up by it.',
    )
  }
  const others = published.filter(key => key.kid === kid && key.thumbprint !== thumbprint)
  if (others.length > 0) {
    return fail(
      `${kid} is the name of two keys in the key set`,
      'Give each key its own kid, or none: then it is the thumbprint.',
    )
  }
  return ok(
    kid === thumbprint
      ? `${kid} (the RFC 7638 thumbprint)`
      : `${kid} (its own; the thumbprint is ${thumbprint})`,
  )
}
