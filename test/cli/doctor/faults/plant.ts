import { ROUTES } from '../../../../local/idp/configuration.ts'
import type { Bench } from '../bench.ts'
import { startProxy } from '../proxy.ts'

/** Something that is wrong, the one check that has to say so, and how it comes about. */
export interface Fault {
  name: string
  id: string
  /** What its line has to say, or what to do. */
  says: RegExp
  plant(bench: Bench): Promise<Planted>
}

export interface Planted {
  secret?: string
  args?: string[]
  env?: Record<string, string>
  /** What must hold afterwards as well. */
  after?(): void | Promise<void>
}

/** A configuration whose one client is changed. */
export function changed(change: (client: ReturnType<Bench['client']>, bench: Bench) => void): Fault['plant'] {
  return async bench => {
    const client = bench.client()
    change(client, bench)
    return { secret: await bench.secret([client]) }
  }
}

/** A deployment whose answers are altered on their way. */
export function altered(alter: Parameters<typeof startProxy>[1]): Fault['plant'] {
  return async bench => {
    const proxy = await startProxy(bench.stack.gateway, alter)
    bench.later(proxy.close)
    return { secret: await bench.secret([bench.client()], { url: proxy.url }) }
  }
}

export interface SessionOptions {
  alter?: Parameters<typeof startProxy>[1]
  /** Of the client. */
  change?: object
  /** There is a secret to seal by. */
  ring?: boolean
}

/** A deployment for one client with a session, reached by its public_url; its answers are altered on their way. */
export async function sessionDeployment(
  bench: Bench,
  { alter = () => undefined, change = {}, ring = true }: SessionOptions = {},
): Promise<Planted & { secret: string; url: string }> {
  let functions = ''
  const proxy = await startProxy(() => functions, alter)
  bench.later(proxy.close)
  const { url } = proxy
  const { issuer } = bench.stack
  const client = {
    ...bench.client(),
    // Without pushed requests: for them the provider has to know the redirect URI.
    provider: 'generic',
    authorization_endpoint: `${issuer}${ROUTES.authorization}`,
    token_endpoint: `${issuer}${ROUTES.token}`,
    revocation_endpoint: `${issuer}${ROUTES.revocation}`,
    jwks_uri: `${issuer}${ROUTES.jwks}`,
    delivery: 'session',
    public_url: url,
    api_routes: ['GET /*'],
    ...change,
  }
  const secret = await bench.secret([client], { url })
  functions = await bench.functions(secret, { ring })
  return { secret, url }
}

/** The same as a fault. */
export function sessions(options: SessionOptions): Fault['plant'] {
  return bench => sessionDeployment(bench, options)
}

/** A provider whose metadata are altered. */
export function alteredMetadata(change: (metadata: Record<string, unknown>) => object): Fault['plant'] {
  return async bench => {
    const { origin, pathname } = new URL(bench.stack.issuer)
    const proxy = await startProxy(origin, ({ path, body }, url) => {
      if (!path.includes('/.well-known/')) return undefined
      const metadata = JSON.parse(body.replaceAll(origin, url)) as Record<string, unknown>
      return { body: JSON.stringify({ ...metadata, ...change(metadata) }) }
    })
    bench.later(proxy.close)
    const client = { ...bench.client(), issuer: `${proxy.url}${pathname}` }
    return {
      secret: await bench.secret([client]),
      after() {
        if (proxy.requests.some(request => request.startsWith('POST')))
          throw new Error('an assertion was sent')
      },
    }
  }
}
