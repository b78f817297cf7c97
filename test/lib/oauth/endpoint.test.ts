import { describe, expect, test } from 'vitest'
import type { AuthorizationServer } from '../../../lib/config/client.ts'
import { ProxyError } from '../../../lib/errors.ts'
import type { Answer } from '../../../lib/http/post.ts'
import type { Signer } from '../../../lib/jose/signer.ts'
import { privateKeyJwt } from '../../../lib/oauth/client-auth.ts'
import { audience, authenticatedRequest } from '../../../lib/oauth/endpoint.ts'
import { client, sourceOf } from '../../support/client.ts'
import { rejection } from '../../support/fake-provider.ts'
import { decode, testKey, testSigner } from '../../support/keys.ts'

const as: AuthorizationServer = {
  issuer: 'https://a.example.com/as',
  token_endpoint: 'https://a.example.com/as/token',
  pushed_authorization_request_endpoint: 'https://a.example.com/as/par',
}
const PAR = as.pushed_authorization_request_endpoint!

describe('ASRT-3, ASRT-4, ASRT-20: the audience rule of a client', () => {
  test.each([
    ['issuer', as.token_endpoint, as.issuer],
    ['issuer', PAR, as.issuer],
    ['token_endpoint', as.token_endpoint, as.token_endpoint],
    ['token_endpoint', PAR, as.token_endpoint],
    ['request_endpoint', as.token_endpoint, as.token_endpoint],
    ['request_endpoint', PAR, PAR],
    ['https://literal.example/', as.token_endpoint, 'https://literal.example/'],
    ['https://literal.example/', PAR, 'https://literal.example/'],
    ['Issuer', PAR, 'Issuer'],
  ])('%s at %s: %s', (rule, endpoint, expected) => {
    expect(audience(rule, as, endpoint)).toBe(expected)
  })

  test.each(['issuer', 'token_endpoint', 'request_endpoint'])(
    'ASRT-4: with %s an assertion for one server never names another',
    rule => {
      const b = { issuer: 'https://b.example.net', token_endpoint: 'https://b.example.net/token' }
      expect(audience(rule, as, as.token_endpoint)).toContain('a.example.com')
      expect(audience(rule, b, b.token_endpoint)).toContain('b.example.net')
    },
  )
})

describe('an authenticated request', () => {
  const answer: Answer = { status: 200, headers: {}, body: '' }
  const authenticateBy = (signer: Signer) => privateKeyJwt(sourceOf(signer))

  test('is signed, then sent once, to the endpoint it was given', async () => {
    const order: string[] = []
    const key = testKey('ES256')
    const signer = {
      ...testSigner(key),
      async sign(input: Uint8Array) {
        order.push('sign')
        return key.sign(input)
      },
    }
    let form = new URLSearchParams()
    const parameters = new URLSearchParams({ code: 'a&client_id=evil' })
    const got = await authenticatedRequest(
      PAR,
      client({ as }),
      authenticateBy(signer),
      parameters,
      async (url, body) => {
        order.push(url)
        form = body
        return answer
      },
    )
    expect(got).toBe(answer)
    expect(order).toEqual(['sign', PAR])
    expect(form.getAll('code')).toEqual(['a&client_id=evil'])
    expect(form.getAll('client_id')).toEqual(['app-1'])
    expect(decode(form.get('client_assertion')!).claims.aud).toBe(as.issuer)
    // What the caller's parameters were is still that: a second use would not carry the first one's assertion.
    expect([...parameters.keys()]).toEqual(['code'])
  })

  test('KMS-12: nothing is sent where nothing could be signed', async () => {
    let sent = 0
    const error = new ProxyError('signer_unavailable')
    const signer = { ...testSigner(testKey('ES256')), sign: () => Promise.reject(error) }
    const request = authenticatedRequest(
      as.token_endpoint,
      client({ as }),
      authenticateBy(signer),
      new URLSearchParams(),
      async () => {
        sent++
        return answer
      },
    )
    expect(await rejection(request)).toBe(error)
    expect(sent).toBe(0)
  })

  test('REQ-8, ASRT-4: neither is repeated when sending fails', async () => {
    const signer = testSigner(testKey('ES256'))
    let sent = 0
    const error = new ProxyError('upstream_lost')
    const request = authenticatedRequest(
      as.token_endpoint,
      client({ as }),
      authenticateBy(signer),
      new URLSearchParams(),
      async () => {
        sent++
        throw error
      },
    )
    expect(await rejection(request)).toBe(error)
    expect([sent, signer.calls]).toEqual([1, 1])
  })
})
