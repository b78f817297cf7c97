import { compactVerify } from 'jose'
import { describe, expect, test } from 'vitest'
import { signJws } from '../../../lib/jose/jws.ts'
import type { Signature, Signer } from '../../../lib/jose/signer.ts'
import { rejection } from '../../support/fake-provider.ts'
import { decode, testEachAlg, testKey, testSigner } from '../../support/keys.ts'

const claims = { iss: 'app-1', aud: 'https://auth.example.com/as', iat: 1_790_000_000 }

describe('ASRT-17: every algorithm verifies, with jose and with node:crypto', () => {
  testEachAlg('%s', async alg => {
    const key = testKey(alg)
    const { jws } = await signJws('JWT', claims, testSigner(key))
    const { payload, protectedHeader } = await compactVerify(jws, key.publicKey, { algorithms: [alg] })
    expect(JSON.parse(Buffer.from(payload).toString())).toEqual(claims)
    expect(protectedHeader).toEqual({ alg, kid: 'kid-1', typ: 'JWT' })

    const { input, signature } = decode(jws)
    expect(key.verify(input, signature)).toBe(true)
    expect(testKey(alg, 'another').verify(input, signature)).toBe(false)
  })
})

describe('the parts of the JWS', () => {
  const fake: Signer = { alg: 'ES256', kid: 'kid "1"', sign: async () => Buffer.from([0, 255, 62]) }

  test('ASRT-12: the header has alg, kid and typ, in that order and nothing else', async () => {
    const { jws } = await signJws('client-authentication+jwt', claims, fake)
    expect(Object.entries(decode(jws).header)).toEqual([
      ['alg', 'ES256'],
      ['kid', 'kid "1"'],
      ['typ', 'client-authentication+jwt'],
    ])
  })

  test.each([
    [{ 'x5t#S256': 'hash' }, { kid: 'kid "1"', 'x5t#S256': 'hash' }],
    [{ 'x5t#S256': 'hash', kid: false }, { 'x5t#S256': 'hash' }],
    [{ kid: true, 'x5t#S256': undefined }, { kid: 'kid "1"' }],
  ])('ASRT-12: by the rules %j', async (rules, more) => {
    const { jws } = await signJws('JWT', claims, fake, rules)
    expect(decode(jws).header).toEqual({ alg: 'ES256', typ: 'JWT', ...more })
  })

  test('ASRT-12: claims cannot get into the header, nor the header of a signer that has more members', async () => {
    const signer = { ...fake, jwk: { kty: 'EC' }, x5u: 'https://evil.example', crit: ['b64'] }
    const { jws } = await signJws('JWT', { ...claims, alg: 'none', jku: 'https://evil.example' }, signer)
    expect(Object.keys(decode(jws).header)).toEqual(['alg', 'kid', 'typ'])
  })

  test('ASRT-17: base64url without padding, over UTF-8', async () => {
    const { jws } = await signJws('JWT', { sub: 'ä€😀?>' }, fake)
    expect(jws).toMatch(/^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.AP8-$/)
    expect(decode(jws).claims).toEqual({ sub: 'ä€😀?>' })
  })

  test('the signer gets the bytes before the last dot, and its request id comes back', async () => {
    let input = ''
    const signer: Signer = {
      ...fake,
      async sign(bytes) {
        input = Buffer.from(bytes).toString()
        return Object.assign(Buffer.from('sig'), { requestId: 'request-1' }) as Signature
      },
    }
    const { jws, requestId } = await signJws('JWT', claims, signer)
    expect(jws).toBe(`${input}.${Buffer.from('sig').toString('base64url')}`)
    expect(requestId).toBe('request-1')
  })

  test('what the signer rejects with comes through', async () => {
    const error = new Error('no')
    const signer: Signer = { ...fake, sign: () => Promise.reject(error) }
    expect(await rejection(signJws('JWT', claims, signer))).toBe(error)
  })
})

describe('ASRT-18: KMS takes 4096 bytes RAW', () => {
  const signer = (calls: number[]): Signer => ({
    alg: 'ES256',
    kid: 'k',
    async sign(input) {
      calls.push(input.length)
      return Buffer.from('s')
    },
  })

  /** Claims that make a signing input of as near to `bytes` as base64url allows, found by trying. */
  async function inputOf(bytes: number): Promise<{ pad: string; length: number }> {
    for (let n = bytes; n > 0; n--) {
      const seen: number[] = []
      await signJws('T', { p: 'x'.repeat(n) }, signer(seen)).catch(() => {})
      if (seen[0] !== undefined && seen[0] <= bytes) return { pad: 'x'.repeat(n), length: seen[0] }
    }
    throw new Error('none')
  }

  test('an input of 4096 bytes is signed; the next longer one is refused and not signed', async () => {
    const { pad, length } = await inputOf(4096)
    expect(length).toBe(4096)
    const calls: number[] = []
    const error = await rejection(signJws('T', { p: `${pad}x` }, signer(calls)))
    // The log says by how much.
    expect(error).toMatchObject({
      reason: 'signer_misconfigured',
      cause: { message: expect.stringMatching(/^signing input of 409[78] bytes$/) },
    })
    expect(calls).toEqual([])
  })
})
