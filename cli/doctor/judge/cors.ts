import { type Client, hasSession } from '../../../lib/config/client.ts'
import { type Answered, type Heard, isAnswered } from '../facts/http.ts'
import { type Finding, fail, failAside, ok } from '../finding.ts'

const NOT_YET =
  'If it was added just now: the functions read the configuration again within a minute, after an idle time before their next answer.'

const GATEWAY =
  'Take the cors setting off the HTTP API (or the function URL): it answers preflights itself and drops the headers of the function, which alone knows the origins.'

/** A preflight of an allowed origin is answered by the function, and lets a POST through, where need be with cookies. */
export function preflight(origin: string, heard: Heard, client: Client): Finding {
  if (!isAnswered(heard)) return unheard(heard.error)
  const { status, headers } = heard
  if (!headers.has('x-request-id')) {
    return fail(
      `the preflight from ${origin} is answered by the gateway (HTTP ${status}), not by the function`,
      GATEWAY,
    )
  }
  if (status === 403) return fail(`the function refuses ${origin}, which the configuration allows`, NOT_YET)
  const wrong = [
    ...(status === 204 ? [] : [`HTTP ${status}`]),
    ...corsProblems(origin, headers, client),
    ...(listed(headers, 'access-control-allow-methods').includes('post')
      ? []
      : ['POST is not among its methods']),
    ...(!hasSession(client) || listed(headers, 'access-control-allow-headers').includes('x-csrf')
      ? []
      : ['X-CSRF is not among its headers']),
  ]
  return wrong.length === 0
    ? ok(origin)
    : fail(`the preflight from ${origin}: ${wrong.join(', ')}`, ON_THE_WAY)
}

const ON_THE_WAY =
  'Something between the function and the browser changes its headers: a proxy, a CDN, the gateway.'

/** A page can read why it was refused. */
export function errorAnswer(origin: string, heard: Heard, client: Client): Finding {
  if (!isAnswered(heard)) return unheard(heard.error)
  const { status, headers, json } = heard
  const wrong = [
    ...(status === 400 ? [] : [`HTTP ${status} where 400 was due`]),
    ...(typeof json.error === 'string' ? [] : ['no JSON with an error']),
    ...corsProblems(origin, headers, client),
  ]
  return wrong.length === 0 ? ok(origin) : fail(`an error for ${origin}: ${wrong.join(', ')}`, ON_THE_WAY)
}

/** A page can read a success. */
export function successAnswer(origin: string, heard: Heard, client: Client): Finding {
  if (!isAnswered(heard)) return unheard(heard.error)
  const { status, headers, json } = heard
  if (status < 200 || status > 299) {
    const said = [json.error, json.error_description].filter(part => typeof part === 'string').join(' ')
    return fail(
      `no success for ${origin}: HTTP ${status} ${said}`.trim(),
      "Look at the function's log: outcome, upstream_error and error_name say why (docs/configuration.md lists them).",
    )
  }
  const wrong = corsProblems(origin, headers, client)
  return wrong.length === 0 ? ok(origin) : fail(`a success for ${origin}: ${wrong.join(', ')}`, ON_THE_WAY)
}

/** What a foreign origin gets. */
export function foreignAnswer(what: string, heard: Heard): Finding {
  if (!isAnswered(heard)) return unheard(heard.error)
  const { status, headers } = heard
  const wrong = [
    ...(status === 403 ? [] : [`HTTP ${status} where 403 was due`]),
    ...(headers.has('access-control-allow-origin')
      ? [`access-control-allow-origin ${headers.get('access-control-allow-origin')}`]
      : []),
    ...(headers.has('access-control-allow-credentials') ? ['access-control-allow-credentials'] : []),
  ]
  return wrong.length === 0
    ? ok(`${what} refused`)
    : fail(
        `${what} from a foreign origin: ${wrong.join(', ')}`,
        'Nothing but the function may answer there: look at what stands before it.',
      )
}

/** The origins that a sign-in comes back to are the ones that the page sends its requests from. */
export function originsAllowed({ allowed_origins, redirect_uris, application_type }: Client): Finding[] {
  if (application_type === 'native') return []
  const needed = redirect_uris.filter(uri => URL.canParse(uri)).map(uri => new URL(uri).origin)
  return missing([...new Set(needed)], allowed_origins, 'a redirect_uri is there')
}

export function missing(needed: readonly string[], allowed: readonly string[], why: string): Finding[] {
  return needed
    .filter(origin => !allowed.includes(origin))
    .map(origin =>
      failAside(
        `${origin} is not among allowed_origins (${why})`,
        `Add "${origin}" to allowed_origins of the client.`,
      ),
    )
}

function corsProblems(origin: string, headers: Answered['headers'], client: Client): string[] {
  const allowed = headers.get('access-control-allow-origin')
  const credentials = headers.get('access-control-allow-credentials')
  return [
    ...(allowed === origin ? [] : [`access-control-allow-origin is ${allowed ?? 'absent'}`]),
    // Fetch, "CORS check": to the letter, or the browser keeps the answer to a request with a cookie.
    ...(!hasSession(client) || credentials === 'true'
      ? []
      : [`access-control-allow-credentials is ${credentials ?? 'absent'}`]),
    ...(listed(headers, 'vary').some(name => name === 'origin' || name === '*') ? [] : ['no Vary: Origin']),
  ]
}

function listed(headers: Answered['headers'], name: string): string[] {
  return (headers.get(name) ?? '').split(',').map(item => item.trim().toLowerCase())
}

function unheard(error: string): Finding {
  return fail(`no answer that can be read: ${error}`, 'The deployment answered before: run this again.')
}
