import type { SessionClient } from '../../../lib/config/client.ts'
import { isLoopback } from '../../../lib/config/urls.ts'
import { ProxyError } from '../../../lib/errors.ts'
import { loginCookie } from '../../../lib/session/cookies.ts'
import { toWire } from '../../../lib/wire.ts'
import { shown } from '../../plain.ts'
import { isAnswered } from '../facts/http.ts'
import type { Begun } from '../facts/session.ts'
import { type Finding, fail, ok } from '../finding.ts'

/** The cookie is a host's own: set under another one it would not come back. Undefined: they are the same. */
export function publicUrl({ public_url }: SessionClient, url: string): Finding | undefined {
  const { origin } = new URL(url)
  if (origin === public_url || sameMachine(url, public_url)) return undefined
  return fail(
    `public_url is ${public_url}, and the deployment is at ${origin}: the browser's cookie would be for another host`,
    `Set public_url to "${origin}", or name the address that apps use by --url ${public_url}; register <public_url>/callback with the provider.`,
  )
}

/** One port of this machine has many names: a browser is given one of the app's site, and Node may not know that. */
function sameMachine(one: string, other: string): boolean {
  const [a, b] = [new URL(one), new URL(other)]
  return isLoopback(a.hostname) && isLoopback(b.hostname) && a.protocol === b.protocol && a.port === b.port
}

const ON_THE_WAY =
  'Something between the function and the browser changes its headers: a proxy, a CDN, the gateway.'

/** A sign-in begins: the browser is sent to the provider, with a cookie that comes back from there. */
export function signInBegins(client: SessionClient, begun: Begun): Finding {
  const { heard, location, cookies } = begun
  if (!isAnswered(heard)) {
    return fail(`GET /login gives no answer that can be read: ${heard.error}`, 'Run this again.')
  }
  if (heard.status !== 303 || location === undefined) return notBegun(heard.status, heard.body)
  const refused = refusedFor(begun)
  if (refused !== undefined) {
    return fail(
      `the sign-in ends before it has begun: ${refused}`,
      `Is ${client.public_url}/callback registered with the provider as a redirect URI of this client? The function's log (route /login) has upstream_error.`,
    )
  }
  const wrong = [...destinationProblems(client, location), ...cookieProblems(client, cookies)]
  return wrong.length === 0
    ? ok(`/login sends the browser to ${location.host}, with a cookie for the way back`)
    : fail(`GET /login: ${wrong.join(', ')}`, ON_THE_WAY)
}

function notBegun(status: number, body: string): Finding {
  const unsealed = body.trim() === toWire(new ProxyError('sessions_unavailable')).error_description
  return unsealed
    ? fail(
        'the function has no keys to seal sessions with',
        'Give it a secret: COUNTERSIGN_SESSION_SECRET_ID, which its role may read (docs/operations.md, Keys of sessions). Its log says what is wrong with it: countersign session-keys list.',
      )
    : fail(
        `GET /login answers HTTP ${status} where 303 was due: ${shown(body.trim())}`,
        "Look at the function's log (route /login): its outcome says why. A configuration that was changed just now is taken up within a minute.",
      )
}

/** What the app would be told, where the browser is sent back at once. */
function refusedFor({ location, return_to }: Begun): string | undefined {
  const error = location!.searchParams.get('error')
  if (error === null || !location!.href.startsWith(new URL(return_to).href.replace(/\/$/, '')))
    return undefined
  return `${shown(error)} ${shown(location!.searchParams.get('error_description') ?? '')}`.trim()
}

/** OpenID Connect Core 3.1.2.1; of a pushed request (RFC 9126 section 4) the provider alone has what was asked. */
function destinationProblems({ as, client_id, public_url }: SessionClient, location: URL): string[] {
  const { authorization_endpoint = '' } = as
  const asked = location.searchParams
  const redirect_uri = asked.get('redirect_uri')
  const there = location.href.startsWith(authorization_endpoint)
  if (!there)
    return [
      `it sends the browser to ${location.origin}${location.pathname}, and not to ${authorization_endpoint}`,
    ]
  return [
    ...(asked.get('client_id') === client_id ? [] : ['client_id is not that of the client']),
    ...(asked.has('request_uri') || redirect_uri === `${public_url}/callback`
      ? []
      : [`redirect_uri is ${shown(redirect_uri ?? 'absent')}, and not ${public_url}/callback`]),
  ]
}

/** Requirement COOKIE-1; Lax, because the provider's answer comes from another site. */
const ATTRIBUTES = ['secure', 'httponly', 'path=/', 'samesite=lax']

function cookieProblems({ client_id }: SessionClient, cookies: readonly string[]): string[] {
  const name = loginCookie(client_id)
  const cookie = cookies.find(one => one.startsWith(`${name}=`))
  if (cookie === undefined) return [`no cookie ${name}`]
  const attributes = cookie
    .split(';')
    .slice(1)
    .map(part => part.trim().toLowerCase())
  return [
    ...ATTRIBUTES.filter(one => !attributes.includes(one)).map(one => `its cookie is not ${one}`),
    ...attributes.filter(one => one.startsWith('domain=')).map(one => `its cookie has ${shown(one)}`),
  ]
}
