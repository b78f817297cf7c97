import type { Context } from '../context.ts'
import { clientIn, type RawClient, readDocument, replaceDocument, type Stored } from '../document.ts'
import { Failure } from '../failure.ts'

/** Somebody else's change in between is read, and the own one made on top of it; a few times at most. */
const TRIES = 4

/** What became of a change. */
export interface Changed {
  /** Before. */
  stored: Stored
  client: RawClient
  /** In force now. */
  version_id: string
  changed: boolean
}

/**
 * Changes one client of the document that is in force. `change` is a pure step that refuses where it does not fit, so it
 * can be asked again for a newer document; where it gives back the same object nothing is written.
 */
export async function changeClient(
  context: Context,
  client_id: string | undefined,
  change: (client: RawClient, stored: Stored) => RawClient | Promise<RawClient>,
): Promise<Changed> {
  for (let tries = 1; ; tries++) {
    const stored = await readDocument(context)
    const client = clientIn(stored.document.clients, client_id)
    const changed = await change(client, stored)
    if (changed === client) return { stored, client, version_id: stored.version_id, changed: false }
    const clients = stored.document.clients.map(one => (one === client ? changed : one))
    try {
      const version_id = await replaceDocument(context, stored, { ...stored.document, clients })
      return { stored, client: changed, version_id, changed: true }
    } catch (error) {
      if (!(error instanceof Failure && error.code === 'changed_meanwhile') || tries === TRIES) throw error
    }
  }
}
