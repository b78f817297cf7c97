import http from 'node:http'
import { fileURLToPath } from 'node:url'
import type { StackClientPlan } from '../../../local/clients.ts'
import type { StackDescription } from '../../../local/description.ts'
import { listen } from '../../../local/listen.ts'
import { bundle, type Spoiling } from './bundle.ts'

// The apps: each page of ../pages on a path of its own, and a client of its own, all of one origin.

export interface AppPlan {
  /** Of the client, and the path. */
  name: string
  /** The file. Default `<name>.ts`. */
  page?: string
  /** What its client's registrations say other than `rotating`. */
  client?: Partial<StackClientPlan>
  /** What the page is told other than its client and where provider and function are. */
  told?: Record<string, string>
}

export interface Apps {
  /** As they have to be registered. */
  clients: StackClientPlan[]
  /** What to open. */
  address(name: string): string
  /** Where the page's script is. */
  script(name: string): string
  connect(stack: StackDescription): void
  close(): void
}

const PAGES = fileURLToPath(new URL('../pages/', import.meta.url))

/** The script of an app. */
export const bundleApp = ({ name, page = `${name}.ts` }: AppPlan, spoiling?: Spoiling): Promise<string> =>
  bundle(`${PAGES}${page}`, { platform: 'browser', spoiling })

export async function startApps(plans: AppPlan[]): Promise<Apps> {
  const scripts = new Map(
    await Promise.all(plans.map(async plan => [plan.name, await bundleApp(plan)] as const)),
  )
  let stack: StackDescription | undefined
  const server = http.createServer((request, response) => {
    const [, name = '', rest] = new URL(request.url ?? '/', url).pathname.split('/')
    const plan = plans.find(plan => plan.name === name)
    if (!plan || !stack) return void response.writeHead(404).end()
    const script = rest === 'app.js'
    response.writeHead(200, { 'content-type': `text/${script ? 'javascript' : 'html'}; charset=utf-8` })
    response.end(script ? scripts.get(name) : html(name, { ...configurationOf(name, stack), ...plan.told }))
  })
  const url = await listen(server, 0)
  const redirectUri = (name: string) => `${url}/${name}/callback`
  const configurationOf = (name: string, { issuer, gateway }: StackDescription) => ({
    issuer,
    proxy: gateway,
    client_id: name,
    redirect_uri: redirectUri(name),
  })
  return {
    clients: plans.map(({ name, client }) => ({
      client_id: name,
      alg: 'ES256',
      application_type: 'web',
      redirect_uri: redirectUri(name),
      origin: url,
      grant_types: ['authorization_code', 'refresh_token'],
      refresh: 'rotating',
      shows: 'an unmodified client',
      ...client,
    })),
    address: name => `${url}/${name}/`,
    script: name => `${url}/${name}/app.js`,
    connect(description) {
      stack = description
    },
    close() {
      server.closeAllConnections()
      server.close()
    },
  }
}

function html(name: string, configuration: Record<string, string>): string {
  // The empty icon keeps the browser from asking for one.
  return `<!doctype html><html lang="en"><head><title>${name}</title><link rel="icon" href="data:,"></head><body>
<main data-state="starting"><div id="root"></div><pre></pre></main>
<script type="application/json" id="configuration">${JSON.stringify(configuration)}</script>
<script type="module" src="/${name}/app.js"></script></body></html>`
}
