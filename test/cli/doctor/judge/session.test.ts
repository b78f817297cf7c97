import { expect, test } from 'vitest'
import { isAnswered } from '../../../../cli/doctor/facts/http.ts'
import type { Begun } from '../../../../cli/doctor/facts/session.ts'
import { publicUrl, signInBegins } from '../../../../cli/doctor/judge/session.ts'
import type { SessionClient } from '../../../../lib/config/client.ts'
import { ProxyError } from '../../../../lib/errors.ts'
import { textReply } from '../../../../lib/http/reply.ts'
import { loginCookie } from '../../../../lib/session/cookies.ts'
import { toWire } from '../../../../lib/wire.ts'
import { heard, refused } from './heard.ts'

const client = {
  client_id: 'app-1',
  public_url: 'https://auth.example.com',
  as: { issuer: 'https://as.example', authorization_endpoint: 'https://as.example/authorize' },
} as SessionClient

const COOKIE = `${loginCookie('app-1')}=x; Max-Age=600; Path=/; Secure; HttpOnly; SameSite=Lax`
const AT = 'https://as.example/authorize?client_id=app-1'
const BY_URL = `${AT}&redirect_uri=https%3A%2F%2Fauth.example.com%2Fcallback`

function begun(location: string | undefined, { status = 303, cookies = [COOKIE], body = '' } = {}): Begun {
  const answer = heard(status)
  if (isAnswered(answer)) answer.body = body
  return {
    heard: answer,
    location: location === undefined ? undefined : new URL(location),
    cookies,
    return_to: 'https://app.example.com',
  }
}

const page = (reason: 'sessions_unavailable' | 'configuration_expired') =>
  textReply(toWire(new ProxyError(reason))).body!

test.each<[string, Begun, string, RegExp]>([
  ['by URL', begun(BY_URL), 'ok', /as\.example/],
  ['pushed', begun(`${AT}&request_uri=urn%3Ax`), 'ok', /as\.example/],
  ['without either', begun(AT), 'fail', /redirect_uri is absent/],
  ['of another client', begun(BY_URL.replace('app-1', 'app-2')), 'fail', /client_id/],
  ['nobody there', { ...begun(undefined), heard: refused }, 'fail', /ECONNREFUSED/],
  [
    'no keys',
    begun(undefined, { status: 503, body: page('sessions_unavailable') }),
    'fail',
    /no keys to seal/,
  ],
  ['another 503', begun(undefined, { status: 503, body: page('configuration_expired') }), 'fail', /HTTP 503/],
  ['no location', begun(undefined), 'fail', /HTTP 303/],
  [
    'back at once',
    begun('https://app.example.com/?error=server_error&error_description=No.'),
    'fail',
    /before it has begun: server_error No\./,
  ],
  ['no cookie', begun(BY_URL, { cookies: [] }), 'fail', /no cookie __Host-Http-cs-login-/],
  [
    'another client’s cookie',
    begun(BY_URL, { cookies: [COOKIE.replace(/login-\w/, 'login-_')] }),
    'fail',
    /no cookie/,
  ],
  ...['; Secure', '; HttpOnly', '; Path=/', '; SameSite=Lax'].map((part): [string, Begun, string, RegExp] => [
    `a cookie without${part}`,
    begun(BY_URL, { cookies: [COOKIE.replace(part, '')] }),
    'fail',
    /its cookie is not /,
  ]),
])('a sign-in %s', (_, given, status, says) => {
  const finding = signInBegins(client, given)
  expect([finding.status, finding.detail]).toEqual([status, expect.stringMatching(says)])
})

test.each([
  ['https://auth.example.com', 'https://auth.example.com', 'ok'],
  ['https://auth.example.com', 'https://auth.example.com/stage', 'ok'],
  ['https://auth.example.com', 'https://api.example.com', 'fail'],
  ['http://api.example.localhost:8401', 'http://127.0.0.1:8401', 'ok'],
  ['http://api.example.localhost:8401', 'http://127.0.0.1:8402', 'fail'],
  ['https://127.0.0.1:8401', 'http://127.0.0.1:8401', 'fail'],
  ['http://auth.example.com:8401', 'http://127.0.0.1:8401', 'fail'],
])('public_url %s of a deployment at %s: %s', (public_url, url, status) => {
  expect(publicUrl({ ...client, public_url }, url)?.status ?? 'ok').toBe(status)
})
