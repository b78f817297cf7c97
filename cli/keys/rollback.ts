import { kidOf } from '../../lib/jose/jwks.ts'
import { command } from '../command.ts'
import type { Context } from '../context.ts'
import { promote, type RawDocument, readDocument, type Stored } from '../document.ts'
import { EXIT, Failure } from '../failure.ts'
import { metadataOf } from '../kms/keys.ts'

export const keysRollback = command({
  name: 'keys rollback',
  summary: 'put the version of the configuration before this one back in force, as a whole',
  details: `Key, kid and algorithm come back together, and so does everything else that has changed since. A second rollback takes
back the first. Refused where a key that would sign again is disabled, or published no more: then --force.`,
  options: {
    force: { type: 'boolean', help: 'although a key that would sign is disabled or published no more' },
  },
  async run(context, { force = false }) {
    const now = await readDocument(context)
    const before = await previous(context)
    const problems = [
      ...otherChanges(now.document, before.document),
      ...(await problemsOf(context, now, before)),
    ]
    if (problems.length > 0 && !force) {
      throw new Failure('not_restorable', problems.join('\n'), {
        exit: EXIT.refused,
        fix: '--force does it in spite of that.',
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

async function previous(context: Context): Promise<Stored> {
  try {
    return await readDocument(context, { VersionStage: 'AWSPREVIOUS' })
  } catch (error) {
    if ((error as Error).name !== 'ResourceNotFoundException') throw error
    throw new Failure('no_previous_version', 'There is no version before this one.', { exit: EXIT.refused })
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

/** What would break at once: a provider knows the keys that are published now, and KMS signs by enabled ones. */
async function problemsOf(context: Context, now: Stored, before: Stored): Promise<string[]> {
  const published = new Set(
    await Promise.all(now.registrations.clients.flatMap(({ signing_keys }) => signing_keys.map(kidOf))),
  )
  const problems = await Promise.all(
    before.registrations.clients.map(async ({ client_id, signing_key }) => {
      const kid = await kidOf(signing_key)
      const { KeyState } = await metadataOf(context.kms(signing_key.kms_key_arn), signing_key.kms_key_arn)
      return [
        ...(KeyState === 'Enabled'
          ? []
          : [`${client_id}: key ${kid} would sign again, and its state in KMS is ${KeyState}.`]),
        ...(published.has(kid)
          ? []
          : [
              `${client_id}: key ${kid} would sign again, and is published no more: the provider may not know it.`,
            ]),
      ]
    }),
  )
  return problems.flat()
}
