import { selfSignedCertificate } from '../../../support/certificate.ts'
import { startProxy, without } from '../proxy.ts'

import { altered, type Fault } from './plant.ts'

export const DEPLOYMENT_FAULTS: Fault[] = [
  {
    name: 'a stale key set',
    id: 'jwks-published',
    says: /does not hold the active key/,
    plant: altered(({ path, body }) =>
      path === '/.well-known/jwks.json'
        ? { body: JSON.stringify({ keys: (JSON.parse(body) as { keys: unknown[] }).keys.slice(1) }) }
        : undefined,
    ),
  },
  {
    name: 'a key set that calls the key otherwise',
    id: 'kid',
    says: /calls this key another/,
    plant: altered(({ path, body }) =>
      path === '/.well-known/jwks.json'
        ? { body: body.replace(/"kid":"[^"]+"/, '"kid":"another"') }
        : undefined,
    ),
  },
  {
    name: "an app's origin that is not allowed",
    id: 'cors-preflight',
    says: /is not among allowed_origins \(a redirect_uri/,
    async plant(bench) {
      const secret = await bench.secret([{ ...bench.client(), allowed_origins: ['http://127.0.0.1:5999'] }])
      return { secret, args: ['--url', await bench.functions(secret)] }
    },
  },
  {
    name: 'a named origin that is not allowed',
    id: 'cors-preflight',
    says: /https:\/\/app\.example\.com is not among/,
    plant: async () => ({ args: ['--origin', 'https://app.example.com'] }),
  },
  {
    name: 'cors set at the gateway',
    id: 'cors-preflight',
    says: /answered by the gateway.*Take the cors setting off/s,
    plant: altered(({ method, headers }) =>
      method === 'OPTIONS'
        ? {
            status: 204,
            headers: { 'access-control-allow-origin': '*', 'access-control-allow-methods': 'POST' },
          }
        : { headers: { ...headers, 'access-control-allow-origin': '*' } },
    ),
  },
  {
    name: 'an error that no page can read',
    id: 'cors-error',
    says: /access-control-allow-origin is absent/,
    plant: altered(({ status, headers }) =>
      status === 400 ? { headers: without(headers, 'access-control-allow-origin') } : undefined,
    ),
  },
  {
    name: 'a success that no page can read',
    id: 'cors-success',
    says: /access-control-allow-origin is absent/,
    plant: altered(({ path, headers }) =>
      path === '/revoke' ? { headers: without(headers, 'access-control-allow-origin') } : undefined,
    ),
  },
  {
    name: 'a foreign origin that is let in',
    id: 'cors-foreign',
    says: /HTTP 200 where 403 was due/,
    plant: altered(({ status }) => (status === 403 ? { status: 200 } : undefined)),
  },
  {
    name: 'a header that is missing',
    id: 'tls-headers',
    says: /no x-content-type-options/,
    plant: altered(({ headers }) => ({ headers: without(headers, 'x-content-type-options') })),
  },
  {
    name: 'a server that says what it is',
    id: 'tls-headers',
    says: /x-powered-by: Express/,
    plant: altered(({ headers }) => ({ headers: { ...headers, 'x-powered-by': 'Express' } })),
  },
  {
    name: 'an http URL of the deployment',
    id: 'tls-headers',
    says: /is not https/,
    plant: async () => ({ args: ['--url', 'http://countersign.example.com'] }),
  },
  {
    name: 'a certificate that nobody has vouched for',
    id: 'tls-headers',
    says: /certificate of 127\.0\.0\.1 is not trusted: DEPTH_ZERO_SELF_SIGNED_CERT/,
    async plant(bench) {
      const proxy = await startProxy(
        bench.stack.gateway,
        () => undefined,
        selfSignedCertificate(['127.0.0.1']),
      )
      bench.later(proxy.close)
      return { args: ['--url', proxy.url] }
    },
  },
  {
    name: 'a deployment that does not answer',
    id: 'reachable',
    says: /no answer that can be read: ECONNREFUSED/,
    async plant(bench) {
      const { url, close } = await startProxy(bench.stack.gateway, () => undefined)
      await close()
      return { args: ['--url', url] }
    },
  },
  {
    name: 'something else at the URL',
    id: 'reachable',
    says: /not Countersign that answers/,
    plant: async bench => ({ args: ['--url', bench.stack.app] }),
  },
]
