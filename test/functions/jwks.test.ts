import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { calculateJwkThumbprint, compactVerify, createLocalJWKSet, type JSONWebKeySet } from 'jose'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { jwks } from '../../functions/jwks.ts'
import { publicDocument } from '../../functions/shell.ts'
import { parseRegistrations } from '../../lib/config/registrations.ts'
import { ProxyError } from '../../lib/errors.ts'
import type { LogRecord } from '../../lib/log.ts'
import type { Reader } from '../../lib/reader.ts'
import { ROOT } from '../support/deployment.ts'
import { ARN, event, registration } from '../support/function.ts'
import { ALGS, testKey } from '../support/keys.ts'

const PATH = '/.well-known/jwks.json'
const arn = (n: number) => ARN.replace(/1$/, String(n))

function key(n: number, alg: (typeof ALGS)[number], state: string, more = {}) {
  const experimental = alg.startsWith('ML-DSA') ? { experimental: true } : {}
  return {
    kms_key_arn: arn(n),
    alg,
    ...experimental,
    public_jwk: testKey(alg, `key-${n}`).public_jwk,
    state,
    ...more,
  }
}

/** The function over one document. */
function published(clients: Record<string, unknown>[], parts: Partial<Reader> & { expired?: boolean } = {}) {
  const log: LogRecord[] = []
  const registrations = parseRegistrations(JSON.stringify({ version: 1, clients }), {
    revision: 'r',
    onLambda: true,
  })
  const reader: Reader = {
    configuration: async () => ({ registrations, expired: parts.expired ?? false }),
    log: record => log.push(record),
    ...parts,
  }
  const { handler } = publicDocument(PATH, jwks, () => reader)
  const request = (method = 'GET', headers: Record<string, string> = {}, path = PATH) =>
    handler(event(undefined, { path, method, headers, body: '' }))
  return { request, log }
}

const KEYS = [key(1, 'RS256', 'retired'), key(2, 'ES256', 'active'), key(3, 'EdDSA', 'next')]

describe('JWKS-1: the set', () => {
  test('holds the keys of all three states, each under its RFC 7638 thumbprint', async () => {
    const { request } = published([registration({ signing_keys: KEYS })])
    const { statusCode, body } = await request()
    expect(statusCode).toBe(200)
    const { keys } = JSON.parse(body)
    const expected = await Promise.all(
      KEYS.map(async ({ alg, public_jwk }) => [await calculateJwkThumbprint(public_jwk), alg, 'sig']),
    )
    expect(keys.map(({ kid, alg, use }: Record<string, string>) => [kid, alg, use])).toEqual(expected)
  })

  test.each(ALGS.filter(alg => !alg.startsWith('ML-DSA')))('%s: its members, and no other', async alg => {
    const { request } = published([
      registration({
        provider: 'generic',
        token_endpoint: 'https://as.example/token',
        signing_keys: [key(1, alg, 'active', { kid: 'own' })],
      }),
    ])
    const [one] = JSON.parse((await request()).body).keys
    const material = { RSA: ['n', 'e'], EC: ['crv', 'x', 'y'], OKP: ['crv', 'x'] }[
      one.kty as 'RSA' | 'EC' | 'OKP'
    ]
    expect(Object.keys(one).sort()).toEqual(['kty', 'kid', 'use', 'alg', ...material].sort())
    expect(one.kid).toBe('own')
  })

  test('verifies what its key signs', async () => {
    const { request } = published([registration({ signing_keys: KEYS })])
    const set = JSON.parse((await request()).body) as JSONWebKeySet
    const key2 = testKey('ES256', 'key-2')
    const kid = await calculateJwkThumbprint(key2.public_jwk)
    const input = `${Buffer.from(JSON.stringify({ alg: 'ES256', kid })).toString('base64url')}.e30`
    const signature = key2.sign(Buffer.from(input)).toString('base64url')
    await expect(compactVerify(`${input}.${signature}`, createLocalJWKSet(set))).resolves.toBeDefined()
  })

  test('holds a key that two clients share once', async () => {
    const { request } = published([
      registration({ signing_keys: [KEYS[1]] }),
      registration({ client_id: 'app-2', signing_keys: [KEYS[1]] }),
    ])
    expect(JSON.parse((await request()).body).keys).toHaveLength(1)
  })

  test('of no client is empty', async () => {
    expect((await published([]).request()).body).toBe('{"keys":[]}')
  })

  test('gives away no ARN, account or client', async () => {
    const { body } = await published([registration({ signing_keys: KEYS })]).request()
    expect(body).not.toMatch(/arn:|111122223333|app-1/)
  })
})

