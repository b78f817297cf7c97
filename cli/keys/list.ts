import type { SigningKey } from '../../lib/config/client.ts'
import { kidOf } from '../../lib/jose/jwks.ts'
import { command } from '../command.ts'
import { clientIn, readDocument } from '../document.ts'

export const keysList = command({
  name: 'keys list',
  summary: 'every signing key of every client, and its state',
  options: { client: { type: 'string', value: 'ID', help: 'of this client only' } },
  async run(context, { client }) {
    const { registrations, version_id } = await readDocument(context)
    const { clients: all } = registrations
    const clients = client === undefined ? all : [clientIn(all, client)]
    const keys = await Promise.all(
      clients.flatMap(({ client_id, signing_keys }) => signing_keys.map(key => described(client_id, key))),
    )
    return {
      json: { version_id, keys },
      lines: keys.length === 0 ? ['no keys'] : linesOf(keys),
    }
  },
})

async function described(client_id: string, key: SigningKey) {
  const { kms_key_arn, alg, state, created_at, published_at, activated_at, retired_at } = key
  return {
    client_id,
    kid: await kidOf(key),
    alg,
    state,
    kms_key_arn,
    ...(created_at !== undefined && { created_at }),
    ...(published_at !== undefined && { published_at }),
    ...(activated_at !== undefined && { activated_at }),
    ...(retired_at !== undefined && { retired_at }),
  }
}

type Described = Awaited<ReturnType<typeof described>>

/** One line a key, in columns; what has happened to it last stands by its name. */
function linesOf(keys: readonly Described[]): string[] {
  const rows = keys.map(key => [key.client_id, key.state, key.alg, key.kid, lastOf(key), key.kms_key_arn])
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map(row => row[column]!.length))) ?? []
  return rows.map(row =>
    row
      .map((text, column) => text.padEnd(widths[column]!))
      .join('  ')
      .trimEnd(),
  )
}

function lastOf({ retired_at, activated_at, published_at, created_at }: Described): string {
  if (retired_at !== undefined) return `retired ${retired_at}`
  if (activated_at !== undefined) return `activated ${activated_at}`
  if (published_at !== undefined) return `published ${published_at}`
  return created_at === undefined ? '' : `created ${created_at}`
}
