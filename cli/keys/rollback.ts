import { kidOf } from '../../lib/jose/jwks.ts'
import { command } from '../command.ts'
import type { Context } from '../context.ts'
import { attempt } from '../doctor/facts/attempt.ts'
import { promote, type RawDocument, readDocument, readText, type Stored } from '../document.ts'
import { EXIT, Failure } from '../failure.ts'
import { metadataOf } from '../kms/keys.ts'

export const keysRollback = command({
  name: 'keys rollback',
  summary: 'put the version of the configuration before this one back in force',
  details: `Key, kid and algorithm come back together. A second rollback takes back the first. What else has changed since comes back
as well: that is said, and refused without --force, for it may be a client that was switched off. Refused, too, where a
key that would sign again is disabled, or published no more. It works also where the version in force is not valid.`,
  options: {
    'to-version': {
      type: 'string',
      value: 'ID',
      help: 'an earlier one (aws secretsmanager list-secret-version-ids --include-deprecated)',
    },
    force: { type: 'boolean', help: 'whatever else comes back with it' },
  },
  async run(context, { 'to-version': wanted, force = false }) {
    const now = await inForce(context)
    const before = await earlier(context, wanted)
    if (before.version_id === now.version_id) {
      throw new Failure('in_force_already', `Version ${now.version_id} is the one in force.`, {
        exit: EXIT.refused,
        fix: 'aws secretsmanager list-secret-version-ids --include-deprecated lists the others.',
      })
    }
    const problems =
      now.document === undefined
        ? await disabledKeys(context, before)
        : [
            ...otherChanges(now.document, before.document),
            ...(await disabledKeys(context, before)),
            ...(await unpublishedKeys(now.document, before)),
          ]
    if (problems.length > 0 && !force) {
      throw new Failure('not_restorable', problems.join('\n'), {
        exit: EXIT.refused,
        fix: '--force does it in spite of that. To have an old key sign again and leave the rest: countersign keys activate --kid … --force.',
      })
    }
    await promote(context, now.version_id, before.version_id)
    const active = await activeKids(before)
    return {
      json: { ok: true, version_id: before.version_id, from: now.version_id, active },
      lines: [
        `version ${before.version_id} is in force again, instead of ${now.version_id}`,
        ...active.map(({ client_id, alg, kid }) => `  ${client_id} signs by ${alg}  ${kid}`),
      ],
    }
  },
})

/** What differs beside the keys, which are what a rollback is for. */
function otherChanges(now: RawDocument, before: RawDocument): string[] {
  const { clients: clientsNow, ...restNow } = now
  const { clients: clientsBefore, ...restBefore } = before
  const ids = [...new Set([...clientsNow, ...clientsBefore].map(({ client_id }) => client_id))]
  return [
    ...membersThatDiffer(restNow, restBefore).map(name => `The document's ${name} would change.`),
    ...ids.flatMap(id => {
      const [one, other] = [clientsNow, clientsBefore].map(all =>
        all.find(({ client_id }) => client_id === id),
      )
      if (!one) return [`${id}: would be there again.`]
      if (!other) return [`${id}: would be gone.`]
      return membersThatDiffer(one, other)
        .filter(name => name !== 'signing_keys')
        .map(name => `${id}: ${name} would be ${JSON.stringify(other[name]) ?? 'absent'} again.`)
    }),
  ]
}

function membersThatDiffer(one: Record<string, unknown>, other: Record<string, unknown>): string[] {
  const names = [...new Set([...Object.keys(one), ...Object.keys(other)])]
  return names.filter(name => JSON.stringify(one[name]) !== JSON.stringify(other[name]))
}

/** The version in force. Where it is not valid there is nothing to compare with, and all the more to go back from. */
async function inForce(context: Context): Promise<{ version_id: string; document: RawDocument | undefined }> {
  try {
    return await readDocument(context)
  } catch (error) {
    if (!(error instanceof Failure && error.code === 'configuration_invalid')) throw error
    const { version_id } = await readText(context)
    return { version_id, document: undefined }
  }
}

async function earlier(context: Context, id: string | undefined): Promise<Stored> {
  try {
    return await readDocument(context, id === undefined ? { VersionStage: 'AWSPREVIOUS' } : { VersionId: id })
  } catch (error) {
    if ((error as Error).name === 'ResourceNotFoundException') {
      const what = id === undefined ? 'There is no version before this one.' : `There is no version ${id}.`
      throw new Failure('no_previous_version', what, { exit: EXIT.refused })
    }
    if (!(error instanceof Failure && error.code === 'configuration_invalid')) throw error
    throw new Failure(
      error.code,
      `It is ${id === undefined ? 'the version before this one' : `version ${id}`} that is not valid.\n${error.message}`,
      {
        exit: EXIT.refused,
        fix:
          id === undefined
            ? 'The one in force stays. countersign config show --previous shows the other.'
            : 'The one in force stays.',
      },
    )
  }
}

function activeKids({ registrations }: Stored) {
  return Promise.all(
    registrations.clients.map(async ({ client_id, signing_key }) => ({
      client_id,
      alg: signing_key.alg,
      kid: await kidOf(signing_key),
    })),
  )
}

/** KMS signs by enabled keys. What it does not say is no reason to trust it. */
async function disabledKeys(context: Context, { registrations }: Stored): Promise<string[]> {
  const states = registrations.clients.map(async ({ client_id, signing_key }) => {
    const { kms_key_arn: arn } = signing_key
    const { value, error } = await attempt(metadataOf(context.kms(arn), arn))
    const state = error ? `not known (${error.name})` : value.KeyState
    if (state === 'Enabled') return []
    return [
      `${client_id}: key ${await kidOf(signing_key)} would sign again, and its state in KMS is ${state}.`,
    ]
  })
  return (await Promise.all(states)).flat()
}

/** And a provider knows those that are published now. */
async function unpublishedKeys(now: RawDocument, { registrations }: Stored): Promise<string[]> {
  const published = new Set(
    await Promise.all(now.clients.flatMap(({ signing_keys }) => signing_keys.map(kidOf))),
  )
  const active = await Promise.all(
    registrations.clients.map(async ({ client_id, signing_key }) => ({
      client_id,
      kid: await kidOf(signing_key),
    })),
  )
  return active
    .filter(({ kid }) => !published.has(kid))
    .map(
      ({ client_id, kid }) =>
        `${client_id}: key ${kid} would sign again, and is published no more: the provider may not know it.`,
    )
}
