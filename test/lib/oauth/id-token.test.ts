import { createHash, createHmac } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { ProxyError } from '../../../lib/errors.ts'
import type { IdTokenAlg } from '../../../lib/jose/algorithms.ts'
import { readKeySet } from '../../../lib/jose/verify.ts'
import { ID_TOKEN_TOLERANCE_S } from '../../../lib/limits.ts'
import { type IdTokenRules, validateIdToken } from '../../../lib/oauth/id-token.ts'
import { rejection } from '../../support/fake-provider.ts'
import { half, type IdTokenParts, idToken, published } from '../../support/id-tokens.ts'
import { type TestKey, testKey } from '../../support/keys.ts'

// The cases have the names of the OpenID conformance suite, where it has them.

const ISSUER = 'https://auth.example.com/env-1/as'
const NOW = 1_790_000_000_999
const S = Math.floor(NOW / 1000)
const rules: IdTokenRules = {
  issuer: ISSUER,
  client_id: 'app-1',
  access_token: 'at-1',
  code: 'code-1',
  now: NOW,
}

const key = testKey('RS256', 'provider')
const other = testKey('RS256', 'another')
const setOf = (...keys: Record<string, unknown>[]) => readKeySet({ keys })
const keys = setOf(published(key, 'kid-p'), published(testKey('ES256', 'provider'), 'kid-e'))

const token = (parts: IdTokenParts = {}, signedBy: TestKey = key) => idToken(ISSUER, NOW, parts, signedBy)
const withClaims = (claims: Record<string, unknown>) => validateIdToken(token({ claims }), rules, keys)

/** The name that the log gives the refusal. */
async function refusal(validating: Promise<unknown>): Promise<string> {
  const error = await rejection(validating)
  if (!(error instanceof ProxyError) || error.reason !== 'id_token_invalid') throw error
  expect(error.message).toBe('id_token_invalid')
  return (error.cause as { code: string }).code
}

