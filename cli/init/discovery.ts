import { Failure } from '../failure.ts'
import { limitedText } from '../limited.ts'
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
  const response = await fetchOnce(url)
  const { status } = response
  if (status !== 200) {
    await response.body?.cancel()
    // Followed, it would say of one server what another one answered.
    return status >= 300 && status < 400
      ? `answered ${status}: redirects are not followed`
      : `answered ${status}`
  }
  try {
    const value: unknown = JSON.parse(await limitedText(response))
    if (typeof value === 'object' && value !== null && !Array.isArray(value))
      return value as Record<string, unknown>
  } catch (error) {
    if (error instanceof RangeError) return error.message
    if (!(error instanceof SyntaxError)) throw unreachable(url, error)
  }
  return 'answered no JSON object'
}

async function fetchOnce(url: string): Promise<Response> {
  try {
    return await fetch(url, {
      redirect: 'manual',
      headers: { accept: 'application/json' },
      signal: AbortSignal.timeout(DISCOVERY_MS),
    })
  } catch (error) {
    throw unreachable(url, error)
  }
}

function unreachable(url: string, error: unknown): Failure {
  const { name, message, cause } = error as Error & { cause?: { code?: string; message?: string } }
  const why =
    name === 'TimeoutError'
      ? `no answer within ${DISCOVERY_MS / 1000} s`
      : (cause?.code ?? cause?.message ?? message)
  return new Failure('discovery_failed', `${url} could not be read: ${why}`, { fix: FIX })
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
