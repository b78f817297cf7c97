import http from 'node:http'
import https from 'node:https'
import { isIP, type Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { urlToHttpOptions } from 'node:url'
import { PROVIDER_CONNECT_MS, PROVIDER_SOCKETS_MAX, SOCKET_IDLE_MAX_MS } from '../limits.ts'

/** Keep-alive agents for https and for http (loopback only). */
export interface Agents {
  https: https.Agent
  http: http.Agent
  /**
   * Opens a connection to the URL's host, for TLS with its handshake, and keeps it for the next request there; nothing
   * is sent over it. Ends when it stands or cannot be had. Never rejects.
   */
  connect(url: string): Promise<void>
}

/** What Node's agents have beside their types: the two places where they take a socket back and hand one out. */
interface Internals {
  options: object
  keepSocketAlive(socket: Duplex): boolean
  addRequest(request: http.ClientRequest, options: unknown): void
  getName(options: object): string
  createConnection(options: ConnectionOptions, callback?: unknown): Duplex
}

interface ConnectionOptions {
  host: string
  port: number
  servername?: string
  /** The agent's name for connections that may stand in for each other. */
  _agentKey: string
}

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
  const secure = guard(new https.Agent({ ...options, ...tls }), now)
  const plain = guard(new http.Agent(options), now)
  return {
    https: secure.agent,
    http: plain.agent,
    connect(url) {
      const { protocol, hostname, port } = urlToHttpOptions(new URL(url))
      const host = hostname ?? ''
      return protocol === 'https:'
        ? secure.connect({ host, port: Number(port ?? 443), servername: isIP(host) ? '' : host })
        : plain.connect({ host, port: Number(port ?? 80) })
    },
  }
}

function guard<A extends http.Agent>(agent: A, now: () => number) {
  const idleSince = new WeakMap<Duplex, number>()
  const opened = new Map<string, Socket>()
  const original = agent as A & Internals
  const { keepSocketAlive, addRequest, createConnection } = original

  const mayBeUsed = (socket: Duplex) => {
    const idle = now() - (idleSince.get(socket) ?? Number.NaN)
    return socket.writable && idle >= 0 && idle <= SOCKET_IDLE_MAX_MS
  }

  Object.assign(agent, {
    keepSocketAlive(socket) {
      idleSince.set(socket, now())
      return keepSocketAlive.call(agent, socket)
    },
    // Where the agent chooses among its idle sockets: they are looked through right before it does.
    addRequest(request, options) {
      for (const sockets of Object.values(agent.freeSockets)) {
        if (!sockets) continue
        // A destroyed socket leaves the list only when its close event comes, so it is taken out here.
        for (const socket of sockets.splice(0)) {
          if (mayBeUsed(socket)) sockets.push(socket)
          else socket.destroy()
        }
      }
      for (const [key, socket] of opened) {
        if (mayBeUsed(socket)) continue
        opened.delete(key)
        socket.destroy()
      }
      addRequest.call(agent, request, options)
    },
    // Where it has no idle one.
    createConnection(options, callback) {
      const socket = opened.get(options._agentKey)
      opened.delete(options._agentKey)
      // Nobody has read from it yet: what lies there was not asked for, and a FIN behind it would not be seen.
      if (socket?.readableLength === 0 && mayBeUsed(socket))
        return socket.removeListener('error', ignore).ref()
      socket?.destroy()
      return createConnection.call(agent, options, callback)
    },
  } satisfies Partial<Internals>)

  async function connect(to: Omit<ConnectionOptions, '_agentKey'>): Promise<void> {
    const options = { ...original.options, ...to }
    const _agentKey = original.getName(options)
    const socket = createConnection.call(agent, { ...options, _agentKey }) as Socket
    socket.on('error', ignore)
    const timer = setTimeout(() => socket.destroy(), PROVIDER_CONNECT_MS)
    await new Promise<void>(resolve => {
      socket.once(agent instanceof https.Agent ? 'secureConnect' : 'connect', () => {
        idleSince.set(socket, now())
        opened.get(_agentKey)?.destroy()
        opened.set(_agentKey, socket)
        // It shall not keep a process alive that has nothing else to do.
        socket.unref()
        resolve()
      })
      socket.once('close', () => {
        if (opened.get(_agentKey) === socket) opened.delete(_agentKey)
        resolve()
      })
    })
    clearTimeout(timer)
  }
  return { agent, connect }
}

// Whatever ends a connection that nobody uses yet: its close event tells.
function ignore(): void {}
