import type { SigningKey } from '../../lib/config/client.ts'
import { kidOf } from '../../lib/jose/jwks.ts'
import { command } from '../command.ts'
import { readDocument } from '../document.ts'

export const keysList = command({
  name: 'keys list',
  summary: 'every signing key of every client, and its state',
  options: { client: { type: 'string', value: 'ID', help: 'of this client only' } },
  async run(context, { client }) {
    const { registrations, version_id } = await readDocument(context)
    const clients = registrations.clients.filter(
      ({ client_id }) => client === undefined || client_id === client,
    )
    const keys = await Promise.all(
      clients.flatMap(({ client_id, signing_keys }) => signing_keys.map(key => described(client_id, key))),
    )
    return {
      json: { version_id, keys },
      lines: keys.length === 0 ? ['no keys'] : keys.map(line),
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

function line(key: Awaited<ReturnType<typeof described>>): string {
  const since = key.retired_at ?? key.activated_at ?? key.published_at ?? key.created_at
  return [
    key.client_id,
    key.state.padEnd(7),
    key.alg,
    key.kid,
    ...(since === undefined ? [] : [`since ${since}`]),
  ].join('  ')
}
