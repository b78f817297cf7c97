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
