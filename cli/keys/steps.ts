import { DisableKeyCommand } from '@aws-sdk/client-kms'
import type { SigningKey } from '../../lib/config/client.ts'
import { kidOf } from '../../lib/jose/jwks.ts'
import { command, type Result } from '../command.ts'
import type { Context } from '../context.ts'
import { clientIn, readDocument, type Stored } from '../document.ts'
import { formatDuration, parseDuration } from '../duration.ts'
import { EXIT, Failure } from '../failure.ts'
import { quoted } from '../quoted.ts'
import { deploymentUrl } from '../url.ts'
import { type Changed, changeClient } from './change.ts'
import { activate, keyIn, publish, remove, retire } from './lifecycle.ts'
import { CLIENT, KID, PUBLISH_WAIT, RETIRE_WAIT } from './options.ts'
import { untilPublished, urlUnknown } from './published.ts'
import { requireUsable } from './usable.ts'
import { PUBLISH_WAIT_S, RETIRE_SAFE_S, RETIRE_WAIT_S } from './waits.ts'

// The steps in a key's life, one command each. What they allow stands in lifecycle.ts.

const FORCE = {
  force: { type: 'boolean', help: 'although it is too early, or the key cannot sign' },
} as const

export const keysPublish = command({
  name: 'keys publish',
  summary: 'see that a next key is published, and stamp since when',
  details: `Looks at <url>/.well-known/jwks.json until the key is there. A provider that does not read that URL, but has been given
its keys by hand, must be given the new one beside the old one first: countersign keys export. Then --vouch stamps it.`,
  options: {
    ...CLIENT,
    ...KID,
    url: { type: 'string', value: 'URL', help: "the deployment (default: as its secret's tag says)" },
    vouch: { type: 'boolean', help: 'do not look: the provider has the key' },
  },
  async run(context, values) {
    const { document, deployment } = await readDocument(context)
    const client = clientIn(document.clients, values.client)
    const kid = await kidOf(await keyIn(client, { kid: values.kid, state: 'next' }))
    const url = deploymentUrl(values.url, deployment)
    if (!values.vouch) {
      if (url === undefined) throw urlUnknown()
      await untilPublished(context, url, kid)
    }
    const done = await changeClient(context, client.client_id, async one =>
      publish(one, await keyIn(one, { kid }), context.now()),
    )
    return stepResult(done, kid, [
      `then, after 24 h or what the provider needs: countersign keys activate --client ${quoted(client.client_id)}`,
    ])
  },
})

export const keysActivate = command({
  name: 'keys activate',
  summary: 'have a next key sign from now on; the one before is retired, and stays published',
  details: `Key, kid and algorithm change together, in one new version of the configuration, which countersign keys rollback takes back.`,
  options: { ...CLIENT, ...KID, ...PUBLISH_WAIT, ...FORCE },
  async run(context, values) {
    const wait_s = duration('publish-wait', values['publish-wait'], PUBLISH_WAIT_S)
    let kid = values.kid
    const force = values.force ?? false
    const done = await changeClient(context, values.client, async (client, { deployment }) => {
      const key = await keyIn(client, { kid, state: 'next' })
      kid = await kidOf(key)
      const changed = activate(client, key, { now: context.now(), wait_s, force })
      if (!force && changed !== client) await requireUsable(context, key, deployment)
      return changed
    })
    return stepResult(done, kid!, [
      `a busy function signs by it within a minute, an idle one after ${formatDuration(RETIRE_SAFE_S)} at the latest`,
    ])
  },
})

export const keysRetire = command({
  name: 'keys retire',
  summary: 'give up a next key; it stays published until it is removed',
  options: { ...CLIENT, ...KID },
  async run(context, values) {
    let kid = values.kid
    const done = await changeClient(context, values.client, async client => {
      const key = await keyIn(client, { kid, state: 'next' })
      kid = await kidOf(key)
      return retire(client, key, context.now())
    })
    return stepResult(done, kid!)
  },
})

export const keysRemove = command({
  name: 'keys remove',
  summary: 'take a retired key out of what is published',
  details: `The key stays in KMS, and costs there, until its deletion is scheduled. In an emergency --force --disable takes a key out and
disables it at once; where it is the active one, the next key signs from then on.`,
  options: {
    ...CLIENT,
    ...KID,
    ...RETIRE_WAIT,
    ...FORCE,
    disable: {
      type: 'boolean',
      help: 'and disable it in KMS: whatever still asks for a signature by it gets none',
    },
  },
  async run(context, values) {
    const wait_s = duration('retire-wait', values['retire-wait'], RETIRE_WAIT_S)
    if (wait_s < RETIRE_SAFE_S && !values.force) {
      context.terminal.note(
        `within ${formatDuration(RETIRE_SAFE_S)} a function that was idle may still sign by the old key`,
      )
    }
    let kid = values.kid
    let arn = ''
    const done = await changeClient(context, values.client, async (client, stored) => {
      const key = await keyIn(client, { kid, state: 'retired' })
      kid = await kidOf(key)
      arn = key.kms_key_arn
      const changed = remove(client, key, { now: context.now(), wait_s, force: values.force ?? false })
      if (values.disable) {
        refuseShared(stored, client.client_id, arn)
        // Before it is taken out: as long as it stands there, the command can be run again.
        await disable(context, key)
      }
      return changed
    })
    const result = await stepResult(done, kid!, [
      ...(values.disable ? ['disabled in KMS'] : []),
      `when nothing needs it any more: aws kms schedule-key-deletion --key-id ${quoted(arn)} --pending-window-in-days 30`,
    ])
    return { ...result, json: { ...result.json, kms_key_arn: arn, disabled: values.disable ?? false } }
  },
})

/** Each of a multi-Region key's has a state of its own. */
async function disable(context: Context, { kms_key_arn, replicas = [] }: SigningKey): Promise<void> {
  for (const arn of [kms_key_arn, ...replicas]) {
    await context.kms(arn).send(new DisableKeyCommand({ KeyId: arn }))
  }
}

/** Disabled, a key signs for nobody. */
function refuseShared({ document }: Stored, client_id: string, arn: string): void {
  const others = document.clients
    .filter(
      client => client.client_id !== client_id && client.signing_keys.some(key => key.kms_key_arn === arn),
    )
    .map(client => client.client_id)
  if (others.length === 0) return
  throw new Failure('in_use', `The key is also a key of ${others.join(', ')}: it is not disabled.`, {
    exit: EXIT.refused,
    fix: 'Take it out there first, or leave out --disable.',
  })
}

function duration(option: string, text: string | undefined, usual: number): number {
  return text === undefined ? usual : parseDuration(option, text)
}

async function stepResult(
  { client, version_id, changed }: Changed,
  kid: string,
  more: readonly string[] = [],
): Promise<Result> {
  const keys = await Promise.all(
    client.signing_keys.map(async key => ({ kid: await kidOf(key), alg: key.alg, state: key.state })),
  )
  return {
    json: { ok: true, client_id: client.client_id, kid, changed, version_id, keys },
    lines: [
      changed ? `done, as version ${version_id}` : 'nothing to do: it is so already',
      ...keys.map(key => `  ${key.state.padEnd(7)}  ${key.alg}  ${key.kid}`),
      ...(changed ? more : []),
    ],
  }
}