describe('IDT-1: claims', () => {
  test('a good one gives its claims', async () => {
    expect(await validateIdToken(token(), rules, keys)).toMatchObject({ sub: 'alice', iss: ISSUER })
  })

  test.each<[string, Record<string, unknown>, string]>([
    ['InvalidIss', { iss: `${ISSUER}1` }, 'ISS'],
    ['an issuer with a slash more', { iss: `${ISSUER}/` }, 'ISS'],
    ['MissingIss', { iss: undefined }, 'ISS'],
    ['InvalidAud', { aud: 'app-11' }, 'AUD'],
    ['InvalidAud, an array', { aud: ['app-2'] }, 'AUD'],
    ['an empty aud', { aud: [] }, 'AUD'],
    ['InvalidSecondaryAud', { aud: ['app-1', 'app-2'] }, 'AZP'],
    ['MissingAud', { aud: undefined }, 'AUD'],
    ['ExpiredExp', { exp: S - ID_TOKEN_TOLERANCE_S }, 'EXP'],
    ['MissingExp', { exp: undefined }, 'EXP'],
    ['exp as text', { exp: String(S + 300) }, 'EXP'],
    ['exp null', { exp: null }, 'EXP'],
    ['MissingIat', { iat: undefined }, 'IAT'],
    ['iat as text', { iat: String(S) }, 'IAT'],
    ['IatIsInTheFuture', { iat: S + ID_TOKEN_TOLERANCE_S + 2 }, 'IAT'],
    ['nbf in the future', { nbf: S + ID_TOKEN_TOLERANCE_S + 1 }, 'NBF'],
    ['MissingSub', { sub: undefined }, 'SUB'],
    ['an empty sub', { sub: '' }, 'SUB'],
    ['a sub that is no string', { sub: 1 }, 'SUB'],
    ['azp of another', { azp: 'app-2' }, 'AZP'],
    ['azp of another, beside several audiences', { aud: ['app-1', 'app-2'], azp: 'app-2' }, 'AZP'],
    ['azp null', { azp: null }, 'AZP'],
    ['InvalidAtHash', { at_hash: half('sha256', 'at-2') }, 'AT_HASH'],
    ['at_hash of the whole', { at_hash: half('sha512', 'at-1') }, 'AT_HASH'],
    ['at_hash empty', { at_hash: '' }, 'AT_HASH'],
    ['at_hash null', { at_hash: null }, 'AT_HASH'],
    ['InvalidCHash', { c_hash: half('sha256', 'code-2') }, 'C_HASH'],
  ])('%s is refused', async (_, claims, check) => {
    expect(await refusal(withClaims(claims))).toBe(`ID_TOKEN_${check}`)
  })

  test.each<[string, Record<string, unknown>]>([
    ['ValidAudAsArray', { aud: ['app-1'] }],
    ['several audiences, made for this client', { aud: ['app-2', 'app-1'], azp: 'app-1' }],
    ['azp with one audience', { azp: 'app-1' }],
    ['at_hash', { at_hash: half('sha256', 'at-1') }],
    ['c_hash', { c_hash: half('sha256', 'code-1') }],
    ['expired within what clocks may differ', { exp: S - ID_TOKEN_TOLERANCE_S + 1 }],
    ['made ahead within what clocks may differ', { iat: S + ID_TOKEN_TOLERANCE_S }],
    ['claims that are not known here', { auth_time: 'yesterday', acr: 1 }],
  ])('%s is taken', async (_, claims) => {
    expect(await withClaims(claims)).toMatchObject({ iss: ISSUER })
  })

  test('IDT-2: any nonce passes, and so does none: the one who began the sign-in has it to compare', async () => {
    expect(await withClaims({ nonce: 'whatever' })).toMatchObject({ nonce: 'whatever' })
    expect(await withClaims({ nonce: undefined })).not.toHaveProperty('nonce')
  })

  test('of two clocks, one is exactly as far behind as it may be: taken', async () => {
    const now = S * 1000
    const ahead = idToken(ISSUER, now, { claims: { iat: S + ID_TOKEN_TOLERANCE_S } }, key)
    expect(await validateIdToken(ahead, { ...rules, now }, keys)).toMatchObject({ sub: 'alice' })
  })

  test('where the sign-in was begun here, its nonce is required', async () => {
    const begun = { ...rules, nonce: 'n-1' }
    expect(await validateIdToken(token({ claims: { nonce: 'n-1' } }), begun, keys)).toMatchObject({
      sub: 'alice',
    })
    for (const nonce of ['n-2', 'N-1', '', null, undefined, ['n-1']]) {
      const other = token({ claims: { nonce } })
      expect(await refusal(validateIdToken(other, begun, keys))).toBe('ID_TOKEN_NONCE')
    }
  })

  describe('where the request named a max_age, the user signed in no longer ago', () => {
    const now = S * 1000
    const signedIn = (auth_time: unknown) =>
      validateIdToken(
        idToken(ISSUER, now, { claims: { auth_time } }, key),
        { ...rules, now, max_age: 60 },
        keys,
      )
    const oldest = S - 60 - ID_TOKEN_TOLERANCE_S

    test.each([S, S - 60, oldest, S + 1])('%d is taken', async auth_time => {
      expect(await signedIn(auth_time)).toMatchObject({ auth_time })
    })

    test.each([oldest - 1, 0, undefined, null, String(S), 'yesterday'])('%j is refused', async auth_time => {
      expect(await refusal(signedIn(auth_time))).toBe('ID_TOKEN_AUTH_TIME')
    })
  })

  test('without a code there is nothing to hold c_hash against', async () => {
    const { code: _, ...refreshed } = rules
    const claims = { c_hash: half('sha256', 'code-2') }
    expect(await validateIdToken(token({ claims }), refreshed, keys)).toMatchObject({ sub: 'alice' })
  })

  test('IDT-4: a refreshed one keeps the sub that is given', async () => {
    expect(await validateIdToken(token(), { ...rules, sub: 'alice' }, keys)).toMatchObject({ sub: 'alice' })
    expect(await refusal(validateIdToken(token(), { ...rules, sub: 'bob' }, keys))).toBe('ID_TOKEN_SUB')
  })
})

