import { Failure } from '../failure.ts'
import { fetchOnce, jsonObject, limitedText, whyUnanswered } from '../http.ts'
import { shown } from '../plain.ts'

/** A discovery document, and where it was found. */
export interface Discovered {
  url: string
  metadata: Record<string, unknown>
}

/** A person waits, and a document that is none ends it. */
const DISCOVERY_MS = 5_000

const FIX =
  'Is --issuer right? Where a provider has no discovery document: --no-discovery, and its endpoints by --token-endpoint, …'

/**
 * Reads the metadata of the authorization server `issuer`: OpenID Connect Discovery section 4, and where there is none
 * RFC 8414 section 3.1. Throws Failure.
 */
export async function discover(issuer: string): Promise<Discovered> {
  const { origin, pathname } = new URL(issuer)
  const urls = [
    `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`,
    `${origin}/.well-known/oauth-authorization-server${pathname.replace(/\/$/, '')}`,
  ]
  const refusals: string[] = []
  for (const url of urls) {
    const answer = await get(url)
    if (typeof answer !== 'string') return { url, metadata: sameIssuer(issuer, answer, url) }
    refusals.push(`${url} ${answer}`)
  }
  throw new Failure('discovery_failed', `There is no discovery document:\n${refusals.join('\n')}`, {
    fix: FIX,
  })
}

/** The JSON object at `url`, or what is there instead. Rejects with Failure where nothing answers. */
async function get(url: string): Promise<Record<string, unknown> | string> {
  try {
    const response = await fetchOnce(url, DISCOVERY_MS, { headers: { accept: 'application/json' } })
    const { status } = response
    if (status === 200) return jsonObject(await limitedText(response)) ?? 'answered no JSON object'
    await response.body?.cancel()
    return `answered ${status}${status >= 300 && status < 400 ? ': redirects are not followed' : ''}`
  } catch (error) {
    if (error instanceof RangeError) return error.message
    const why = whyUnanswered(error, DISCOVERY_MS)
    throw new Failure('discovery_failed', `${url} could not be read: ${why}`, { fix: FIX })
  }
}

/** RFC 8414 section 3.3: identical, or it is not to be used. */
function sameIssuer(issuer: string, metadata: Record<string, unknown>, url: string): Record<string, unknown> {
  if (metadata.issuer === issuer) return metadata
  throw new Failure(
    'issuer_mismatch',
    `The issuer that was given and the one in the discovery document differ:\n  given  ${issuer}\n  there  ${shown(metadata.issuer)}\n  at     ${url}`,
    { fix: 'If the one there is your provider, give it by --issuer, to the letter. If not, do not go on.' },
  )
}
