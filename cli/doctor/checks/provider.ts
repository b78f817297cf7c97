import type { Examination } from '../examine.ts'
import { isClockSkew } from '../facts/attempt.ts'
import { FOREIGN_ORIGIN } from '../facts/deployment.ts'
import { isAnswered } from '../facts/http.ts'
import { failAside } from '../finding.ts'
import { type ClockOf, clock } from '../judge/clock.ts'
import { endpoints, providerAlg } from '../judge/provider.ts'
import type { Scene } from '../scene.ts'

const asks = "reading the provider's metadata"

export const PROVIDER: readonly Examination[] = [
  {
    id: 'endpoints',
    rests: ['config'],
    asks,
    each: async (scene, client) => endpoints(client.as, await scene.discovery(client.as.issuer)),
  },
  {
    id: 'provider-alg',
    rests: ['endpoints'],
    asks,
    async each(scene, client) {
      const discovery = await scene.discovery(client.as.issuer)
      return client.signing_keys
        .filter(({ state }) => state !== 'retired')
        .map(key => {
          const finding = providerAlg(key, discovery)
          return key.state === 'next' && finding.status === 'fail'
            ? failAside(`next key: ${finding.detail}`, finding.fix)
            : finding
        })
    },
  },
  {
    id: 'clock',
    rests: [],
    asks: 'comparing clocks',
    async once(scene) {
      const refused = scene.configuration.error !== undefined && isClockSkew(scene.configuration.error)
      return clock(
        [...awsClocks(scene), ...(await ownClocks(scene)), ...(await providerClocks(scene))],
        refused,
      )
    },
  },
]

function awsClocks({ awsClocks }: Scene): ClockOf[] {
  return awsClocks.map(reading => ({ who: 'AWS', reading }))
}

/** By an answer that nothing on the way may keep: the key set's date may be an old one. */
async function ownClocks({ deployment, configuration }: Scene): Promise<ClockOf[]> {
  if (deployment === undefined || configuration.error) return []
  const heard = await deployment.empty(FOREIGN_ORIGIN)
  return isAnswered(heard) && heard.clock ? [{ who: 'the deployment', reading: heard.clock }] : []
}

async function providerClocks({ clients, discovery }: Scene): Promise<ClockOf[]> {
  const issuers = [...new Set(clients.map(({ as }) => as.issuer))]
  const clocks = issuers.map(async (issuer): Promise<ClockOf[]> => {
    const { heard } = await discovery(issuer)
    const reading = isAnswered(heard) ? heard.clock : undefined
    return reading ? [{ who: `the provider (${new URL(issuer).host})`, reading }] : []
  })
  return (await Promise.all(clocks)).flat()
}
