import {
  DEVICE,
  HANDLE,
  LOGIN_COOKIES,
  PAR,
  proofOf,
  RESOURCES,
  SCOPE,
  SESSION_COOKIES,
  stateOf,
  TICKET,
} from './any-client.ts'
import { bodyOf } from './any-event.ts'
import { ORIGIN, REDIRECT_URI, VERIFIER } from './function.ts'
import { type Ask, FORM, JSON_TYPE } from './meant-requests.ts'
import { ISSUER } from './session.ts'

// What a request may cost, said once more in plain words after docs/openapi.yaml and docs/configuration.md, and by nothing of
// what it judges. The clients are those of any-client.ts.

interface Known {
  origins: string[]
  native?: true
  session?: true
  grants?: string[]
  revoke: boolean
  par: boolean
  device?: true
  needsProof?: true
  iss?: true
}

const CLIENTS: Record<string, Known> = {
  bearer: {
    origins: [ORIGIN],
    grants: ['authorization_code', 'refresh_token', DEVICE],
    revoke: true,
    par: true,
    device: true,
  },
  dpop: {
    origins: ['https://dpop.example.com'],
    grants: ['authorization_code', 'refresh_token'],
    revoke: true,
    par: true,
    needsProof: true,
  },
  mediated: {
    origins: [ORIGIN],
    session: true,
    grants: ['authorization_code'],
    revoke: true,
    par: true,
    iss: true,
  },
  session: { origins: ['https://bff.example.com'], session: true, revoke: true, par: false },
  native: { origins: [], native: true, session: true, revoke: true, par: true },
}
const VISIBLE = /^[ -~]+$/
const LONG = ['refresh_token', 'token', 'id_token_hint', 'ticket']
const bytes = (text: string) => Buffer.byteLength(text)

/** How many signatures and requests to the provider this is worth: one or none. */
export function costOf(ask: Ask): 0 | 1 {
  const { method, route, params, as } = ask
  const byQuery = route === '/login' || route === '/callback'
  if (method !== (byQuery ? 'GET' : 'POST')) return 0
  if (byQuery !== (as === 'query')) return 0
  if (params.length > 40) return 0
  if (
    params.some(([name, value]) => bytes(name) > 64 || bytes(value) > (LONG.includes(name) ? 8_192 : 4_096))
  )
    return 0
  const there = params.filter(([, value]) => value !== '')
  const get = (name: string) => there.find(([one]) => one === name)?.[1]
  const twice = there.some(
    ([name], index) => there.findIndex(([one]) => one === name) < index && name !== 'resource',
  )
  const header = (name: string) => {
    const values = ask.headers.filter(([one]) => one.toLowerCase() === name).map(([, value]) => value)
    return values.length === 0 ? undefined : values.join(',')
  }
  const request: Request = {
    ask,
    get,
    header,
    all: name => there.filter(([one]) => one === name).map(([, value]) => value),
  }
  if (byQuery) {
    const destination = header('sec-fetch-dest')
    if (destination !== undefined && destination !== 'document') return 0
    if (route === '/callback')
      return callback(request, there.length > new Set(there.map(([name]) => name)).size)
    return !twice && login(request) ? 1 : 0
  }
  if (!isReadable(ask, header('content-type')) || twice) return 0
  return worthIt(request) ? 1 : 0
}

interface Request {
  ask: Ask
  get(name: string): string | undefined
  all(name: string): string[]
  header(name: string): string | undefined
}

function isReadable(ask: Ask, type: string | undefined): boolean {
  if (ask.raw !== undefined) return false
  const [media = ''] = (type ?? '').split(';')
  if (media.trim().toLowerCase() !== (ask.as === 'json' ? JSON_TYPE : FORM)) return false
  const names = ask.params.map(([name]) => name)
  if (ask.as === 'json' && new Set(names).size < names.length) return false
  return bytes(bodyOf(ask)!) <= (ask.route === '/par' ? 65_536 : 16_384)
}

const known = (client_id = '') => (Object.hasOwn(CLIENTS, client_id) ? CLIENTS[client_id] : undefined)
const hasCredentials = ({ get }: Request) =>
  ['client_secret', 'client_assertion', 'client_assertion_type'].some(name => get(name) !== undefined)

function worthIt(request: Request): boolean {
  const { ask, get, header } = request
  const client = known(get('client_id'))
  if (!client || hasCredentials(request)) return false
  const origin = header('origin')
  if (client.native ? origin !== undefined : !client.origins.includes(origin ?? '')) return false
  const bySession = ask.route === '/session' || ask.route === '/logout'
  const site = header('sec-fetch-site')
  const ownPage = header('x-csrf') === '1' && [undefined, 'same-origin', 'same-site'].includes(site)
  if ((bySession || client.session) && !client.native && !ownPage) return false
  if (!bySession && header('authorization') !== undefined) return false
  switch (ask.route) {
    case '/token':
      return token(request, client)
    case '/revoke':
      return (
        VISIBLE.test(get('token') ?? '') && /^[A-Za-z0-9_.-]{1,64}$/.test(get('token_type_hint') ?? 'none')
      )
    case '/par':
      return par(request, client)
    case '/device_authorization':
      return client.device === true && limits(request)
    case '/session':
      return session(request, client)
    case '/logout':
      return logout(request, client)
    default:
      return false
  }
}

const isProof = (proof: string | undefined, url: string) => proof === undefined || proof === proofOf(url)

