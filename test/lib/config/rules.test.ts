import { describe, expect, test } from 'vitest'
import { crossProblems } from '../../../lib/config/rules.ts'
import { akpJwk, ecJwk, key, nativeClient, okpJwk, rsaJwk, webClient } from './documents.ts'

const rulesOf = (...clients: unknown[]) => crossProblems({ version: 1, clients })
const other = { client_id: 'other-client', issuer: 'https://auth.pingone.eu/other-env/as' }

describe('client ids', () => {
  test('two clients with one client_id are refused, whatever their issuers', () => {
    const message = 'is the client_id of an earlier client too'
    expect(rulesOf(webClient(), nativeClient(), webClient())).toEqual([
      { path: 'clients[2].client_id', message },
    ])
    expect(rulesOf(webClient(), nativeClient({ client_id: 'web-client' }))).toEqual([
      { path: 'clients[1].client_id', message },
    ])
  })

  test('they are compared exactly', () => {
    expect(rulesOf(webClient(), webClient({ client_id: 'Web-Client' }))).toEqual([])
  })
})

describe('keys of one client', () => {
  test('an ARN that is repeated is refused', () => {
    const signing_keys = [key('k1'), key('k2', { state: 'next' }, 2), key('k1', { state: 'retired' })]
    expect(rulesOf(webClient({ signing_keys }))).toEqual([
      {
        path: 'clients[0].signing_keys[2].kms_key_arn',
        message: 'is the ARN of an earlier key of this client too',
      },
    ])
  })
})

describe('one public key of a client', () => {
  test('under two ARNs is refused: of two entries with one kid nobody could say which is meant', () => {
    const [one, other] = [key('k1'), key('k2', { state: 'retired' }, 2)]
    const signing_keys = [one, { ...other, public_jwk: one.public_jwk }]
    expect(rulesOf(webClient({ signing_keys }))).toEqual([
      {
        path: 'clients[0].signing_keys[1].public_jwk',
        message: 'is the public key of an earlier key of this client too: name replicas under one key',
      },
    ])
  })
})

describe('ASRT-6: one key, one issuer', () => {
  test('clients of one issuer may share a key', () => {
    expect(rulesOf(webClient(), webClient({ client_id: 'second' }))).toEqual([])
  })

  test('clients of two issuers may not share an ARN', () => {
    expect(rulesOf(webClient(), webClient(other))).toEqual([
      {
        path: 'clients[1].signing_keys[0].kms_key_arn',
        message: 'is the key of a client of another issuer or endpoint host too',
      },
    ])
  })

  test('nor, under two ARNs, one public key: so it is with the replicas of a multi-Region key', () => {
    const signing_keys = [key('replica', { public_jwk: { ...rsaJwk(), use: 'sig' } })]
    expect(rulesOf(webClient(), webClient({ ...other, signing_keys }))).toEqual([
      {
        path: 'clients[1].signing_keys[0].public_jwk',
        message: 'is the public key of a client of another issuer or endpoint host too',
      },
    ])
  })

  test('nor one ML-DSA key, which has neither n nor x', () => {
    const keyAt = (id: string, seed: number) => [
      key(id, { alg: 'ML-DSA-44', experimental: true, public_jwk: akpJwk('ML-DSA-44', 1312, seed) }),
    ]
    const first = webClient({ signing_keys: keyAt('k1', 1) })
    expect(rulesOf(first, webClient({ ...other, signing_keys: keyAt('k2', 1) }))).toEqual([
      {
        path: 'clients[1].signing_keys[0].public_jwk',
        message: 'is the public key of a client of another issuer or endpoint host too',
      },
    ])
    expect(rulesOf(first, webClient({ ...other, signing_keys: keyAt('k2', 2) }))).toEqual([])
  })

  test('T1: nor clients of one issuer whose assertions are posted to different hosts', () => {
    const elsewhere = { client_id: 'second', token_endpoint: 'https://evil.example/token' }
    expect(rulesOf(webClient(), webClient(elsewhere))).toHaveLength(1)
    const revoking = { client_id: 'second', revocation_endpoint: 'https://evil.example/revoke' }
    expect(rulesOf(webClient(), webClient(revoking))).toHaveLength(1)
  })

  test('a retired key counts too', () => {
    const signing_keys = [key('fresh', {}, 5), key('web-key', { state: 'retired' })]
    expect(rulesOf(webClient(), webClient({ ...other, signing_keys }))).toHaveLength(1)
  })

  test('an issuer with a trailing slash is another issuer: they are compared byte for byte', () => {
    const issuer = `${webClient().issuer}/`
    expect(rulesOf(webClient(), webClient({ client_id: 'second', issuer }))).toHaveLength(1)
  })

  test.each([
    ['EC', ecJwk('P-256', 32, 1), ecJwk('P-256', 32, 2)],
    ['OKP', okpJwk(1), okpJwk(2)],
  ])('%s keys are told apart', (_kty, one, two) => {
    const using = (id: string, public_jwk: unknown) => ({ signing_keys: [key(id, { public_jwk })] })
    expect(rulesOf(webClient(using('a', one)), webClient({ ...other, ...using('b', two) }))).toEqual([])
    expect(rulesOf(webClient(using('a', one)), webClient({ ...other, ...using('b', one) }))).toHaveLength(1)
  })
})

describe('ASRT-16: a kid names one key', () => {
  test('two keys under one kid are refused, in one client and across clients', () => {
    const signing_keys = [key('k1', { kid: 'same' }), key('k2', { kid: 'same', state: 'next' }, 2)]
    expect(rulesOf(webClient({ signing_keys }))).toEqual([
      { path: 'clients[0].signing_keys[1].kid', message: 'names another key already' },
    ])
    const first = webClient({ signing_keys: [key('k1', { kid: 'same' })] })
    const second = nativeClient()
    second.signing_keys[0].public_jwk.kid = 'same'
    expect(rulesOf(first, second)).toEqual([
      { path: 'clients[1].signing_keys[0].public_jwk.kid', message: 'names another key already' },
    ])
  })

  test('one key has one alg under one kid: it is published once', () => {
    const using = (alg: string, kid?: string) => ({ signing_keys: [key('k1', { alg, ...(kid && { kid }) })] })
    const second = (alg: string, kid?: string) => webClient({ client_id: 'second', ...using(alg, kid) })
    const PROBLEM = {
      path: 'clients[1].signing_keys[0].alg',
      message: 'is another one than the same key has for an earlier client: give it a kid of its own',
    }
    expect(rulesOf(webClient(using('RS256')), second('PS256'))).toEqual([PROBLEM])
    expect(rulesOf(webClient(using('RS256', 'a')), second('PS256', 'a'))).toEqual([PROBLEM])
    expect(rulesOf(webClient(using('RS256', 'a')), second('PS256', 'b'))).toEqual([])
  })

  test('one key may stand in two clients of its issuer under its kid', () => {
    const signing_keys = [key('k1', { kid: 'same' })]
    expect(rulesOf(webClient({ signing_keys }), webClient({ client_id: 'second', signing_keys }))).toEqual([])
  })
})

test.each([
  [{}],
  [{ clients: null }],
  [{ clients: 'x' }],
  [{ clients: [null, 1, 'x', [], {}, {}] }],
  [{ clients: [{ signing_keys: [null, {}, { public_jwk: 1 }, { public_jwk: null, kms_key_arn: 1 }] }, {}] }],
])('what does not have the right type is passed over: %j', raw => {
  expect(crossProblems(raw)).toEqual([])
})
