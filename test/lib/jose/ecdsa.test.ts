import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { derToJose, type EcdsaAlg } from '../../../lib/jose/ecdsa.ts'
import { at, place } from '../../support/arbitraries.ts'
import { testKey } from '../../support/keys.ts'

const CURVES: [alg: EcdsaAlg, size: number, order: bigint][] = [
  ['ES256', 32, 2n ** 256n - 2n ** 224n + 2n ** 192n - 0x4319055258e8617b0c46353d039cdaafn],
  ['ES384', 48, 2n ** 384n - 0x389cb27e0bc8d220a7e5f24db74f58851313e695333ad68dn],
  ['ES512', 66, 2n ** 521n - 0x5ae79787c40d069948033feb708f65a2fc44a36477663b851449048e16ec79bf7n],
]

// An encoder of its own, so that the parser is not judged by itself.
const tlv = (tag: number, content: Buffer): Buffer =>
  Buffer.concat([
    Buffer.from(content.length < 128 ? [tag, content.length] : [tag, 0x81, content.length]),
    content,
  ])

function integer(value: bigint): Buffer {
  const hex = value.toString(16)
  const bytes = Buffer.from(hex.padStart(hex.length + (hex.length % 2), '0'), 'hex')
  return tlv(0x02, bytes[0]! >= 0x80 ? Buffer.concat([Buffer.of(0), bytes]) : bytes)
}

const sequence = (...parts: Buffer[]): Buffer => tlv(0x30, Buffer.concat(parts))

const plain = (r: bigint, s: bigint, size: number): string =>
  [r, s].map(value => value.toString(16).padStart(2 * size, '0')).join('')

/** Of any length in bytes alike: numbers drawn evenly from 1 … n-1 would hardly ever start with a zero byte. */
function scalar(size: number, order: bigint): fc.Arbitrary<bigint> {
  const ofLength = (bytes: number) => fc.bigInt(1n, 2n ** BigInt(8 * bytes) - 1n)
  return fc
    .oneof(
      ofLength(size),
      fc.integer({ min: 1, max: size }).chain(ofLength),
      // The high bit set, at every length: these need a zero byte in DER.
      fc.integer({ min: 1, max: size }).map(bytes => 2n ** BigInt(8 * bytes - 1)),
      fc.bigInt(1n, 200n).map(below => order - below),
    )
    .map(value => ((value - 1n) % (order - 1n)) + 1n)
}

// X.690 section 8.1.3: 0x80 means "until two zero bytes", 0x82 and up that the length has so many bytes. Taken for the
// length itself, each of these would fit.
test.each([
  [0x80, 62],
  [0x82, 63],
  [0x84, 64],
  [0x86, 65],
])('KMS-2: a length of %d is not the byte itself', (first, size) => {
  const value = integer(2n ** BigInt(8 * size - 1) - 1n)
  const content = Buffer.concat([value, value])
  expect(content).toHaveLength(first)
  expect(() => derToJose(Buffer.concat([Buffer.of(0x30, first), content]), 'ES512')).toThrow(SyntaxError)
})

test.each([
  [[0x30], 'DER: truncated'],
  [[0x30, 0x81], 'DER: length not in its shortest form'],
  [[0x30, 0x06, 0x02, 0x01, 0x01, 0x02, 0x01], 'DER: truncated'],
  [[0x30, 0x06, 0x02, 0x01, 0x01, 0x02, 0x02, 0x01], 'DER: truncated'],
  [[0x30, 0x03, 0x02, 0x01, 0x01], 'DER: not the expected tag'],
])('KMS-2: half a signature, %j: %s', (bytes, message) => {
  expect(() => derToJose(Uint8Array.from(bytes), 'ES256')).toThrow(message)
})

