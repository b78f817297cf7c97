import type { AuthorizationServer } from '../../lib/config/client.ts'
import { type Endpoints, PRESETS, type Provider } from '../../lib/config/presets.ts'
import { authorizationServer, ENDPOINTS } from '../../lib/config/providers.ts'
import { Failure } from '../failure.ts'

/** Every endpoint of a client, as it is pinned. */
export type Pinned = Omit<AuthorizationServer, 'issuer'>

/**
 * The endpoints: those that were given, then those of discovery, then those that the preset derives from the issuer. What
 * the preset would have had otherwise is said.
 */
export function pinEndpoints(
  { provider, issuer }: { provider: Provider; issuer: string },
  given: Endpoints,
  metadata: Readonly<Record<string, unknown>> | undefined,
): { endpoints: Pinned; notices: string[] } {
  const found: Endpoints = {}
  for (const name of ENDPOINTS) {
    const url = given[name] ?? metadata?.[name]
    if (typeof url === 'string') found[name] = url
  }
  const preset = PRESETS[provider]
  const { issuer: _, ...endpoints } = authorizationServer(preset, { issuer, ...found })
  if (endpoints.token_endpoint === undefined) {
    throw new Failure('no_token_endpoint', 'The discovery document has no token_endpoint.', {
      fix: 'Give it by --token-endpoint.',
    })
  }
  const derived: Endpoints = authorizationServer(preset, { issuer })
  const notices = ENDPOINTS.flatMap(name => {
    const usual = derived[name]
    if (metadata === undefined || usual === undefined || found[name] === usual) return []
    return found[name] === undefined
      ? [`${name}: discovery has none; pinned is what ${provider} usually has: ${usual}`]
      : [`${name}: ${found[name]} is pinned, although ${provider} usually has ${usual}`]
  })
  return { endpoints, notices }
}

/** The endpoints that are on another host than the issuer, by host: whoever is there gets codes and assertions. */
export function foreignHosts(issuer: string, endpoints: Pinned): Map<string, string[]> {
  const own = new URL(issuer).host
  const hosts = new Map<string, string[]>()
  for (const name of ENDPOINTS) {
    const url = endpoints[name]
    if (url === undefined || !URL.canParse(url)) continue
    const { host } = new URL(url)
    if (host !== own) hosts.set(host, [...(hosts.get(host) ?? []), name])
  }
  return hosts
}
