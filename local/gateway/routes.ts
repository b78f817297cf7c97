import { readFileSync } from 'node:fs'
import { parse, type ScalarTag } from 'yaml'

/** One route of the HTTP API, as serverless.yml declares it. `method` is upper case, or `ANY`. */
export interface Route {
  method: string
  path: string
  /** The function's name in serverless.yml. */
  functionName: string
}

/** A function, as far as it can run here. */
export interface FunctionDeclaration {
  name: string
  /** Of the module, without its extension, and of its export: `dist/oauth.handler`. */
  handler: string
  timeoutSeconds: number
}

interface Service {
  provider?: { timeout?: number }
  functions?: Record<string, { handler: string; timeout?: number; events?: { httpApi?: HttpApiEvent }[] }>
}

type HttpApiEvent = string | { method: string; path: string }

// CloudFormation's short forms mean nothing here: what they stand for is known only after a deployment.
const CLOUDFORMATION: ScalarTag[] = ['!Ref', '!Sub', '!GetAtt', '!ImportValue'].map(tag => ({
  tag,
  resolve: (value: string) => `${tag} ${value}`,
}))

/** Reads functions and routes from serverless.yml itself, so that what runs here and what is deployed cannot drift. */
export function readServerlessYml(file: string | URL): { routes: Route[]; functions: FunctionDeclaration[] } {
  const service = parse(readFileSync(file, 'utf8'), {
    customTags: CLOUDFORMATION,
    logLevel: 'error',
  }) as Service
  const declared = Object.entries(service.functions ?? {})
  return {
    functions: declared.map(([name, { handler, timeout }]) => ({
      name,
      handler,
      timeoutSeconds: timeout ?? service.provider?.timeout ?? 6,
    })),
    routes: declared.flatMap(([functionName, { events = [] }]) =>
      events.flatMap(({ httpApi }) =>
        httpApi === undefined ? [] : [{ ...readHttpApi(httpApi), functionName }],
      ),
    ),
  }
}

function readHttpApi(event: HttpApiEvent): { method: string; path: string } {
  const [method = '', path = ''] = typeof event === 'string' ? event.split(' ') : [event.method, event.path]
  return { method: method === '*' ? 'ANY' : method.toUpperCase(), path }
}

/** The route that an HTTP API picks: the exact method before ANY. Paths here have no parameters. */
export function matchRoute(routes: readonly Route[], method: string, path: string): Route | undefined {
  const here = routes.filter(route => route.path === path)
  return here.find(route => route.method === method) ?? here.find(route => route.method === 'ANY')
}
