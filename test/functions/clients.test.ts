import { describe, expect, test } from 'vitest'
import { routes } from '../../functions/routes.ts'
import { shell } from '../../functions/shell.ts'
import { warmUp } from '../../functions/warm-up.ts'
import { parseRegistrations } from '../../lib/config/registrations.ts'
import { DEVICE_CODE } from '../../lib/oauth/grants.ts'
import { pollIntervals } from '../../lib/oauth/poll-intervals.ts'
import { createAssertionsFor, type Deps } from '../../lib/runtime.ts'
import { event } from '../support/function.ts'
import { decode, testKey, testSigner } from '../support/keys.ts'

// Two clients of two issuers in one container: nothing of the one gets into what is sent for the other.

const ROUTES = [
  '/token',
  '/token refresh',
  '/token device',
  '/revoke',
  '/par',
  '/device_authorization',
] as const
const AUDIENCES = ['issuer', 'token_endpoint', 'request_endpoint']

const NAMES = ['a', 'b'] as const
type Name = (typeof NAMES)[number]

const keys = { a: testKey('ES256', 'a'), b: testKey('ES256', 'b') }
const arn = (name: Name) => `arn:aws:kms:eu-central-1:111122223333:key/key-of-${name}`
const issuer = (name: Name) => `https://${name}.example/as`
const ORIGIN = { a: 'https://app-a.example', b: 'https://app-b.example' }
const callback = (name: Name) => `${ORIGIN[name]}/callback`

function registration(name: Name, aud: string) {
  return {
    client_id: `client-${name}`,
    provider: 'pingone',
    issuer: issuer(name),
    signing_keys: [
      {
        kms_key_arn: arn(name),
        alg: 'ES256',
        public_jwk: keys[name].public_jwk,
        kid: `kid-${name}`,
        state: 'active',
      },
    ],
    assertion: { aud },
    allowed_origins: [ORIGIN[name]],
    redirect_uris: [callback(name)],
    grant_types: ['authorization_code', 'refresh_token', DEVICE_CODE],
    refresh: 'rotating',
  }
}

function container(aud: string) {
  const document = { version: 1, clients: NAMES.map(name => registration(name, aud)) }
  const registrations = parseRegistrations(JSON.stringify(document), { revision: '1', onLambda: true })
  const sent: { url: string; form: URLSearchParams }[] = []
  let ids = 0
  const own = { now: Date.now, randomId: () => `jti-${++ids}` }
  const signerFor: Deps['signerFor'] = async ({ kms_key_arn, kid }) =>
    testSigner(keys[kms_key_arn.endsWith('-a') ? 'a' : 'b'], kid)
  const deps: Omit<Deps, 'seals' | 'refreshes'> = {
    configuration: async () => ({ registrations, expired: false }),
    signerFor,
    assertionsFor: createAssertionsFor({ signerFor, ...own, log: () => {} }),
    async post(url, form, { onSent } = {}) {
      sent.push({ url, form })
      // Each next assertion is signed ahead, for whoever comes.
      onSent?.()
      return {
        status: 400,
        headers: { 'content-type': 'application/json' },
        body: '{"error":"invalid_grant"}',
      }
    },
    connect: async () => {},
    keysFor: () => undefined,
    polls: pollIntervals(own.now, code => code),
    log: () => {},
    ...own,
  }
  return { fn: shell(routes, () => deps as Deps, warmUp), sent }
}

let codes = 0

function request(name: Name, route: string) {
  const client_id = `client-${name}`
  const redirect_uri = callback(name)
  const s256 = { code_challenge: 'c'.repeat(43), code_challenge_method: 'S256' }
  const bodies: Record<string, Record<string, string>> = {
    '/token': { grant_type: 'authorization_code', code: 'c', redirect_uri, code_verifier: 'v'.repeat(43) },
    '/token refresh': { grant_type: 'refresh_token', refresh_token: 'rt' },
    '/token device': { grant_type: DEVICE_CODE, device_code: `dc-${++codes}` },
    '/revoke': { token: 't' },
    '/par': { response_type: 'code', redirect_uri, ...s256 },
    '/device_authorization': { scope: 'openid' },
  }
  const path = route.split(' ')[0]!
  return event({ client_id, ...bodies[route] }, { path, headers: { origin: ORIGIN[name] } })
}

/** Everything that reaches the provider of `name` is its own: address, client, key, audience. */
async function expectOwn({ url, form }: { url: string; form: URLSearchParams }, name: Name): Promise<void> {
  const other = name === 'a' ? 'b' : 'a'
  const { header, claims, input, signature } = decode(form.get('client_assertion')!)
  expect(url.startsWith(issuer(name))).toBe(true)
  expect(form.get('client_id')).toBe(`client-${name}`)
  expect(claims).toMatchObject({ iss: `client-${name}`, sub: `client-${name}` })
  expect(String(claims.aud).startsWith(issuer(name))).toBe(true)
  expect(header.kid).toBe(`kid-${name}`)
  expect([keys[name].verify(input, signature), keys[other].verify(input, signature)]).toEqual([true, false])
  expect(JSON.stringify([url, [...form], claims])).not.toContain(`${other}.example`)
}

describe.each(AUDIENCES)('T1, T2: aud %s', aud => {
  const pairs = ROUTES.flatMap(first => ROUTES.map(second => [first, second] as const))

  test(`${pairs.length} pairs of routes, one after the other and at once`, async () => {
    for (const [first, second] of pairs) {
      const { fn, sent } = container(aud)
      await fn.ready
      const requests = [
        ['a', first],
        ['b', second],
        ['a', second],
        ['b', first],
      ] as const
      for (const [name, route] of requests) {
        await fn.handler(request(name, route))
        await expectOwn(sent.at(-1)!, name)
      }
      const before = sent.length
      await Promise.all(requests.map(([name, route]) => fn.handler(request(name, route))))
      for (const one of sent.slice(before))
        await expectOwn(one, one.form.get('client_id') === 'client-a' ? 'a' : 'b')
      expect(sent.length, `${first} ${second}`).toBe(2 * requests.length)
      const jtis = sent.map(({ form }) => decode(form.get('client_assertion')!).claims.jti)
      expect(new Set(jtis).size).toBe(jtis.length)
    }
  })
})

test.each(ROUTES)('%s: one client’s origin cannot use the other client', async route => {
  const { fn, sent } = container('issuer')
  const { headers, ...rest } = request('a', route)
  const result = await fn.handler({ ...rest, headers: { ...headers, origin: ORIGIN.b } })
  expect([result.statusCode, sent.length]).toEqual([403, 0])
  expect(result.headers).not.toHaveProperty('access-control-allow-origin')
})
