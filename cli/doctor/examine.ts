import type { Client } from '../../lib/config/client.ts'
import { type Check, type Finding, type Found, restsOn, skip, summed } from './finding.ts'
import type { Scene } from './scene.ts'

type Findings = Finding | readonly Finding[] | Promise<Finding | readonly Finding[]>

/** One check: what it rests on, and how it looks. */
export interface Examination {
  id: string
  /** Checks that come before it: where one of them has failed, this one would only repeat it. */
  rests: readonly string[]
  /** Who is asked: what is shown while it is waited for. */
  asks: string
  /** Looks at the deployment. */
  once?(scene: Scene, state: State): Findings
  /** Looks at one client. */
  each?(scene: Scene, client: Client, state: State): Findings
}

/** What the checks before have found. */
export interface State {
  /** The first of `ids` that stands in the way, or that which stands in its way; of this client or of all. */
  blocker(ids: readonly string[], client?: Client): string | undefined
}

/**
 * Runs the checks one after the other, the clients of each side by side. A check that rests on a failed one is not made:
 * one fault is one failed check.
 */
export async function examine(
  examinations: readonly Examination[],
  scene: Scene,
  tell: (asks: string) => void = () => {},
): Promise<Check[]> {
  const findings = new Map<string, Found[]>()
  const state: State = {
    blocker(ids, client) {
      for (const id of ids) {
        for (const { finding, client: whose } of findings.get(id) ?? []) {
          const concerns = client === undefined || whose === undefined || whose === client.client_id
          if (!concerns) continue
          if (finding.status === 'fail' && !finding.aside) return id
          if (finding.status === 'skip' && finding.rests_on !== undefined) return finding.rests_on
        }
      }
      return undefined
    },
  }
  const checks: Check[] = []
  for (const examination of examinations) {
    tell(examination.asks)
    const found = await look(examination, scene, state)
    findings.set(examination.id, found)
    checks.push(summed(examination.id, found, scene.clients.length > 1))
  }
  return checks
}

async function look({ rests, once, each }: Examination, scene: Scene, state: State): Promise<Found[]> {
  const blocked = (client?: Client) => {
    const id = state.blocker(rests, client)
    return id === undefined ? undefined : restsOn(id)
  }
  const common = once ? await (blocked() ?? once(scene, state)) : []
  const found: Found[] = [common].flat().map(finding => ({ finding }))
  if (!each) return found
  if (scene.clients.length === 0) return [...found, { finding: blocked() ?? skip('no client is enabled') }]
  const ofClients = scene.clients.map(async client => {
    const own = [await (blocked(client) ?? each(scene, client, state))].flat()
    return own.map(finding => ({ client: client.client_id, finding }))
  })
  return [...found, ...(await Promise.all(ofClients)).flat()]
}
