import http from 'node:http'
import https from 'node:https'
import type { Duplex } from 'node:stream'
import { PROVIDER_SOCKETS_MAX, SOCKET_IDLE_MAX_MS } from '../limits.ts'

/** Keep-alive agents for https and for http (loopback only). */
export interface Agents {
  https: https.Agent
  http: http.Agent
}

type AddRequest = (request: http.ClientRequest, options: unknown) => void

/**
 * Agents that never hand out a socket which may have died while the container was frozen: the peer's FIN is not seen
 * then, and no timer runs. Each socket is stamped with the wall clock when it goes idle and judged by it at use:
 * older than `SOCKET_IDLE_MAX_MS`, or from the future, and it is closed instead.
 */
export function guardedAgents(now: () => number = Date.now): Agents {
  // TLS 1.2 at least (BCP 195). Chain and host name are always verified: said here, the environment cannot turn it off
  // (NODE_TLS_REJECT_UNAUTHORIZED).
  const tls = { minVersion: 'TLSv1.2', rejectUnauthorized: true } as const
  const options = { keepAlive: true, maxSockets: PROVIDER_SOCKETS_MAX }
  return {
    https: guard(new https.Agent({ ...options, ...tls }), now),
    http: guard(new http.Agent(options), now),
  }
}

function guard<A extends http.Agent>(agent: A, now: () => number): A {
  const idleSince = new WeakMap<Duplex, number>()
  const { keepSocketAlive, addRequest } = agent as A & {
    keepSocketAlive(socket: Duplex): boolean
    addRequest: AddRequest
  }
  return Object.assign(agent, {
    keepSocketAlive(socket: Duplex): boolean {
      idleSince.set(socket, now())
      return keepSocketAlive.call(agent, socket)
    },
    // Where the agent chooses among its idle sockets: they are looked through right before it does.
    addRequest: ((request, options) => {
      for (const sockets of Object.values(agent.freeSockets)) {
        if (!sockets) continue
        // A destroyed socket leaves the list only when its close event comes, so it is taken out here.
        for (const socket of sockets.splice(0)) {
          const idle = now() - (idleSince.get(socket) ?? Number.NaN)
          if (socket.writable && idle >= 0 && idle <= SOCKET_IDLE_MAX_MS) sockets.push(socket)
          else socket.destroy()
        }
      }
      addRequest.call(agent, request, options)
    }) satisfies AddRequest,
  })
}
