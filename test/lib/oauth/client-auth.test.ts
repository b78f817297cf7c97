import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Signer } from '../../../lib/jose/signer.ts'
import type { AssertionOptions } from '../../../lib/oauth/client-assertion.ts'
import {
  type AssertionFacts,
  CLIENT_ASSERTION_TYPE,
  type PrivateKeyJwtOptions,
  privateKeyJwt,
} from '../../../lib/oauth/client-auth.ts'
import { createRuntime } from '../../../lib/runtime.ts'
import { sourceOf } from '../../support/client.ts'
import { rejection } from '../../support/fake-provider.ts'
import { decode, testKey, testSigner } from '../../support/keys.ts'

const fake: Signer = { alg: 'ES256', kid: 'kid-1', sign: async () => Buffer.from('signature') }
const clock = { now: () => 1_790_000_000_999, randomId: () => 'jti-1' }

const { randomId } = createRuntime(
  {},
  {
    source: { inline: '{}' },
    onLambda: false,
    credentials: { accessKeyId: 'a', secretAccessKey: 's' },
  },
)

/** The body that authentication leaves behind. */
async function authenticated(
  { aud, onSigned, ...changes }: PrivateKeyJwtOptions & Partial<AssertionOptions> = {},
  { issuer = 'https://auth.example.com/as', client_id = 'app-1', signer = fake } = {},
): Promise<URLSearchParams> {
  const body = new URLSearchParams({ grant_type: 'authorization_code', code: 'c' })
  const assertions = sourceOf(signer, { client_id, ...clock, ...changes })
  await privateKeyJwt(assertions, { aud, onSigned })({ issuer }, { client_id }, body)
  return body
}

const assertionOf = (body: URLSearchParams) => decode(body.get('client_assertion')!)

describe('what it adds to the body', () => {
  test('REQ-1: client_id, the type and one assertion, beside what was there', async () => {
    const body = await authenticated()
    expect([...body.keys()]).toEqual([
      'grant_type',
      'code',
      'client_id',
      'client_assertion_type',
      'client_assertion',
    ])
    expect(body.get('client_id')).toBe('app-1')
    expect(body.get('client_assertion_type')).toBe(CLIENT_ASSERTION_TYPE)
  })

  test('REQ-1: what a body brought along by these names is replaced, not doubled', async () => {
    const body = new URLSearchParams([
      ['client_id', 'evil'],
      ['client_id', 'evil-2'],
      ['client_assertion', 'e.v.il'],
      ['client_assertion_type', 'x'],
    ])
    await privateKeyJwt(sourceOf(fake, clock))({ issuer: 'https://a' }, { client_id: 'app-1' }, body)
    expect(body.getAll('client_id')).toEqual(['app-1'])
    expect(body.getAll('client_assertion')).toHaveLength(1)
    expect(body.getAll('client_assertion_type')).toEqual([CLIENT_ASSERTION_TYPE])
  })

  test('ASRT-12, ASRT-15: the type is that of RFC 10070, or the one that is configured', async () => {
    expect(assertionOf(await authenticated()).header).toEqual({
      alg: 'ES256',
      kid: 'kid-1',
      typ: 'client-authentication+jwt',
    })
    expect(assertionOf(await authenticated({ typ: 'JWT' })).header.typ).toBe('JWT')
  })

  test('ASRT-7, ASRT-8: clock and lifetime are those it was given', async () => {
    const { claims } = assertionOf(await authenticated({ lifetime: 15 }))
    expect([claims.iat, claims.exp]).toEqual([1_790_000_000, 1_790_000_015])
  })
})

describe('ASRT-3: the audience', () => {
  test('is the issuer byte for byte, whatever it is, and one string', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(
          fc.webUrl(),
          fc.string({ unit: 'grapheme' }),
          fc.webUrl().map(url => `${url}/`),
        ),
        async issuer => {
          const { claims } = assertionOf(await authenticated({}, { issuer }))
          expect(claims.aud).toBe(issuer)
        },
      ),
      { numRuns: 500 },
    )
  })

  test.each([
    'https://auth.example.com',
    'https://auth.example.com/',
    'https://auth.example.com/as/',
    'https://AUTH.example.com:443/as',
    'https://auth.example.com/%41s',
    'https://auth.example.com/a/../as',
  ])('is not normalised: %s', async issuer => {
    expect(assertionOf(await authenticated({}, { issuer })).claims.aud).toBe(issuer)
  })

  test('ASRT-4: is the one that is configured, where one is', async () => {
    const aud = 'https://auth.example.com/as/token'
    expect(assertionOf(await authenticated({ aud })).claims.aud).toBe(aud)
  })
})

describe('one assertion for one request', () => {
  test('ASRT-10: 10 000 assertions, 10 000 jti of 128 bits', async () => {
    const authenticate = privateKeyJwt(sourceOf(fake, { now: clock.now, randomId }))
    const seen = new Set<unknown>()
    for (let n = 0; n < 10_000; n++) {
      const body = new URLSearchParams()
      await authenticate({ issuer: 'https://a' }, { client_id: 'app-1' }, body)
      const { jti } = assertionOf(body).claims
      expect(jti).toMatch(/^[A-Za-z0-9_-]{22}$/)
      seen.add(jti)
    }
    expect(seen.size).toBe(10_000)
  })

  test('ASRT-11: 200 at once are 200 signatures with 200 jti', async () => {
    const signer = testSigner(testKey('ES256'))
    const authenticate = privateKeyJwt(sourceOf(signer, { now: clock.now, randomId }))
    const bodies = await Promise.all(
      Array.from({ length: 200 }, async () => {
        const body = new URLSearchParams()
        await authenticate({ issuer: 'https://a' }, { client_id: 'app-1' }, body)
        return body
      }),
    )
    expect(new Set(bodies.map(body => assertionOf(body).claims.jti)).size).toBe(200)
    expect(signer.calls).toBe(200)
  })

  test('LOG-2: what was signed is told without the assertion', async () => {
    const facts: AssertionFacts[] = []
    const sign = async () => Object.assign(Buffer.from('signature'), { requestId: 'request-1' })
    const body = await authenticated(
      { onSigned: fact => facts.push(fact) },
      { signer: { ...fake, sign } as Signer },
    )
    expect(facts).toEqual([{ jti: 'jti-1', kms_request_id: 'request-1', ahead: false }])
    expect(JSON.stringify(facts)).not.toContain(body.get('client_assertion')!.split('.')[2])
  })

  test('a signer that fails leaves a body without credentials', async () => {
    const error = new Error('no')
    const body = new URLSearchParams({ code: 'c' })
    const facts: AssertionFacts[] = []
    const authenticate = privateKeyJwt(sourceOf({ ...fake, sign: () => Promise.reject(error) }, clock), {
      onSigned: fact => facts.push(fact),
    })
    expect(await rejection(authenticate({ issuer: 'https://a' }, { client_id: 'a' }, body))).toBe(error)
    expect([body.toString(), facts]).toEqual(['code=c', []])
  })
})
