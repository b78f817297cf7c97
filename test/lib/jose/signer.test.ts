import { afterEach, describe, expect, test, vi } from 'vitest'
import { ProxyError } from '../../../lib/errors.ts'
import type { Alg } from '../../../lib/jose/algorithms.ts'
import type { Signature, Signer } from '../../../lib/jose/signer.ts'
import { verifyingFirst } from '../../../lib/jose/signer.ts'
import { rejection } from '../../support/fake-provider.ts'
import { testEachAlg, testKey, testSigner } from '../../support/keys.ts'

/** A signing input as signJws makes it. */
const inputFor = (alg: Alg): Buffer =>
  Buffer.from(`${Buffer.from(JSON.stringify({ alg, kid: 'k', typ: 'JWT' })).toString('base64url')}.e30`)
const input = inputFor('ES256')

describe('the first signature of a container is verified', () => {
  testEachAlg('%s: a signature of the published key passes, unchanged', async alg => {
    const key = testKey(alg)
    const signer = verifyingFirst(testSigner(key, 'kid-1'), key.public_jwk)
    expect([signer.alg, signer.kid]).toEqual([alg, 'kid-1'])
    expect(key.verify(inputFor(alg), await signer.sign(inputFor(alg)))).toBe(true)
  })

  testEachAlg('%s: a signature of another key is refused', async alg => {
    const signer = verifyingFirst(testSigner(testKey(alg, 'another')), testKey(alg).public_jwk)
    const error = await rejection(signer.sign(inputFor(alg)))
    expect(error).toBeInstanceOf(ProxyError)
    expect(error).toMatchObject({ reason: 'signer_misconfigured' })
  })

  test('an alg that is not that of the key is refused: RS256 by a signer that calls itself PS256', async () => {
    const key = testKey('RS256')
    const signer = verifyingFirst({ ...testSigner(key), alg: 'PS256' }, key.public_jwk)
    expect(await rejection(signer.sign(inputFor('PS256')))).toMatchObject({ reason: 'signer_misconfigured' })
  })

  test('an input that names another alg than the signer is refused, good as its signature is', async () => {
    const key = testKey('RS256')
    const signer = verifyingFirst(
      { alg: 'PS256', kid: 'k', sign: async bytes => key.sign(bytes) },
      key.public_jwk,
    )
    expect(await rejection(signer.sign(inputFor('RS256')))).toMatchObject({ reason: 'signer_misconfigured' })
  })

  test('an ECDSA signature left in DER is refused', async () => {
    const key = testKey('ES256')
    const signer = verifyingFirst(
      { ...testSigner(key), sign: async bytes => key.sign(bytes, 'der') },
      key.public_jwk,
    )
    expect(await rejection(signer.sign(input))).toMatchObject({ reason: 'signer_misconfigured' })
  })

  test('the request id of the refused signature is kept, for the log', async () => {
    const wrong = Object.assign(Buffer.alloc(64), { requestId: 'request-1' }) as Signature
    const signer = verifyingFirst(
      { alg: 'ES256', kid: 'k', sign: async () => wrong },
      testKey('ES256').public_jwk,
    )
    expect(await rejection(signer.sign(input))).toMatchObject({ kmsRequestId: 'request-1' })
  })
})

describe('how long it is verified', () => {
  const good = testKey('ES256')
  const foreign = testKey('ES256', 'another')

  /** Signs with the keys in turn. */
  function inTurn(...keys: (typeof good)[]): Signer {
    let n = 0
    return { alg: 'ES256', kid: 'k', sign: async bytes => keys[n++]!.sign(bytes) }
  }

  test('a foreign signature is refused again and again, until one has verified', async () => {
    const signer = verifyingFirst(inTurn(foreign, foreign, good), good.public_jwk)
    expect(await rejection(signer.sign(input))).toMatchObject({ reason: 'signer_misconfigured' })
    expect(await rejection(signer.sign(input))).toMatchObject({ reason: 'signer_misconfigured' })
    expect(good.verify(input, await signer.sign(input))).toBe(true)
  })

  test('once one has verified, the next are not looked at', async () => {
    const signer = verifyingFirst(inTurn(good, foreign), good.public_jwk)
    await signer.sign(input)
    expect(foreign.verify(input, await signer.sign(input))).toBe(true)
  })

  test('two at once are both looked at', async () => {
    const signer = verifyingFirst(inTurn(good, foreign), good.public_jwk)
    const [first, second] = await Promise.allSettled([signer.sign(input), signer.sign(input)])
    expect([first.status, second.status]).toEqual(['fulfilled', 'rejected'])
  })

  test('a signer that fails verifies nothing: its error comes through, and the next signature is checked', async () => {
    const error = new ProxyError('signer_unavailable')
    let calls = 0
    const signer = verifyingFirst(
      {
        alg: 'ES256',
        kid: 'k',
        async sign(bytes) {
          if (++calls === 1) throw error
          return foreign.sign(bytes)
        },
      },
      good.public_jwk,
    )
    expect(await rejection(signer.sign(input))).toBe(error)
    expect(await rejection(signer.sign(input))).toMatchObject({ reason: 'signer_misconfigured' })
  })
})

describe('KMS-19: where the runtime does not know the algorithm', () => {
  afterEach(() => vi.restoreAllMocks())

  /** What Web Cryptography before Node 24.7 says of ML-DSA, and would of any other name that it does not know. */
  function forget(name = 'NotSupportedError'): void {
    vi.spyOn(crypto.subtle, 'importKey').mockRejectedValue(
      new DOMException('Unrecognized algorithm name', name),
    )
  }

  function signerOf(alg: Alg): { signer: Signer; told: number[]; made: number } {
    const it = { signer: {} as Signer, told: [] as number[], made: 0 }
    const inner: Signer = { alg, kid: 'k', sign: async () => Buffer.of(++it.made) }
    const jwk = { kty: 'AKP', alg, pub: Buffer.alloc(1312, 1).toString('base64url') }
    it.signer = verifyingFirst(inner, alg.startsWith('ML') ? jwk : testKey(alg).public_jwk, () =>
      it.told.push(it.made),
    )
    return it
  }

  test('ML-DSA: the signature passes unverified, which is told once', async () => {
    forget()
    const it = signerOf('ML-DSA-44')
    expect(await it.signer.sign(inputFor('ML-DSA-44'))).toEqual(Buffer.of(1))
    await it.signer.sign(inputFor('ML-DSA-44'))
    expect(it.told).toEqual([1])
  })

  test('two at once are told of once', async () => {
    forget()
    const it = signerOf('ML-DSA-44')
    await Promise.all([1, 2].map(() => it.signer.sign(inputFor('ML-DSA-44'))))
    expect(it.told).toHaveLength(1)
  })

  test('any other algorithm stays refused', async () => {
    forget()
    const it = signerOf('RS256')
    expect(await rejection(it.signer.sign(inputFor('RS256')))).toMatchObject({
      reason: 'signer_misconfigured',
    })
    expect(it.told).toEqual([])
  })

  test('another error is no excuse: a key that cannot be read', async () => {
    forget('DataError')
    const it = signerOf('ML-DSA-44')
    expect(await rejection(it.signer.sign(inputFor('ML-DSA-44')))).toMatchObject({
      reason: 'signer_misconfigured',
    })
    expect(it.told).toEqual([])
  })
})