describe.each(CURVES)('KMS-2: %s', (alg, size, order) => {
  test('10 000 random r, s come back as R || S, zero bytes in front', () => {
    let leadingZero = 0
    let highBit = 0
    fc.assert(
      fc.property(scalar(size, order), scalar(size, order), (r, s) => {
        const jose = Buffer.from(derToJose(sequence(integer(r), integer(s)), alg))
        if (jose[0] === 0) leadingZero++
        if (jose[size]! >= 0x80 || (alg === 'ES512' && jose[size] === 1)) highBit++
        return jose.length === 2 * size && jose.toString('hex') === plain(r, s, size)
      }),
      { numRuns: 10_000 },
    )
    // The cases that this is about were among them.
    expect(leadingZero).toBeGreaterThan(1_000)
    expect(highBit).toBeGreaterThan(500)
  })

  test('integers outside 1 … n-1 are refused, whatever the other one is', () => {
    const outside = fc.oneof(
      fc.constant(0n),
      fc.bigInt(order, 2n ** BigInt(8 * size) - 1n),
      fc.bigInt(order, order + 1_000n),
    )
    fc.assert(
      fc.property(outside, scalar(size, order), (bad, good) => {
        expect(() => derToJose(sequence(integer(bad), integer(good)), alg)).toThrow(RangeError)
        expect(() => derToJose(sequence(integer(good), integer(bad)), alg)).toThrow(RangeError)
      }),
      { numRuns: 500 },
    )
  })

  test('one changed byte gives another signature or a refusal, never the same one and never another error', () => {
    const der = sequence(integer(order - 2n), integer(order / 3n))
    const jose = Buffer.from(derToJose(der, alg))
    let refused = 0
    for (let at = 0; at < der.length; at++) {
      for (const bit of [1, 2, 4, 8, 16, 32, 64, 128]) {
        const changed = Buffer.from(der)
        changed[at]! ^= bit
        try {
          expect(jose.equals(derToJose(changed, alg))).toBe(false)
        } catch (error) {
          expect(error instanceof SyntaxError || error instanceof RangeError, String(error)).toBe(true)
          refused++
        }
      }
    }
    expect(refused).toBeGreaterThan(30)
  })

  test('bytes taken out, put in or changed: what is taken is the one DER of what it gives', () => {
    const changes = fc.array(
      fc.tuple(place, fc.constantFrom(0, 1), fc.array(fc.nat(255), { maxLength: 2 })),
      { minLength: 1, maxLength: 3 },
    )
    let taken = 0
    fc.assert(
      fc.property(scalar(size, order), scalar(size, order), changes, (r, s, all) => {
        const bytes = [...sequence(integer(r), integer(s))]
        for (const [where, out, put] of all) bytes.splice(at(where, bytes.length), out, ...put)
        try {
          const jose = Buffer.from(derToJose(Buffer.from(bytes), alg)).toString('hex')
          taken++
          const [one, other] = [jose.slice(0, 2 * size), jose.slice(2 * size)].map(hex => BigInt(`0x${hex}`))
          expect([...sequence(integer(one!), integer(other!))]).toEqual(bytes)
        } catch (error) {
          if (!(error instanceof SyntaxError || error instanceof RangeError)) throw error
        }
      }),
      { numRuns: 2_000 },
    )
    expect(taken).toBeGreaterThan(50)
  })

  test('the same two integers in any other spelling of BER are refused', () => {
    // X.690 section 8.1.3: a length in one byte, or behind a byte that counts those of the length.
    const spelled = (tag: number, content: Buffer, more: number): Buffer => {
      const { length } = content
      const size = Math.max(more, length < 128 ? 0 : 1)
      const bytes = [...Array(size).keys()].map(index => (length >> (8 * (size - 1 - index))) & 0xff)
      return Buffer.concat([
        Buffer.from([tag, ...(size === 0 ? [] : [0x80 | size]), ...(size === 0 ? [length] : bytes)]),
        content,
      ])
    }
    const value = (one: bigint, zeros: number, more: number) =>
      spelled(0x02, Buffer.concat([Buffer.alloc(zeros), integer(one).subarray(2)]), more)
    const few = fc.tuple(...[1, 1, 2, 2, 2].map(max => fc.nat(max)))
    fc.assert(
      fc.property(
        scalar(size, order),
        scalar(size, order),
        few,
        (r, s, [zeroR = 0, zeroS = 0, a = 0, b = 0, c = 0]) => {
          const der = spelled(0x30, Buffer.concat([value(r, zeroR, a), value(s, zeroS, b)]), c)
          if (der.equals(sequence(integer(r), integer(s)))) expect(derToJose(der, alg)).toHaveLength(2 * size)
          else expect(() => derToJose(der, alg)).toThrow(SyntaxError)
        },
      ),
      { numRuns: 300 },
    )
  })

  test('what OpenSSL gives as R || S is what comes of its DER, and of the DER of its mirror image', () => {
    const key = testKey(alg)
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), input => {
        const [r, s] = key
          .sign(Buffer.from(input))
          .toString('hex')
          .match(new RegExp(`.{${2 * size}}`, 'g'))!
          .map(hex => BigInt(`0x${hex}`))
        // With s also n - s verifies: ECDSA says nothing of the sign.
        for (const other of [s!, order - s!]) {
          const jose = Buffer.from(derToJose(sequence(integer(r!), integer(other)), alg))
          expect(jose.toString('hex')).toBe(plain(r!, other, size))
          expect(key.verify(Buffer.from(input), jose)).toBe(true)
        }
      }),
      { numRuns: 50 },
    )
  })

  test('arbitrary bytes: a refusal that shows none of them', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 160 }), bytes => {
        try {
          return derToJose(bytes, alg).length === 2 * size
        } catch (error) {
          return (
            (error instanceof SyntaxError || error instanceof RangeError) &&
            /^(DER|ECDSA): [a-zA-Z01, …-]+$/.test(error.message)
          )
        }
      }),
      { numRuns: 2_000 },
    )
  })

  test('what OpenSSL signs as DER verifies as R || S', () => {
    const key = testKey(alg)
    for (let i = 0; i < 50; i++) {
      const input = Buffer.from(`input ${i}`)
      expect(key.verify(input, derToJose(key.sign(input, 'der'), alg))).toBe(true)
    }
  })
})
