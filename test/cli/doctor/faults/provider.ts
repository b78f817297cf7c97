import { createSigningKey } from '../../../../local/keys.ts'
import { startProxy } from '../proxy.ts'

import { alteredMetadata, changed, type Fault } from './plant.ts'

export const PROVIDER_FAULTS: Fault[] = [
  {
    name: 'an audience that the provider refuses',
    id: 'audience',
    says: /refuses the audience https:\/\/elsewhere.*Set assertion\.aud to "issuer"/s,
    plant: changed(client => {
      client.assertion = { aud: 'https://elsewhere.example.com/' }
    }),
  },
  {
    name: 'a provider that does not know the key',
    id: 'audience',
    says: /every other of ours.*registered/s,
    async plant(bench) {
      const key = await createSigningKey(bench.kms, 'RS256')
      const secret = await bench.secret([{ ...bench.client(), signing_keys: [{ ...key, state: 'active' }] }])
      return { secret, args: ['--url', await bench.functions(secret)] }
    },
  },
  {
    name: 'a clock that is five minutes ahead',
    id: 'clock',
    says: /(?:29|30)\d s behind this machine.*Set this machine's clock/s,
    plant: async () => ({
      env: { NODE_OPTIONS: `--import=${new URL('../five-minutes-ahead.ts', import.meta.url)}` },
    }),
  },
  {
    name: "a token endpoint that is not the provider's",
    id: 'endpoints',
    says: /token_endpoint is http:\/\/127\.0\.0\.1:\d+\/token here/,
    async plant(bench) {
      const foreign = await startProxy(bench.stack.gateway, () => undefined)
      bench.later(foreign.close)
      const client = { ...bench.client(), token_endpoint: `${foreign.url}/token` }
      return {
        secret: await bench.secret([client]),
        after() {
          if (foreign.requests.length > 0) throw new Error('something was sent to it')
        },
      }
    },
  },
  {
    name: 'a foreign endpoint in discovery',
    id: 'endpoints',
    says: /https:\/\/foreign\.example\.com\/token in the provider's metadata/,
    plant: alteredMetadata(() => ({ token_endpoint: 'https://foreign.example.com/token' })),
  },
  {
    name: 'discovery that names another issuer',
    id: 'endpoints',
    says: /issuer is .* here and https:\/\/foreign\.example\.com/,
    plant: alteredMetadata(() => ({ issuer: 'https://foreign.example.com' })),
  },
  {
    name: 'a provider that does not offer the algorithm',
    id: 'provider-alg',
    says: /does not offer RS256.*ES256/s,
    plant: alteredMetadata(() => ({ token_endpoint_auth_signing_alg_values_supported: ['ES256'] })),
  },
  {
    name: 'a provider that does not offer private_key_jwt',
    id: 'provider-alg',
    says: /does not offer private_key_jwt/,
    plant: alteredMetadata(() => ({ token_endpoint_auth_methods_supported: ['client_secret_basic'] })),
  },
]
