import http from 'node:http'
import { text } from 'node:stream/consumers'
import { build } from 'esbuild'
import { listen } from '../../local/listen.ts'
import { ROOT } from '../support/deployment.ts'

// A back end of literals behind real sockets: it answers as Countersign does, to whoever has its cookie. One server, by
// two names of one site, as a browser sees it: the app's and its own.

export interface BackEnd {
  /** Where a page is. */
  app(name: string): string
  /** `POST /session`, and whatever else was asked for but pages, shortly and in order. */
  asked: string[]
  /** What comes of the next sign-ins; undefined: they succeed. */
  refuse(error: string | undefined): void
  close(): void
}

const CLIENT_ID = 'spa'
const ORDERS = ['tea', 'milk']

export async function startBackEnd(pages: Record<string, 'session' | 'mediated'>): Promise<BackEnd> {
  const scripts = await bundle(Object.keys(pages))
  const asked: string[] = []
  let refused: string | undefined
  let tokens = 0

  const server = http.createServer(async (request, response) => {
    const { method, headers } = request
    const { port } = server.address() as { port: number }
    const [app, auth] = [originOf('app', port), originOf('auth', port)]
    const { pathname, searchParams } = new URL(request.url ?? '', auth)
    const json = (status: number, body: object, more: http.OutgoingHttpHeaders = {}) =>
      response.writeHead(status, { 'content-type': 'application/json', ...more }).end(JSON.stringify(body))

    if (headers.host !== new URL(auth).host) {
      const name = pathname.slice(1)
      if (name.endsWith('.js')) {
        response.writeHead(200, { 'content-type': 'text/javascript' }).end(scripts[name])
        return
      }
      const configuration = JSON.stringify({ url: auth, client_id: CLIENT_ID, api: `${auth}/api` })
      response.writeHead(200, { 'content-type': 'text/html' }).end(
        `<!doctype html><html lang="en"><title>${name}</title><link rel="icon" href="data:,">
         <script type="application/json" id="configuration">${configuration}</script>
         <main><p></p><button></button></main><script type="module" src="/${name}.js"></script></html>`,
      )
      return
    }

    response.setHeader('access-control-allow-origin', app)
    response.setHeader('access-control-allow-credentials', 'true')
    if (method === 'OPTIONS') {
      response
        .writeHead(204, {
          'access-control-allow-headers': 'x-csrf, authorization',
          'access-control-max-age': '600',
        })
        .end()
      return
    }
    asked.push(`${method} ${pathname} ${await text(request)}`.trim())
    const signedIn = headers.cookie?.includes('session=1') ?? false
    const own = headers['x-csrf'] === '1' && headers.origin === app
    switch (pathname) {
      case '/login': {
        const back = new URL(searchParams.get('return_to')!)
        if (refused) back.searchParams.set('error', refused)
        const cookie = 'session=1; HttpOnly; Path=/; SameSite=Strict'
        response.writeHead(303, { location: back.href, ...(!refused && { 'set-cookie': cookie }) }).end()
        return
      }
      case '/session': {
        if (!own || !signedIn)
          return json(own ? 401 : 403, { error: own ? 'login_required' : 'invalid_request' })
        const delivery = pages[new URL(headers.referer ?? app).pathname.slice(1)] ?? 'mediated'
        const told = {
          expires_in: 300,
          scope: 'openid',
          claims: { sub: 'alice' },
          session_expires_in: 28_800,
        }
        return json(
          200,
          delivery === 'session' ? told : { access_token: `at-${++tokens}`, token_type: 'Bearer', ...told },
        )
      }
      case '/logout':
        return own ? json(200, {}, { 'set-cookie': 'session=; Max-Age=0; Path=/' }) : json(403, {})
      case '/api/orders':
        return (signedIn && own) || headers.authorization === `Bearer at-${tokens}`
          ? json(200, ORDERS)
          : json(401, { message: 'Unauthorized' })
      default:
        return json(404, {})
    }
  })
  const { port } = new URL(await listen(server, 0))
  return {
    app: name => `${originOf('app', port)}/${name}`,
    asked,
    refuse(error) {
      refused = error
    },
    close() {
      server.closeAllConnections()
      server.close()
    },
  }
}

const originOf = (name: string, port: number | string) => `http://${name}.example.localhost:${port}`

async function bundle(names: string[]): Promise<Record<string, string>> {
  const { outputFiles } = await build({
    absWorkingDir: ROOT,
    entryPoints: names.map(name => ({
      in: `test/browser-helper/pages/${name}.ts${name === 'react' ? 'x' : ''}`,
      out: name,
    })),
    bundle: true,
    format: 'esm',
    target: 'es2022',
    alias: { 'countersign/browser': './browser/index.ts' },
    // React's development build: StrictMode does nothing in the other.
    define: { 'process.env.NODE_ENV': '"development"' },
    jsx: 'automatic',
    write: false,
    outdir: '/',
    logLevel: 'silent',
  })
  return Object.fromEntries(outputFiles.map(({ path, text }) => [path.slice(1), text]))
}
