import fc from 'fast-check'
import {
  CHALLENGE,
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
import { anyText, at, changedList, changedText, place } from './arbitraries.ts'
import { ORIGIN, REDIRECT_URI, VERIFIER } from './function.ts'
import { type Ask, dressed, FORM, JSON_TYPE, type Pairs, WEB } from './meant-requests.ts'
import { ISSUER } from './session.ts'

// Requests as people mean them, each with a few changes.

const CLIENTS = Object.keys(WEB)
const origins = [
  'null',
  'https://evil.example',
  `${ORIGIN}/`,
  ...Object.values(WEB).map(({ origin = '' }) => origin),
]
/** The headers that have a say, each with values that are right and some that are not. */
export const HEADERS: Record<string, string[]> = {
  origin: origins,
  'content-type': [
    FORM,
    `${FORM}; charset=utf-8`,
    FORM.toUpperCase(),
    JSON_TYPE,
    'text/plain',
    'multipart/form-data',
    '',
  ],
  authorization: ['Basic canary', 'Bearer canary', HANDLE, ''],
  dpop: [
    proofOf(`${ISSUER}/token`),
    proofOf(PAR),
    proofOf(`${ISSUER}/token`, 'GET'),
    proofOf('https://evil.example/token'),
    'canary',
    '',
  ],
  'x-csrf': ['1', '0', '1 ', ''],
  'sec-fetch-site': ['same-origin', 'same-site', 'cross-site', 'none', ''],
  'sec-fetch-dest': ['document', 'iframe', 'empty', ''],
  'x-canary': ['canary'],
  'x-original-url': ['/admin'],
  x_csrf: ['1'],
}
const oneHeader = fc
  .constantFrom(...Object.entries(HEADERS))
  .chain(([name, values]) =>
    fc.tuple(fc.constantFrom(name, name.toUpperCase()), fc.oneof(fc.constantFrom(...values), anyText(10))),
  )

const secret = anyText().map(text => `canary${text}`)
const NAMES = [
  ...[
    'client_id',
    'client_secret',
    'client_assertion',
    'client_assertion_type',
    'grant_type',
    'code',
    'redirect_uri',
  ],
  ...[
    'code_verifier',
    'code_challenge',
    'code_challenge_method',
    'scope',
    'resource',
    'refresh_token',
    'token',
    'iss',
  ],
  ...[
    'token_type_hint',
    'device_code',
    'response_type',
    'request',
    'request_uri',
    'state',
    'nonce',
    'max_age',
    'error',
  ],
  ...[
    'prompt',
    'force',
    'ticket',
    'return_to',
    'post_logout_redirect_uri',
    'audience',
    'username',
    '__proto__',
  ],
]
const VALUES = [
  ...[
    ...CLIENTS,
    'authorization_code',
    'refresh_token',
    DEVICE,
    'client_credentials',
    'password',
    'code',
    'token',
  ],
  ...[
    REDIRECT_URI,
    `${REDIRECT_URI}/`,
    VERIFIER,
    'v'.repeat(42),
    'v'.repeat(129),
    CHALLENGE,
    'S256',
    'plain',
    'true',
  ],
  ...[
    '',
    '/here',
    '//evil.example',
    '/\\evil.example',
    'https://evil.example/',
    `${ORIGIN}/a`,
    'javascript:0',
    '60',
  ],
  ...[
    'com.example.app:/signed-in',
    'openid',
    'profile openid',
    SCOPE.join(' '),
    'openid admin',
    'openid  profile',
  ],
  ...[
    ...RESOURCES,
    'https://other.example',
    ISSUER,
    TICKET,
    ...CLIENTS.map(stateOf),
    'v'.repeat(4_096),
    'v'.repeat(8_193),
  ],
]
const oneParam = fc.tuple(
  fc.oneof({ arbitrary: fc.constantFrom(...NAMES), weight: 9 }, { arbitrary: secret, weight: 1 }),
  fc.oneof({ arbitrary: fc.constantFrom(...VALUES), weight: 2 }, { arbitrary: secret, weight: 1 }),
)
const oneCookie = fc.oneof(
  fc.constantFrom(
    'a=b',
    '',
    'theme=dark; x=y',
    ...Object.values(SESSION_COOKIES).flat(),
    ...Object.values(LOGIN_COOKIES).flat(),
  ),
  anyText().map(text => `canary=${text}`),
  anyText(),
)

const listHow = fc.tuple(fc.constantFrom('without', 'doubled', 'reversed'), place)
const textHow = fc.tuple(fc.constantFrom('without', 'with', 'other'), place)

function put(pairs: Pairs, [name, value]: [string, string]): Pairs {
  return [...pairs.filter(([one]) => one.toLowerCase() !== name.toLowerCase()), [name, value]]
}

/** One of several, by a place that is drawn before anybody knows how many there are. */
function altered<T>(items: readonly T[], where: number, alter: (item: T) => T): T[] {
  return items.map((item, index) => (index === at(where, items.length) ? alter(item) : item))
}

type Change = (ask: Ask) => Ask

const changing = <T>(
  drawn: fc.Arbitrary<T>,
  made: (value: T, ask: Ask) => Partial<Ask>,
): fc.Arbitrary<Change> => drawn.map(value => ask => ({ ...ask, ...made(value, ask) }))

/** One change to a request, most of which make it one that nobody is let through with. */
const changeIn = (meant: readonly Ask[]): fc.Arbitrary<Change> =>
  fc.oneof(
    changing(listHow, ([how, where], { headers }) => ({ headers: changedList(headers, how, where) })),
    changing(oneHeader, (header, { headers }) => ({ headers: put(headers, header) })),
    changing(oneHeader, (header, { headers }) => ({ headers: [...headers, header] })),
    changing(listHow, ([how, where], { params }) => ({ params: changedList(params, how, where) })),
    changing(oneParam, (param, { params }) => ({ params: put(params, param) })),
    changing(oneParam, (param, { params }) => ({ params: [...params, param] })),
    changing(fc.tuple(place, fc.constantFrom(...VALUES)), ([where, value], { params }) => ({
      params: altered(params, where, ([name]) => [name, value]),
    })),
    changing(fc.tuple(place, textHow, anyText(1)), ([where, [how, inside], other], { params }) => ({
      params: altered(params, where, ([name, old]) => [name, changedText(old, how, inside, other)]),
    })),
    changing(listHow, ([how, where], { cookies }) => ({ cookies: changedList(cookies, how, where) })),
    changing(oneCookie, (cookie, { cookies }) => ({ cookies: [...cookies, cookie] })),
    changing(
      fc.tuple(place, textHow, fc.constantFrom(...'aA9-_.=; +/')),
      ([where, [how, inside], other], { cookies }) => ({
        cookies: altered(cookies, where, old => changedText(old, how, inside, other)),
      }),
    ),
    changing(
      fc.oneof(fc.constantFrom('GET', 'POST', 'OPTIONS', 'HEAD', 'post', 'PUT'), anyText(8)),
      method => ({ method }),
    ),
    changing(
      fc.oneof(fc.constantFrom(...meant.map(({ route }) => route), '/', '/token/', '/Token'), anyText(12)),
      route => ({ route }),
    ),
    changing(anyText(200), raw => ({ raw })),
  )

/** A request of one of these kinds, in any dress, with up to three changes. */
export const changed = (meant: readonly Ask[]): fc.Arbitrary<Ask> =>
  fc
    .tuple(
      fc.constantFrom(...meant),
      fc.record({ base64: fc.boolean(), v1: fc.boolean(), json: fc.boolean() }),
      fc.array(changeIn(meant), { maxLength: 3 }),
    )
    .map(([ask, dress, changes]) => changes.reduce((before, one) => one(before), dressed(ask, dress)))
