import http from 'node:http'
import https from 'node:https'
import type { Socket } from 'node:net'
import { coded, ProxyError } from '../errors.ts'
import { PROVIDER_BODY_MAX_B, PROVIDER_CONNECT_MS, REOPEN_MIN_MS } from '../limits.ts'
import type { Agents } from './agents.ts'

/** What a provider answered: status, lower-cased header names, and the body as text. */
export interface Answer {
  status: number
  headers: Readonly<Record<string, string | undefined>>
  body: string
}

export interface Request {
  method: 'GET' | 'POST'
  url: URL
  headers: Record<string, string>
  body?: string
}

/**
 * What a provider has sent unasked or closed in the meantime is read before a kept socket is chosen, so that it is
 * neither taken for this answer nor found out by losing the code. Two turns of the event loop: the first one ends
 * without looking at the sockets where it was begun by one.
 */
export function pendingInputRead(): Promise<void> {
  return new Promise(resolve => setImmediate(() => setImmediate(resolve)))
}

/** Whether there is time to open a connection once more, by `performance.now()`. */
export function isTimeLeft(until: number): boolean {
  return until - performance.now() > REOPEN_MIN_MS
}

/**
 * Sends one request over one connection and reads the answer. Rejects with ProxyError as `Post` says; whether it may be
 * sent again is for the caller to decide. All of it ends at `until`, by `performance.now()`.
 */
export function sendOnce(
  { method, url, headers, body }: Request,
  agents: Agents,
  until: number,
  onSent?: () => void,
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const secure = url.protocol === 'https:'
    const options = { method, headers }
    const request = secure
      ? https.request(url, { ...options, agent: agents.https })
      : http.request(url, { ...options, agent: agents.http })

    let mayHaveLeft = false
    let answered = false
    let connectTimer: NodeJS.Timeout | undefined
    const settle = () => {
      clearTimeout(connectTimer)
      clearTimeout(deadline)
    }
    const fail = (error: ProxyError) => {
      settle()
      request.destroy()
      reject(error)
    }
    // A timer of its own: AbortSignal.timeout's cannot be cleared, and would live on after the answer.
    const deadline = setTimeout(
      () => fail(new ProxyError(mayHaveLeft ? 'upstream_timeout' : 'upstream_unreachable')),
      // Below 1 Node warns, in lines that are no records of ours.
      Math.max(1, until - performance.now()),
    )

    // Bytes are held back until the connection stands: for TLS that is the end of the handshake.
    request.once('socket', (socket: Socket & { secureConnecting?: boolean }) => {
      if (!socket.connecting && !socket.secureConnecting) {
        mayHaveLeft = true
        return
      }
      connectTimer = setTimeout(
        () => fail(new ProxyError('upstream_unreachable', { cause: coded('CONNECT_TIMEOUT') })),
        PROVIDER_CONNECT_MS,
      )
      socket.once(secure ? 'secureConnect' : 'connect', () => {
        clearTimeout(connectTimer)
        mayHaveLeft = true
      })
    })
    const onEnd = (error: Error) =>
      fail(new ProxyError(mayHaveLeft ? 'upstream_lost' : 'upstream_unreachable', { cause: error }))
    request.on('error', onEnd)
    // Whatever else may end it without a word; after an error this changes nothing.
    request.once('close', () => {
      if (!answered) onEnd(coded('CLOSED'))
    })
    // Without a listener Node drops a 101 in silence, and the request would wait for its deadline.
    request.once('upgrade', () =>
      fail(new ProxyError('upstream_malformed', { upstream: { status: 101 }, cause: coded('UPGRADE') })),
    )
    request.once('response', response => {
      answered = true
      readAnswer(response).then(answer => {
        settle()
        resolve(answer)
      }, fail)
    })
    if (onSent) request.once('finish', onSent)
    request.end(body)
  })
}

const UTF8 = new TextDecoder('utf-8', { fatal: true })

async function readAnswer(response: http.IncomingMessage): Promise<Answer> {
  const status = response.statusCode ?? 0
  const headers = response.headers as Record<string, string | undefined>
  const upstream = { status }
  // None was asked for, so none is inflated (requirement REQ-13).
  if ((headers['content-encoding'] ?? 'identity') !== 'identity')
    throw new ProxyError('upstream_malformed', { upstream, cause: coded('CONTENT_ENCODING') })
  const bytes = await readBody(response, upstream)
  try {
    return { status, headers, body: UTF8.decode(bytes) }
  } catch {
    throw new ProxyError('upstream_malformed', { upstream, cause: coded('NOT_UTF8') })
  }
}

/** By events: an async iterator over so small a body costs more than the rest of reading it. */
function readBody(response: http.IncomingMessage, upstream: { status: number }): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    let length = 0
    response.on('data', (chunk: Buffer) => {
      length += chunk.length
      if (length <= PROVIDER_BODY_MAX_B) chunks.push(chunk)
      else reject(new ProxyError('upstream_malformed', { upstream, cause: coded('TOO_LARGE') }))
    })
    response.once('end', () => resolve(Buffer.concat(chunks)))
    const lost = (cause: Error) => reject(new ProxyError('upstream_lost', { cause, upstream }))
    response.once('error', lost)
    response.once('close', () => lost(coded('CLOSED')))
  })
}
