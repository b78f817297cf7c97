import https from 'node:https'
import { guardedAgents } from '../../lib/http/agents.ts'
import { createPost, type Post } from '../../lib/http/post.ts'
import { selfSignedCertificate } from './certificate.ts'
import { type Provider, startProvider } from './fake-provider.ts'

/**
 * A server that stands in for each of `hosts` over TLS and answers everything with `body`, and a `post` as the function
 * has it, whose connections all end there. What arrives is what the host itself would have got.
 */
export async function standIn(hosts: string[], body: string): Promise<{ provider: Provider; post: Post }> {
  const tls = selfSignedCertificate(hosts)
  const provider = await startProvider(response => {
    response.setHeader('content-type', 'application/json')
    response.end(body)
  }, tls)
  const port = Number(new URL(provider.url).port)

  // Documented as the place where an agent's connections come from.
  class Redirected extends https.Agent {
    override createConnection(...[options, callback]: Parameters<https.Agent['createConnection']>) {
      return super.createConnection({ ...options, host: '127.0.0.1', port }, callback)
    }
  }
  const agents = { ...guardedAgents(), https: new Redirected({ keepAlive: true, ca: tls.cert }) }
  return { provider, post: createPost({ agents, userAgent: 'countersign/dev' }) }
}
