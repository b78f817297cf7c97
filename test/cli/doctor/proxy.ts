import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import { listen } from '../../../local/listen.ts'

export interface Passing {
  method: string
  path: string
  /** Of the request. */
  origin: string | undefined
  status: number
  headers: Record<string, string>
  body: string
}

export interface Proxy {
  url: string
  /** Methods and paths, as they came in. */
  requests: string[]
  close(): Promise<void>
}

const OWN_TO_A_HOP = ['connection', 'keep-alive', 'transfer-encoding', 'content-length', 'date']

/** Stands before `target`, which may be known later than the proxy, and alters what comes back; `alter` is told its own URL. */
export async function startProxy(
  target: string | (() => string),
  alter: (answer: Passing, url: string) => Partial<Passing> | undefined,
  /** PEM: it is https then. */
  tls?: { key: string; cert: string },
): Promise<Proxy> {
  const requests: string[] = []
  let url = ''
  const pass: RequestListener = async (request, response) => {
    const { method = '', url: path = '' } = request
    requests.push(`${method} ${path}`)
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    const passed = ['origin', 'content-type', 'accept', 'access-control-request-method', 'x-csrf']
    const answer = await fetch(`${typeof target === 'string' ? target : target()}${path}`, {
      method,
      redirect: 'manual',
      headers: Object.fromEntries(
        passed.flatMap(name => (request.headers[name] ? [[name, String(request.headers[name])]] : [])),
      ),
      ...(method === 'POST' && { body: Buffer.concat(chunks) }),
    })
    const passing: Passing = {
      method,
      path,
      origin: request.headers.origin,
      status: answer.status,
      headers: Object.fromEntries([...answer.headers].filter(([name]) => !OWN_TO_A_HOP.includes(name))),
      body: await answer.text(),
    }
    const { status, headers, body } = { ...passing, ...alter(passing, url) }
    response.writeHead(status, headers).end(body)
  }
  const server = tls ? createTlsServer(tls, pass) : createServer(pass)
  url = (await listen(server, 0)).replace('http:', tls ? 'https:' : 'http:')
  return {
    url,
    requests,
    async close() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

/** The answer without some of its headers. */
export function without(headers: Record<string, string>, ...names: string[]): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !names.includes(name)))
}