describe('IDT-1: algorithms', () => {
  const none = (alg: string) => token({ header: { alg }, sign: () => Buffer.alloc(0) })

  test.each(['none', 'None', 'NONE', 'nOnE', ''])('NullAlg: "%s", unsigned', async alg => {
    expect(await refusal(validateIdToken(none(alg), rules, keys))).toMatch(/^ID_TOKEN_(ALG|FORM)$/)
  })

  test.each(['HS256', 'HS384', 'HS512'])("%s with the provider's public key as the secret", async alg => {
    const secrets = [
      key.publicKey.export({ format: 'pem', type: 'spki' }),
      key.publicKey.export({ format: 'der', type: 'spki' }),
      JSON.stringify(published(key, 'kid-p')),
    ]
    for (const secret of secrets) {
      const sign = (input: Buffer) => createHmac(alg.replace('HS', 'sha'), secret).update(input).digest()
      const forged = token({ header: { alg }, sign })
      expect(await refusal(validateIdToken(forged, rules, keys))).toBe('ID_TOKEN_ALG')
      // Not where the set itself has a secret in it either.
      const leaked = setOf({ kty: 'oct', kid: 'kid-p', k: Buffer.from(secret).toString('base64url') })
      expect(await refusal(validateIdToken(forged, rules, leaked))).toBe('ID_TOKEN_ALG')
    }
  })

  const ALGS: [IdTokenAlg, 'sha256' | 'sha384' | 'sha512'][] = [
    ['RS256', 'sha256'],
    ['RS384', 'sha384'],
    ['RS512', 'sha512'],
    ['PS256', 'sha256'],
    ['PS384', 'sha384'],
    ['PS512', 'sha512'],
    ['ES256', 'sha256'],
    ['ES384', 'sha384'],
    ['ES512', 'sha512'],
    ['EdDSA', 'sha512'],
    ['Ed25519', 'sha512'],
  ]
  test.each(ALGS)('%s is taken, and its at_hash is made by %s', async (alg, algorithm) => {
    const signedBy = testKey(alg, 'provider')
    const set = setOf(published(signedBy, 'kid-p'))
    const hashed = (at_hash: string) => token({ claims: { at_hash } }, signedBy)
    const good = hashed(half(algorithm, 'at-1'))
    expect(await validateIdToken(good, rules, set)).toMatchObject({ sub: 'alice' })
    const wrong = hashed(half(algorithm === 'sha256' ? 'sha384' : 'sha256', 'at-1'))
    expect(await refusal(validateIdToken(wrong, rules, set))).toBe('ID_TOKEN_AT_HASH')
    // A registration can be narrower.
    expect(await validateIdToken(good, { ...rules, algs: [alg] }, set)).toMatchObject({ sub: 'alice' })
  })

  test('InvalidAlternateAlg: another than the one that the client is registered for', async () => {
    const good = token({ header: { kid: 'kid-e' } }, testKey('ES256', 'provider'))
    expect(await validateIdToken(good, rules, keys)).toMatchObject({ sub: 'alice' })
    expect(await refusal(validateIdToken(good, { ...rules, algs: ['RS256'] }, keys))).toBe('ID_TOKEN_ALG')
  })

  test("another than the key's own", async () => {
    const ps = testKey('PS256', 'provider')
    expect(await refusal(validateIdToken(token({}, ps), rules, keys))).toBe('ID_TOKEN_KEY')
  })
})

