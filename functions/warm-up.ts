import { hasSession } from '../lib/config/client.ts'
import type { Deps } from '../lib/runtime.ts'

/**
 * The work of a cold start of the signing function, all of it at once: the configuration, then for one client a
 * connection to its provider, the provider's keys and its first assertion, and where sessions are kept their keys. Which client the first request will name is
 * not known, so it is the first one that is enabled; for another the request does the work itself. Rejects where there is
 * no configuration.
 */
export async function warmUp(deps: Deps): Promise<void> {
  const { registrations } = await deps.configuration()
  const client = registrations.clients.find(({ enabled }) => enabled)
  if (!client) return
  const sessions = registrations.clients.find(hasSession)
  const { token_endpoint, jwks_uri = '' } = client.as
  const keys = deps.keysFor(client)
  // Where the keys are read from the same host, the exchange goes over the connection of that.
  const connected = keys && new URL(jwks_uri).origin === new URL(token_endpoint).origin
  await Promise.all([
    // First, so that the network is under way while the signature's request is being built.
    keys?.prepare(),
    connected ? undefined : deps.connect(token_endpoint),
    sessions && deps.seals.toSeal('session', sessions),
    deps.assertionsFor(client).then(assertions => assertions.prepare()),
  ])
}