describe('JWKS-3: its answers', () => {
  test('have type, life, tag and open CORS', async () => {
    const { headers } = await published([registration()]).request('GET', {
      origin: 'https://anybody.example',
    })
    expect(headers).toMatchObject({
      'content-type': 'application/jwk-set+json',
      'cache-control': 'public, max-age=60',
      'access-control-allow-origin': '*',
      'cross-origin-resource-policy': 'cross-origin',
      'x-content-type-options': 'nosniff',
      etag: expect.stringMatching(/^"[A-Za-z0-9_-]{43}"$/),
    })
    expect(headers).not.toHaveProperty('access-control-allow-credentials')
    expect(headers).not.toHaveProperty('pragma')
  })

  test('are 304 without a body for whoever has it, by the weak comparison', async () => {
    const { request, log } = published([registration()])
    const { headers } = await request()
    const etag = headers.etag!
    for (const tag of [etag, `W/${etag}`, `"x", ${etag}`, '*']) {
      const again = await request('GET', { 'if-none-match': tag })
      expect([again.statusCode, again.body, again.headers.etag]).toEqual([304, '', etag])
    }
    expect((await request('GET', { 'if-none-match': '"other"' })).statusCode).toBe(200)
    expect(log.map(({ outcome }) => outcome)).toContain('not_modified')
  })

  test('have another tag for other keys', async () => {
    const tags = await Promise.all(
      [KEYS.slice(0, 2), KEYS].map(
        async signing_keys => (await published([registration({ signing_keys })]).request()).headers.etag,
      ),
    )
    expect(tags[0]).not.toBe(tags[1])
  })

  test('HEAD has no body, OPTIONS is a preflight, the rest is 405 with Allow', async () => {
    const { request } = published([registration()])
    expect(await request('HEAD')).toMatchObject({ statusCode: 200, body: '' })
    expect(await request('OPTIONS')).toMatchObject({
      statusCode: 204,
      headers: { 'access-control-allow-origin': '*', 'access-control-allow-methods': 'GET, HEAD' },
    })
    const { statusCode, headers, body } = await request('POST')
    expect([statusCode, headers.allow]).toEqual([405, 'GET, HEAD, OPTIONS'])
    expect(JSON.parse(body).error_description).toBe('This endpoint takes GET.')
  })

  test('another path is not served, and does not get into the log', async () => {
    const { log } = published([registration()])
    const { handler } = publicDocument(PATH, jwks, () => ({
      configuration: async () => Promise.reject(new Error()),
      log: record => log.push(record),
    }))
    await handler(event(undefined, { path: '/other"path', method: 'GET', body: '' }))
    expect(JSON.stringify(log)).not.toContain('other')
    const { request } = published([registration()])
    expect((await request('GET', {}, '/else')).statusCode).toBe(404)
  })

  test.each([
    ['unreadable', { configuration: () => Promise.reject(new ProxyError('configuration_unavailable')) }],
    ['too old', { expired: true }],
  ])('are 503, readable and not to be kept, where the configuration is %s', async (_, parts) => {
    const { statusCode, headers } = await published([registration()], parts).request()
    expect(statusCode).toBe(503)
    expect(headers).toMatchObject({ 'cache-control': 'no-store', 'access-control-allow-origin': '*' })
  })

  test('are those that docs/openapi.yaml has', async () => {
    const document = parse(readFileSync(join(ROOT, 'docs/openapi.yaml'), 'utf8'))
    const { get, options } = document.paths[PATH]
    const { request } = published([registration()])
    const fixed = (headers: Record<string, { schema?: { const?: string } }>) =>
      Object.fromEntries(
        Object.entries(headers).flatMap(([name, { schema }]) =>
          schema?.const === undefined ? [] : [[name.toLowerCase(), schema.const]],
        ),
      )
    expect((await request()).headers).toMatchObject(fixed(get.responses['200'].headers))
    expect((await request('OPTIONS')).headers).toMatchObject(fixed(options.responses['204'].headers))
    expect(get.responses['200'].content).toHaveProperty(['application/jwk-set+json'])
  })
})

test('JWKS-4: what it is made of has no KMS in it', () => {
  // The bundle's own account of itself.
  const contents = JSON.parse(readFileSync(join(ROOT, 'infra/contents.json'), 'utf8'))
  expect(Object.keys(contents.jwks)).toContain('@aws-sdk/client-secrets-manager')
  expect(Object.keys(contents.jwks)).not.toContain('@aws-sdk/client-kms')
})
