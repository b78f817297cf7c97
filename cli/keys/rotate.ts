import type { SigningKey } from '../../lib/config/client.ts'
import { kidOf } from '../../lib/jose/jwks.ts'
import { command } from '../command.ts'
import type { Context } from '../context.ts'
import { clientIn, type RawClient, readDocument, type Stored } from '../document.ts'
import { formatDuration, parseDuration } from '../duration.ts'
import { EXIT, Failure, misuse } from '../failure.ts'
import { quoted } from '../quoted.ts'
import { deploymentUrl } from '../url.ts'
import { left } from './lifecycle.ts'
import { OWN_KID } from './naming.ts'
import { algOf, CLIENT, PUBLISH_WAIT, RETIRE_WAIT, SIGNER } from './options.ts'
import { KEY_SET_PATH } from './published.ts'
import { type Plan, Rotation } from './rotation.ts'
import { requirePlaceForNew } from './trial.ts'
import { PUBLISH_WAIT_S, RETIRE_LEAST_S, RETIRE_SAFE_S, RETIRE_WAIT_S } from './waits.ts'

export const keysRotate = command({
  name: 'keys rotate',
  summary: 'replace the key of a client: create, publish, wait, activate, wait, remove',
  details: `Nothing that the command knows is in its memory alone: interrupted, and run again, it goes on where it was. Each step looks
at the configuration anew, and stops where somebody has taken the rotation back (countersign keys rollback).
The old key stays in KMS, disabled by nobody: its deletion is yours to schedule.`,
  options: {
    ...CLIENT,
    alg: { type: 'string', value: 'ALG', help: 'what the new key signs with (default: as the old one)' },
    ...PUBLISH_WAIT,
    ...RETIRE_WAIT,
    ...SIGNER,
    ...OWN_KID,
    url: { type: 'string', value: 'URL', help: "the deployment (default: as its secret's tag says)" },
    vouch: {
      type: 'boolean',
      help: 'do not look at the published key set: the provider has been given the keys by hand',
    },
    yes: { type: 'boolean', help: 'do not ask' },
    'dry-run': { type: 'boolean', help: 'say what would be done, and do nothing' },
  },
  async run(context, values) {
    const stored = await readDocument(context)
    const client = clientIn(stored.document.clients, values.client)
    const plan = planOf(stored, client, values, context.now())
    if (plan.resumed) await refuseAnotherKid(plan, client, values['own-kid'])
    else await requirePlaceForNew(stored, client, { ...values, alg: plan.alg, signers: values.signer })
    const lines = linesOf(plan, client, context.now())
    if (values['dry-run']) return { json: { ok: true, dry_run: true, ...plan }, lines }
    for (const line of lines) context.terminal.note(line)
    await confirm(context, values.yes ?? false)

    const rotation = new Rotation(context, plan)
    const pair =
      plan.resumed === 'active' ? unfinished(client)! : await rotation.changeOver(stored, client, values)
    await rotation.removeOld(pair)
    const kid = await kidOf(pair.active)
    const { kms_key_arn } = pair.old
    return {
      json: {
        ok: true,
        client_id: plan.client_id,
        alg: plan.alg,
        kid,
        removed: await kidOf(pair.old),
        kms_key_arn,
      },
      lines: [
        `${plan.client_id} signs by ${plan.alg} ${kid}`,
        `when nothing needs the old key any more: aws kms schedule-key-deletion --key-id ${quoted(kms_key_arn)} --pending-window-in-days 30`,
      ],
    }
  },
})

const DAY_S = 86_400

type Given = Partial<Record<'alg' | 'publish-wait' | 'retire-wait' | 'url', string | undefined>>

