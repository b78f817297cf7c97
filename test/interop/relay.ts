import { once } from 'node:events'
import net from 'node:net'
import { type HttpText, parseHttp } from './http-text.ts'

// Between a program and the gateway: what the program wrote, to be looked at, with nothing changed on the way.

export interface Relay {
  /** Of a listener that is this program's alone. */
  url: string
  /** The request; undefined until it has come whole. */
  request(): HttpText | undefined
  close(): void
}

export async function startRelay(target: string): Promise<Relay> {
  const { hostname, port } = new URL(target)
  const sockets = new Set<net.Socket>()
  let written = Buffer.alloc(0)
  const server = net.createServer(client => {
    const gateway = net.connect(Number(port), hostname)
    client.on('data', chunk => {
      written = Buffer.concat([written, chunk])
    })
    for (const socket of [client, gateway]) {
      sockets.add(socket)
      socket.on('error', () => socket.destroy())
    }
    client.pipe(gateway).pipe(client)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as net.AddressInfo).port}`,
    request: () => parseHttp(written),
    close() {
      server.close()
      for (const socket of sockets) socket.destroy()
    },
  }
}
