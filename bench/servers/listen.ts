import { once } from 'node:events'
import type { Server } from 'node:http'
import type { Server as HttpsServer } from 'node:https'
import type { AddressInfo } from 'node:net'

/** Listens on a free port of loopback and returns it. Connections stay open: a pause between rounds must not close them. */
export async function listen(server: Server | HttpsServer): Promise<number> {
  server.keepAliveTimeout = 10 * 60_000
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return (server.address() as AddressInfo).port
}