function planOf({ deployment }: Stored, client: RawClient, values: Given, now: number): Plan {
  const { client_id, signing_keys } = client
  const active = signing_keys.find(({ state }) => state === 'active')!
  const [next, ...others] = signing_keys.filter(({ state }) => state === 'next')
  if (others.length > 0)
    throw misuse(`Client ${client_id} has several next keys: retire and remove all but one.`)
  if (next === undefined && (active.replicas ?? []).length > 0) {
    throw new Failure(
      'has_replicas',
      `The key of ${client_id} has replicas in other Regions, and a new one would have none.`,
      {
        exit: EXIT.refused,
        fix: 'Make it by countersign keys create --multi-region, replicate it (aws kms replicate-key), name the replicas in the configuration (countersign config put), and run this again: it goes on with that key.',
      },
    )
  }
  const alg = values.alg === undefined ? (next ?? active).alg : algOf(values.alg)
  if (next !== undefined && next.alg !== alg) {
    throw new Failure('other_next_key', `Client ${client_id} has a next key already, for ${next.alg}.`, {
      exit: EXIT.refused,
      fix: 'Finish that rotation first, or give the key up: countersign keys retire, countersign keys remove.',
    })
  }
  const wait = (name: 'publish-wait' | 'retire-wait', usual: number) =>
    values[name] === undefined ? usual : parseDuration(name, values[name])
  const retire_wait = Math.max(RETIRE_LEAST_S, wait('retire-wait', RETIRE_WAIT_S))
  const begun = unfinished(client)
  // One that is long over is no rotation to go on with: whoever runs this in ninety days means a new one.
  const fresh =
    begun !== undefined && now - Date.parse(begun.active.activated_at!) < (retire_wait + DAY_S) * 1000
  return {
    client_id,
    alg,
    publish_wait: wait('publish-wait', PUBLISH_WAIT_S),
    retire_wait,
    url: deploymentUrl(values.url, deployment),
    replaces: active.kms_key_arn,
    resumed: next ? 'next' : fresh && begun.active.alg === alg ? 'active' : undefined,
  }
}

/** A rotation that has come as far as its activation: the pair of keys whose states changed in one moment. */
function unfinished({ signing_keys }: RawClient): { active: SigningKey; old: SigningKey } | undefined {
  const active = signing_keys.find(({ state }) => state === 'active')!
  const old = signing_keys.find(
    ({ state, retired_at, created_at = '' }) =>
      state === 'retired' &&
      retired_at !== undefined &&
      retired_at === active.activated_at &&
      // The other way round a rotation was taken back.
      created_at < (active.created_at ?? ''),
  )
  return old && { active, old }
}

/** The key is made already: its kid stays. */
async function refuseAnotherKid(
  { resumed }: Plan,
  client: RawClient,
  wanted: string | undefined,
): Promise<void> {
  const key = client.signing_keys.find(({ state }) => state === resumed)!
  const kid = await kidOf(key)
  if (wanted === undefined || wanted === kid) return
  throw misuse(
    `The rotation was begun before, and its key is made: its kid is ${kid}.`,
    resumed === 'next'
      ? 'Leave --own-kid out; or give that key up (countersign keys retire, countersign keys remove) and begin anew.'
      : 'Leave --own-kid out and let this rotation end; then begin anew.',
  )
}

/** What is left of both waits, in seconds. */
function restOf({ publish_wait, retire_wait, resumed }: Plan, client: RawClient, now: number) {
  if (resumed === 'active')
    return { publish: 0, retire: left(unfinished(client)!.old.retired_at, { now, wait_s: retire_wait }) }
  const next = client.signing_keys.find(({ state }) => state === 'next')
  return { publish: left(next?.published_at, { now, wait_s: publish_wait }), retire: retire_wait }
}

function linesOf(plan: Plan, client: RawClient, now: number): string[] {
  const { client_id, alg, retire_wait, url, resumed } = plan
  const rest = restOf(plan, client, now)
  const end = new Date(now + (rest.publish + rest.retire) * 1000).toISOString()
  const place = url === undefined ? 'your deployment' : `${url}${KEY_SET_PATH}`
  const steps = [
    resumed === 'next' ? `its next key is published at ${place}` : `a key is made, and published at ${place}`,
    `after ${formatDuration(rest.publish)} it signs; the old one stays published`,
  ]
  return [
    `Rotation of ${client_id} to ${alg}${resumed ? ', which was begun before' : ''}:`,
    ...(resumed === 'active' ? [] : steps.map(step => `  ${step}`)),
    `  after ${formatDuration(rest.retire)} the old key is taken out: about ${end}`,
    ...(resumed === 'active'
      ? []
      : [
          'A provider that was given its keys by hand needs the new one beside the old one before it signs: countersign keys export.',
        ]),
    ...(retire_wait < RETIRE_SAFE_S
      ? [
          `(Within ${formatDuration(RETIRE_SAFE_S)} a function that was idle could still sign by the old key.)`,
        ]
      : []),
  ]
}

async function confirm({ terminal }: Context, yes: boolean): Promise<void> {
  if (yes) return
  if (!terminal.interactive) throw misuse('Nobody is there to be asked: --yes says that it is meant.')
  const answer = await terminal.ask('Go on? (yes/no)', 'no')
  if (!/^y(es)?$/i.test(answer)) {
    throw new Failure('not_confirmed', 'Nothing was changed.', { exit: EXIT.refused })
  }
}
