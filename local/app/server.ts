import http from 'node:http'
import type { StackDescription } from '../description.ts'
import { listen } from '../listen.ts'
import { page } from './page.ts'

export interface App {
  url: string
  /** What the page shows, once everything runs. */
  describe(description: StackDescription): void
  close(): Promise<void>
}

/** The app's address: a plain page that says what runs where. */
export async function startApp({ port }: { port: number }): Promise<App> {
  let description: StackDescription | undefined
  const server = http.createServer((request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://app.invalid')
    if (request.method !== 'GET' || !description || !['/', '/callback'].includes(pathname)) {
      response.writeHead(404, { 'content-type': 'text/plain' }).end('Not found\n')
      return
    }
    response
      .writeHead(200, {
        'content-type': 'text/html; charset=utf-8',
        'cache-control': 'no-store',
        'content-security-policy':
          "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'",
        'referrer-policy': 'no-referrer',
      })
      .end(page(description, pathname === '/callback'))
  })
  const url = await listen(server, port)
  return {
    url,
    describe(next) {
      description = next
    },
    async close() {
      server.closeAllConnections()
      server.close()
    },
  }
}