/** RFC 6749 section 3.3 and RFC 8707, and no more than is registered. */
const limits = ({ get, all }: Request) =>
  (get('scope') ?? 'openid').split(' ').every(one => SCOPE.includes(one)) &&
  all('resource').every(one => RESOURCES.includes(one))

function token(request: Request, client: Known): boolean {
  const { ask, get, header } = request
  const grant = get('grant_type') ?? (ask.as === 'json' ? 'authorization_code' : '')
  const proof = header('dpop')
  if (!client.grants?.includes(grant)) return false
  if (client.session ? proof !== undefined : !isProof(proof, `${ISSUER}/token`)) return false
  if (grant === DEVICE) return VISIBLE.test(get('device_code') ?? '')
  if (!limits(request)) return false
  if (grant === 'refresh_token') {
    return VISIBLE.test(get('refresh_token') ?? '') && !(client.needsProof && proof === undefined)
  }
  return (
    VISIBLE.test(get('code') ?? '') &&
    get('redirect_uri') === REDIRECT_URI &&
    /^[A-Za-z0-9._~-]{43,128}$/.test(get('code_verifier') ?? '')
  )
}

function par(request: Request, { par: has, session, origins }: Known): boolean {
  const { get, header } = request
  // Of the clients with a session only those that ask the provider themselves.
  if (!has || (session && origins.length === 0 && get('redirect_uri') !== 'com.example.app:/signed-in'))
    return false
  const redirect_uri = origins.length === 0 ? 'com.example.app:/signed-in' : REDIRECT_URI
  return (
    get('request') === undefined &&
    get('request_uri') === undefined &&
    get('response_type') === 'code' &&
    get('redirect_uri') === redirect_uri &&
    /^[A-Za-z0-9_-]{43}$/.test(get('code_challenge') ?? '') &&
    get('code_challenge_method') === 'S256' &&
    limits(request) &&
    isProof(header('dpop'), PAR)
  )
}

/** A cookie counts where each of its pieces came once, and nothing else under its name. */
export function hasCookies(cookies: string[], wanted: string[] | undefined): boolean {
  if (!wanted) return false
  const name = wanted[0]!.split('=')[0]!.replace(/-\d$/, '')
  const pairs = cookies
    .flatMap(text => text.split(';'))
    .filter(text => text.includes('='))
    .map(text => {
      const equals = text.indexOf('=')
      return [text.slice(0, equals).replace(/^[ \t]+|[ \t]+$/g, ''), text.slice(equals + 1).trim()].join('=')
    })
  const ours = pairs.filter(pair => new RegExp(`^${name}(-[0-9])?=`).test(pair))
  return [...ours].sort().join() === [...wanted].sort().join()
}

function hasSession({ ask, get, header }: Request, client: Known): boolean {
  if (!client.session || header('dpop') !== undefined) return false
  if (client.native) return ask.cookies.length === 0 && header('authorization') === HANDLE
  return header('authorization') === undefined && hasCookies(ask.cookies, SESSION_COOKIES[get('client_id')!])
}

function session(request: Request, client: Known): boolean {
  const { ask, get, header } = request
  const scope = get('scope')?.split(' ')
  if (scope && !scope.every(one => SCOPE.includes(one))) return false
  if (get('ticket') !== undefined) {
    const free =
      ask.cookies.length === 0 && header('authorization') === undefined && header('dpop') === undefined
    return client.native === true && free && get('ticket') === TICKET && get('code_verifier') === VERIFIER
  }
  const less = scope !== undefined && !SCOPE.every(one => scope.includes(one))
  return hasSession(request, client) && (get('force') === 'true' || less)
}

function logout(request: Request, client: Known): boolean {
  const { get } = request
  const back = get('post_logout_redirect_uri')
  return (
    hasSession(request, client) &&
    (back === undefined || back === `${ORIGIN}/bye`) &&
    VISIBLE.test(get('state') ?? 'none')
  )
}

function login(request: Request): boolean {
  const { get, header } = request
  const client = known(get('client_id'))
  // What begins no request of ours to the provider costs nothing: the browser goes there by itself.
  if (!client?.session || !client.par || hasCredentials(request)) return false
  if (!client.native && header('sec-fetch-site') === 'cross-site') return false
  const scope = (get('scope') ?? 'openid').split(' ').every(one => SCOPE.includes(one))
  if (!scope || !/^[0-9]{1,9}$/.test(get('max_age') ?? '0')) return false
  if (client.native) {
    const challenged =
      get('code_challenge_method') === 'S256' && /^[\w-]{43}$/.test(get('code_challenge') ?? '')
    return challenged && get('return_to') === 'com.example.app:/signed-in'
  }
  return isOwnPage(get('return_to') ?? '/')
}

/** As a browser would read it, from a page of the app. */
function isOwnPage(text: string): boolean {
  if (text.length > 2_048 || !URL.canParse(text, ORIGIN)) return false
  const { protocol, origin, username, password } = new URL(text, ORIGIN)
  return protocol === 'https:' && origin === ORIGIN && username + password === ''
}

function callback({ ask, get }: Request, twice: boolean): 0 | 1 {
  const client_id = Object.keys(CLIENTS).find(one => stateOf(one) === get('state')) ?? ''
  const client = known(client_id)
  if (!client || twice || !hasCookies(ask.cookies, LOGIN_COOKIES[client_id])) return 0
  const iss = get('iss')
  if (iss === undefined ? client.iss : iss !== ISSUER) return 0
  if (get('error') !== undefined || !VISIBLE.test(get('code') ?? '')) return 0
  // A native app's browser gets a ticket, and nothing is asked for yet.
  return client.native ? 0 : 1
}