describe('IDT-1: keys', () => {
  const nameless = (signedBy = key) => token({ header: { kid: undefined } }, signedBy)

  test('a kid that is not there', async () => {
    const unknown = token({ header: { kid: 'kid-x' } })
    expect(await refusal(validateIdToken(unknown, rules, keys))).toBe('ID_TOKEN_KEY')
    expect(await refusal(validateIdToken(unknown, rules, setOf()))).toBe('ID_TOKEN_KEY')
  })

  test('no kid, and one key: taken, whether that has a kid or not', async () => {
    for (const kid of ['kid-p', undefined]) {
      const set = setOf(published(key, kid))
      expect(await validateIdToken(nameless(), rules, set)).toMatchObject({ sub: 'alice' })
    }
  })

  test('no kid, and several keys: taken where one alone can be meant, refused where two can', async () => {
    expect(await validateIdToken(nameless(), rules, keys)).toMatchObject({ sub: 'alice' })
    const two = setOf(published(key, 'kid-p'), published(other, 'kid-o'))
    expect(await refusal(validateIdToken(nameless(), rules, two))).toBe('ID_TOKEN_KEY')
  })

  test('no kid, and a signature of another key: it may be a new one', async () => {
    const set = setOf(published(key))
    expect(await refusal(validateIdToken(nameless(other), rules, set))).toBe('ID_TOKEN_KEY')
  })

  test('InvalidSignature', async () => {
    expect(await refusal(validateIdToken(token({}, other), rules, keys))).toBe('ID_TOKEN_SIGNATURE')
    const [header, payload, signature] = token().split('.')
    const changed = Buffer.from(payload!, 'base64url').toString().replace('alice', 'mallo')
    const forged = `${header}.${Buffer.from(changed).toString('base64url')}.${signature}`
    expect(await refusal(validateIdToken(forged, rules, keys))).toBe('ID_TOKEN_SIGNATURE')
    expect(await refusal(validateIdToken(`${header}.${payload}.`, rules, keys))).toBe('ID_TOKEN_SIGNATURE')
  })

  test('a key for encryption does not verify', async () => {
    const set = setOf({ ...published(key, 'kid-p'), use: 'enc' })
    expect(await refusal(validateIdToken(token(), rules, set))).toBe('ID_TOKEN_KEY')
  })

  test('keys of a kind that nobody knows are passed over', async () => {
    const set = setOf({ kty: 'new', kid: 'kid-p' }, { kty: 'RSA' }, published(key, 'kid-p'))
    expect(await validateIdToken(token(), rules, set)).toMatchObject({ sub: 'alice' })
  })

  test('a key that comes with the token is not looked at', async () => {
    const jwk = published(other, 'kid-p')
    const forged = token({ header: { jwk, jku: 'https://evil.example/jwks', x5c: [] } }, other)
    expect(await refusal(validateIdToken(forged, rules, keys))).toBe('ID_TOKEN_SIGNATURE')
  })
})

describe('IDT-1: a key by which everybody could sign', () => {
  // RFC 8017 section 9.2: with an exponent of 1 the padded hash is its own signature.
  const padded = (input: Buffer) => {
    const end = Buffer.from(
      `003031300d060960864801650304020105000420${createHash('sha256').update(input).digest('hex')}`,
      'hex',
    )
    const fill = Buffer.alloc(256 - 2 - end.length, 0xff)
    return Buffer.concat([Buffer.from([0, 1]), fill, end])
  }

  test.each(['AQ', 'AAE', 'AAAB'])('an RSA key with the exponent %s', async e => {
    const keys = setOf({ ...published(key, 'kid-p'), e })
    expect(await refusal(validateIdToken(token({ sign: padded }), rules, keys))).toBe('ID_TOKEN_KEY')
  })
})

describe('IDT-1: what is no ID token', () => {
  test.each([
    ['', 'FORM'],
    ['x', 'FORM'],
    ['e30.e30', 'FORM'],
    // Encrypted: five parts.
    ['e30.e30.e30.e30.e30', 'FORM'],
    ['e30.e30.e30', 'FORM'],
    ['!.!.!', 'FORM'],
    [`${'a'.repeat(100_000)}.b.c`, 'FORM'],
  ])('%.20s', async (text, check) => {
    expect(await refusal(validateIdToken(text, rules, keys))).toBe(`ID_TOKEN_${check}`)
  })

  test('claims that are no object, well signed', async () => {
    const [header] = token().split('.')
    for (const payload of ['[]', '1', 'null', '"x"', '{', '\u00ff']) {
      const input = `${header}.${Buffer.from(payload, 'latin1').toString('base64url')}`
      const jwt = `${input}.${key.sign(Buffer.from(input)).toString('base64url')}`
      expect(await refusal(validateIdToken(jwt, rules, keys))).toBe('ID_TOKEN_FORM')
    }
  })

  test('an extension that it says must be understood', async () => {
    const critical = token({ header: { crit: ['x'], x: 1 } })
    expect(await refusal(validateIdToken(critical, rules, keys))).toBe('ID_TOKEN_UNSUPPORTED')
  })

  test('LOG-1: the error tells nothing of the token', async () => {
    const claims = { iss: 'sentinel', sub: 'sentinel' }
    const error = (await rejection(withClaims(claims))) as ProxyError
    const { cause } = error
    expect(`${cause}${(cause as Error).stack}${JSON.stringify(cause)}${error.stack}`).not.toMatch(
      /sentinel|eyJ/,
    )
    expect((cause as Error).cause).toBeUndefined()
  })
})
