import { once } from 'node:events'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'

/** Listens on loopback; port 0 takes a free one. Returns the URL; rejects with the system's error, its `code` and `port` kept. */
export async function listen(server: Server, port: number): Promise<string> {
  return `http://127.0.0.1:${await listenAt(server, port, '127.0.0.1')}`
}

/** The same at another address. Returns the port. */
export async function listenAt(server: Server, port: number, host: string): Promise<number> {
  server.listen(port, host)
  await once(server, 'listening')
  return (server.address() as AddressInfo).port
}
