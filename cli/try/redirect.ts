import { isLoopback } from '../../lib/config/urls.ts'
import { misuse } from '../failure.ts'

/** Where a sign-in ends, and how the command hears of it. */
export interface Way {
  /** As it is registered. */
  redirect_uri: string
  /** Absent: nothing can listen there, so a person pastes the URL that the browser ended at. */
  listen?: {
    hosts: readonly string[]
    /** 0 takes a free one. */
    port: number
    /** RFC 8252 section 7.3: with another port it is the same redirect URI. */
    any_port: boolean
  }
}

/** The redirect URI that is wanted, or the first on loopback, or the first. Throws a usage Failure. */
export function wayOf(
  {
    redirect_uris,
    application_type,
  }: { redirect_uris: readonly string[]; application_type: 'web' | 'native' },
  wanted: string | undefined,
): Way {
  if (wanted !== undefined && !redirect_uris.includes(wanted)) {
    throw misuse(
      `The client has no redirect URI ${wanted}. There are:\n${redirect_uris.map(uri => `  ${uri}`).join('\n')}`,
    )
  }
  const ways = (wanted === undefined ? redirect_uris : [wanted]).map(uri =>
    way(uri, application_type === 'native'),
  )
  // The schema has seen to it that there is one.
  return ways.find(({ listen }) => listen !== undefined) ?? ways[0]!
}

function way(redirect_uri: string, native: boolean): Way {
  if (!/^http:/.test(redirect_uri) || !URL.canParse(redirect_uri)) return { redirect_uri }
  const { hostname, port } = new URL(redirect_uri)
  if (!isLoopback(hostname)) return { redirect_uri }
  const hosts =
    hostname === '[::1]' ? ['::1'] : hostname === '127.0.0.1' ? ['127.0.0.1'] : ['127.0.0.1', '::1']
  return { redirect_uri, listen: { hosts, port: Number(port) || (native ? 0 : 80), any_port: native } }
}

/** The redirect URI with the port that is listened at. */
export function withPort(redirect_uri: string, port: number): string {
  return redirect_uri.replace(/^(http:\/\/(?:\[[^\]]*\]|[^/?:]+))(?::\d+)?/, `$1:${port}`)
}
