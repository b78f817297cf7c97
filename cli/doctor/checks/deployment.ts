import type { Client, SigningKey } from '../../../lib/config/client.ts'
import { kidOf, thumbprint } from '../../../lib/jose/jwks.ts'
import type { Examination } from '../examine.ts'
import { type DeploymentFacts, FOREIGN_ORIGIN } from '../facts/deployment.ts'
import { type Heard, isAnswered } from '../facts/http.ts'
import { type Finding, restsOn, skip } from '../finding.ts'
import { headerSet, insecure } from '../judge/headers.ts'
import { jwksPublished, keyId, reachable, readPublished } from '../judge/published.ts'

const asks = 'asking the deployment'

/** Said wherever the deployment would have to be asked. */
export function unnamed(): Finding {
  return skip(
    'where the deployment is is not known: the secret has no tag countersign:url',
    'Name its base URL by --url https://… (the endpoint /token stands below it).',
  )
}

export const DEPLOYMENT: readonly Examination[] = [
  {
    id: 'reachable',
    rests: ['config'],
    asks,
    async once({ url, deployment }) {
      if (url === undefined) return unnamed()
      // By plain http nothing is asked, not even whether anybody is there.
      if (deployment === undefined) return restsOn('tls-headers')
      const heard = await deployment.keySet()
      return insecure(url, heard) ? restsOn('tls-headers') : reachable(url, heard)
    },
  },
  {
    id: 'tls-headers',
    rests: ['config'],
    asks,
    async once({ url, deployment, clients }, state) {
      if (url === undefined) return unnamed()
      const bad = insecure(url, await deployment?.keySet())
      if (bad || deployment === undefined) return bad ?? unnamed()
      const blocker = state.blocker(['reachable'])
      if (blocker !== undefined) return restsOn(blocker)
      const origins = [...new Set([FOREIGN_ORIGIN, ...clients.flatMap(client => client.allowed_origins)])]
      const errors = origins.map(async origin => ({
        what: 'POST /token',
        heard: await deployment.empty(origin),
      }))
      return headerSet(url, [
        { what: 'the key set', heard: await deployment.keySet(), kept: true },
        ...(await Promise.all(errors)),
        { what: 'OPTIONS /token', heard: await deployment.preflight(FOREIGN_ORIGIN) },
      ])
    },
  },
]

/** What is published, once it is known that the configuration and KMS agree on the key. */
export const PUBLISHED: readonly Examination[] = [
  {
    id: 'jwks-published',
    rests: ['reachable', 'sign-verify'],
    asks,
    async each({ deployment }, client) {
      if (deployment === undefined) return unnamed()
      const keys = await Promise.all(
        client.signing_keys.map(async key => ({
          state: key.state,
          thumbprint: await thumbprint(key.public_jwk),
        })),
      )
      return patiently(deployment, async heard =>
        isAnswered(heard)
          ? jwksPublished(keys, heard.status, await readPublished(heard))
          : restsOn('reachable'),
      )
    },
  },
  {
    id: 'kid',
    rests: ['jwks-published'],
    asks,
    async each({ deployment }, client) {
      if (deployment === undefined) return unnamed()
      const key = client.signing_key
      const [kid, own] = [await sentKid(client, key), await thumbprint(key.public_jwk)]
      return patiently(deployment, async heard =>
        keyId(kid, own, (isAnswered(heard) ? await readPublished(heard) : undefined) ?? []),
      )
    },
  },
]

/** What is judged a fault may be a change of a moment ago: then the set is read once more before it is called one. */
async function patiently(
  { keySet, keySetLater }: DeploymentFacts,
  judge: (heard: Heard) => Promise<Finding>,
): Promise<Finding> {
  const first = await judge(await keySet())
  return first.status === 'fail' ? judge(await keySetLater()) : first
}

async function sentKid({ assertion }: Client, key: SigningKey): Promise<string | undefined> {
  return assertion.kid === false ? undefined : kidOf(key)
}
