import type { Alg } from './algorithms.ts'
import { ALGORITHMS } from './algorithms.ts'

export type EcdsaAlg = Extract<Alg, `ES${string}`>

// The order n of each curve (SEC 2 version 2, sections 2.4.2, 2.5.1 and 2.6.1): R and S lie in 1 … n-1.
const ORDER: Record<EcdsaAlg, bigint> = {
  ES256: 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n,
  ES384: 0xffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973n,
  ES512:
    0x01fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffa51868783bf2f966b7fcc0148f709a5d03bb5c9b8899c47aebb6fb71e91386409n,
}

const SEQUENCE = 0x30
const INTEGER = 0x02

/**
 * Turns the signature that KMS gives, a DER `SEQUENCE { INTEGER r, INTEGER s }` (RFC 3279 section 2.2.3), into the
 * one that JOSE takes, R || S with each left-padded to the size of the curve (RFC 7518 section 3.4).
 *
 * Strict DER (X.690 section 10.1): the shortest form of every length and integer, nothing before or after.
 * Throws RangeError or SyntaxError on anything else, without showing the bytes.
 */
export function derToJose(der: Uint8Array, alg: EcdsaAlg): Uint8Array {
  const sequence = readElement(der, 0, SEQUENCE)
  if (sequence.end !== der.length) throw new SyntaxError('DER: bytes after the signature')
  const r = readElement(der, sequence.start, INTEGER)
  const s = readElement(der, r.end, INTEGER)
  if (s.end !== sequence.end) throw new SyntaxError('DER: the sequence holds more than two integers')
  const { size } = ALGORITHMS[alg]
  const jose = new Uint8Array(2 * size)
  jose.set(coordinate(der.subarray(r.start, r.end), alg, size), 0)
  jose.set(coordinate(der.subarray(s.start, s.end), alg, size), size)
  return jose
}

interface Element {
  start: number
  end: number
}

function readElement(der: Uint8Array, at: number, tag: number): Element {
  if (der[at] !== tag) throw new SyntaxError('DER: not the expected tag')
  const first = der[at + 1]
  if (first === undefined) throw new SyntaxError('DER: truncated')
  let length = first
  let start = at + 2
  // A P-521 signature passes 127 bytes, so one long form exists: 0x81 and one byte of at least 128.
  if (first === 0x81) {
    const long = der[start]
    if (long === undefined || long < 0x80) throw new SyntaxError('DER: length not in its shortest form')
    length = long
    start += 1
  } else if (first >= 0x80) {
    throw new SyntaxError('DER: length of a form that no ECDSA signature needs')
  }
  const end = start + length
  if (end > der.length) throw new SyntaxError('DER: truncated')
  return { start, end }
}

function coordinate(integer: Uint8Array, alg: EcdsaAlg, size: number): Uint8Array {
  const [first, second] = integer
  if (first === undefined) throw new SyntaxError('DER: empty integer')
  if (first >= 0x80) throw new RangeError('ECDSA: negative integer')
  if (first === 0 && second !== undefined && second < 0x80) {
    throw new SyntaxError('DER: integer not in its shortest form')
  }
  const value = BigInt(`0x${Buffer.from(integer).toString('hex')}`)
  if (value === 0n || value >= ORDER[alg]) throw new RangeError('ECDSA: integer outside 1 … n-1')
  return Buffer.from(value.toString(16).padStart(2 * size, '0'), 'hex')
}
