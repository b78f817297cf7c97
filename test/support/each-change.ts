import { HEADERS } from './any-request.ts'
import { type Ask, MEANT } from './meant-requests.ts'

/** What is nearly right, or right somewhere else. */
const NEARLY = ['', 'canary\n', 'openid admin', '//evil.example', 'client_credentials', 'bearer', 'mediated']
const ROUTES = [...new Set(MEANT.map(({ route }) => route)), '/', '/token/']
const CREDENTIALS = [
  'client_secret',
  'client_assertion',
  'client_assertion_type',
  'request',
  'request_uri',
  'error',
  'ticket',
]

/** A request with one thing about it changed, in every way that is listed here. */
export function eachChange(ask: Ask): Ask[] {
  const { headers, params, cookies } = ask
  const without = <T>(items: readonly T[], index: number) => items.toSpliced(index, 1)
  const headersNow: Ask['headers'][] = [
    ...headers.map((_, index) => without(headers, index)),
    ...headers.map(header => [...headers, header]),
    ...Object.entries(HEADERS).flatMap(([name, values]) =>
      values.map((value): Ask['headers'] => [...headers.filter(([one]) => one !== name), [name, value]]),
    ),
  ]
  const paramsNow: Ask['params'][] = [
    ...params.map((_, index) => without(params, index)),
    ...params.map(param => [...params, param]),
    ...params.flatMap(([name, value], index) =>
      [...NEARLY, `${value}x`, `${value} `, `${value}\u00e9`, value.slice(1)].map((other): Ask['params'] =>
        params.with(index, [name, other]),
      ),
    ),
    ...CREDENTIALS.map((name): Ask['params'] => [...params, [name, 'canary']]),
  ]
  const cookiesNow = [
    ...cookies.map((_, index) => without(cookies, index)),
    ...cookies.map(cookie => [...cookies, cookie]),
    ...cookies.map((cookie, index) =>
      cookies.with(index, `${cookie.slice(0, -1)}${cookie.endsWith('A') ? 'B' : 'A'}`),
    ),
    [...cookies, 'a=b'],
  ]
  return [
    ...headersNow.map(now => ({ ...ask, headers: now })),
    ...paramsNow.map(now => ({ ...ask, params: now })),
    ...cookiesNow.map(now => ({ ...ask, cookies: now })),
    ...['GET', 'POST', 'OPTIONS', 'PUT'].map(method => ({ ...ask, method })),
    ...ROUTES.map(route => ({ ...ask, route })),
  ]
}
