import { describe, expect, test } from 'vitest'
import { DPOP_PROOF_MAX_B } from '../../../lib/limits.ts'
import { nonceHeader, nonceOf, readProof } from '../../../lib/oauth/dpop.ts'

const ENDPOINT = 'https://auth.example.com/as/token'
const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')
const proof = (claims: unknown, header: unknown = { typ: 'dpop+jwt', alg: 'ES256' }) =>
  `${encode(header)}.${encode(claims)}.c2lnbmF0dXJl`

describe('DPOP-1: one proof', () => {
  const good = proof({ htm: 'POST', htu: ENDPOINT, jti: 'j', iat: 1 })

  test('passes as it came, and none is none', () => {
    expect(readProof(good, ENDPOINT)).toBe(good)
    expect(readProof(undefined, ENDPOINT)).toBeUndefined()
  })

  test('of 4096 bytes is taken, a byte more is not', () => {
    const longest = good + 'x'.repeat(DPOP_PROOF_MAX_B - good.length)
    expect(readProof(longest, ENDPOINT)).toBe(longest)
    expect(() => readProof(`${longest}x`, ENDPOINT)).toThrow('dpop_malformed')
  })

  test.each([
    ['two, as a gateway joins them', `${good},${good}`],
    ['two, with a space', `${good}, ${good}`],
    ['nothing', ''],
    ['two parts', good.split('.').slice(0, 2).join('.')],
    ['four parts', `${good}.x`],
    ['another alphabet', good.replace('.', '.+')],
    ['a line break', `${good}\r\nx-evil: 1`],
    ['more than 4 KiB', proof({ htm: 'POST', htu: ENDPOINT, pad: 'x'.repeat(4_000) })],
    ['claims that are no JSON', `${encode({})}.e30x.c2ln`],
    ['claims that are no object', proof('text')],
    ['claims that are null', proof(null)],
  ])('%s: malformed', (_, dpop) => {
    expect(() => readProof(dpop, ENDPOINT)).toThrow('dpop_malformed')
  })
})

describe('DPOP-2: it is for the provider', () => {
  test.each([
    ENDPOINT,
    'https://AUTH.example.com/as/token',
    'https://auth.example.com:443/as/token',
    `${ENDPOINT}?x=1#y`,
    'https://auth.example.com/as/./token',
  ])('%s names the endpoint', htu => {
    expect(readProof(proof({ htm: 'POST', htu }), ENDPOINT)).toBeDefined()
  })

  test('an endpoint with a query is named without it', () => {
    expect(readProof(proof({ htm: 'POST', htu: ENDPOINT }), `${ENDPOINT}?p=1`)).toBeDefined()
  })

  test.each([
    ['the proxy', { htm: 'POST', htu: 'https://api.example.com/token' }],
    ['another path', { htm: 'POST', htu: `${ENDPOINT}/` }],
    ['another scheme', { htm: 'POST', htu: ENDPOINT.replace('https', 'http') }],
    ['another port', { htm: 'POST', htu: 'https://auth.example.com:8443/as/token' }],
    ['another method', { htm: 'GET', htu: ENDPOINT }],
    ['a method in lower case', { htm: 'post', htu: ENDPOINT }],
    ['no URL', { htm: 'POST', htu: 'as/token' }],
    ['user information', { htm: 'POST', htu: 'https://user:pw@auth.example.com/as/token' }],
    ['backslashes', { htm: 'POST', htu: 'https:\\\\auth.example.com\\as\\token' }],
    ['a space', { htm: 'POST', htu: ` ${ENDPOINT}` }],
    ['a tab', { htm: 'POST', htu: ENDPOINT.replace('token', 'to\tken') }],
    ['no slashes', { htm: 'POST', htu: 'https:auth.example.com/as/token' }],
    ['a list', { htm: 'POST', htu: [ENDPOINT] }],
    ['nothing', {}],
  ])('%s is not', (_, claims) => {
    expect(() => readProof(proof(claims), ENDPOINT)).toThrow('dpop_target_wrong')
  })
})

describe('DPOP-4: the nonce of an answer', () => {
  const of = (nonce: string | undefined) =>
    nonceOf({ status: 200, headers: { 'dpop-nonce': nonce }, body: '' })

  test('passes', () => {
    expect(nonceHeader(of('eyJ7S_zG.eyJH0-Z.HX4w-7v'))).toEqual({ 'dpop-nonce': 'eyJ7S_zG.eyJH0-Z.HX4w-7v' })
    expect(of('x'.repeat(512))).toHaveLength(512)
  })

  test.each([undefined, '', 'two, nonces', 'a b', 'a"b', 'ä', 'x'.repeat(513)])('%j is none', nonce => {
    // No header either that is there and undefined.
    expect(nonceHeader(of(nonce))).toStrictEqual({})
  })
})
