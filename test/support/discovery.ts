import { createServer } from 'node:http'
import { listen } from '../../local/listen.ts'

/** A provider of which there is nothing but its discovery document, which tests change. */
export interface DiscoveryServer {
  issuer: string
  /** Paths that were asked for. */
  asked: string[]
  /** What the document says beside, or in place of, a good one. `undefined` takes a member away. */
  metadata: Record<string, unknown>
  /** In place of the document, by path. */
  answers: Record<string, { status?: number; body?: string; location?: string }>
  close(): Promise<void>
}

export async function startDiscovery(): Promise<DiscoveryServer> {
  const provider: DiscoveryServer = {
    issuer: '',
    asked: [],
    metadata: {},
    answers: {},
    close: async () => {
      server.closeAllConnections()
      server.close()
    },
  }
  const server = createServer((request, response) => {
    const path = request.url ?? ''
    provider.asked.push(path)
    const { status = 200, body, location } = provider.answers[path] ?? {}
    const text = body ?? JSON.stringify({ ...goodMetadata(provider.issuer), ...provider.metadata })
    response
      .writeHead(status, { 'content-type': 'application/json', ...(location && { location }) })
      .end(text)
  })
  provider.issuer = `${await listen(server, 0)}/tenant/as`
  return provider
}

/** Every endpoint where PingOne has it. */
export function goodMetadata(issuer: string) {
  return {
    issuer,
    authorization_endpoint: `${issuer}/authorize`,
    token_endpoint: `${issuer}/token`,
    revocation_endpoint: `${issuer}/revoke`,
    pushed_authorization_request_endpoint: `${issuer}/par`,
    device_authorization_endpoint: `${issuer}/device_authorization`,
    end_session_endpoint: `${issuer}/signoff`,
    jwks_uri: `${issuer}/jwks`,
    token_endpoint_auth_methods_supported: ['client_secret_basic', 'private_key_jwt'],
    token_endpoint_auth_signing_alg_values_supported: ['RS256', 'ES256', 'HS256'],
  }
}
