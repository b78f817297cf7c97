import type { Client } from '../../../lib/config/client.ts'
import type { Examination } from '../examine.ts'
import { type DeploymentFacts, FOREIGN_ORIGIN } from '../facts/deployment.ts'
import { type Finding, skip } from '../finding.ts'
import {
  errorAnswer,
  foreignAnswer,
  missing,
  originsAllowed,
  preflight,
  successAnswer,
} from '../judge/cors.ts'
import type { Scene } from '../scene.ts'
import { unnamed } from './deployment.ts'

const asks = 'asking the deployment as a browser does'

export const CORS: readonly Examination[] = [
  {
    id: 'cors-preflight',
    rests: ['config', 'reachable'],
    asks,
    once: ({ origins, clients }) =>
      missing(
        origins,
        clients.flatMap(client => client.allowed_origins),
        'named by --origin',
      ),
    each: async (scene, client) => [
      ...originsAllowed(client),
      ...(await ofOrigins(scene, client, async (deployment, origin) =>
        preflight(origin, await deployment.preflight(origin), client),
      )),
    ],
  },
  {
    id: 'cors-error',
    rests: ['cors-preflight'],
    asks,
    each: (scene, client) =>
      ofOrigins(scene, client, async (deployment, origin) =>
        errorAnswer(origin, await deployment.empty(origin), client),
      ),
  },
  {
    id: 'cors-success',
    // What a success needs beside CORS: an assertion that the function can sign, and the provider takes.
    rests: ['cors-preflight', 'permissions', 'audience'],
    asks,
    each: async (scene, client) =>
      client.enabled
        ? ofOrigins(scene, client, async (deployment, origin) => {
            const heard = await deployment.success(client, origin)
            return heard === undefined
              ? skip(
                  'without a sign-in there is no success: the client has neither a revocation endpoint nor one for pushed requests',
                )
              : successAnswer(origin, heard, client)
          })
        : skip('the client is switched off'),
  },
  {
    id: 'cors-foreign',
    rests: ['cors-preflight'],
    asks,
    async once({ deployment }) {
      if (deployment === undefined) return unnamed()
      const [options, post] = await Promise.all([
        deployment.preflight(FOREIGN_ORIGIN),
        deployment.empty(FOREIGN_ORIGIN),
      ])
      return [foreignAnswer('OPTIONS', options), foreignAnswer('POST', post)]
    },
  },
]

async function ofOrigins(
  { deployment }: Scene,
  { application_type, allowed_origins }: Client,
  look: (deployment: DeploymentFacts, origin: string) => Promise<Finding>,
): Promise<Finding[]> {
  if (deployment === undefined) return [unnamed()]
  if (application_type === 'native') return [skip('a native app: no browser has business with it')]
  return Promise.all(allowed_origins.map(origin => look(deployment, origin)))
}
