import { createECDH, type KeyObject } from 'node:crypto'

// node:crypto has no ECDSA over a ready digest. The curve arithmetic stays OpenSSL's (ECDH makes a public key out of
// any scalar); what is left is arithmetic modulo the order. BigInt runs in no constant time: local keys only.

interface Curve {
  name: string
  /** Order of the base point: FIPS 186-5 / SP 800-186 section 3.2.1. */
  order: bigint
  /** Bytes of one coordinate. */
  size: number
}

const CURVES: Readonly<Record<string, Curve>> = {
  prime256v1: {
    name: 'prime256v1',
    order: 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n,
    size: 32,
  },
  secp384r1: {
    name: 'secp384r1',
    order:
      0xffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973n,
    size: 48,
  },
  secp521r1: {
    name: 'secp521r1',
    order:
      0x01fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffa51868783bf2f966b7fcc0148f709a5d03bb5c9b8899c47aebb6fb71e91386409n,
    size: 66,
  },
}

function toBigInt(bytes: Buffer): bigint {
  return BigInt(`0x${bytes.toString('hex') || '0'}`)
}

function toBytes(value: bigint, size: number): Buffer {
  return Buffer.from(value.toString(16).padStart(size * 2, '0'), 'hex')
}

function modulo(value: bigint, order: bigint): bigint {
  return ((value % order) + order) % order
}

/** Fermat: the order is prime, so the inverse is the power of order - 2. */
function inverse(value: bigint, order: bigint): bigint {
  let result = 1n
  let base = modulo(value, order)
  for (let exponent = order - 2n; exponent > 0n; exponent >>= 1n) {
    if (exponent & 1n) result = (result * base) % order
    base = (base * base) % order
  }
  return result
}

function curveOf(key: KeyObject): Curve {
  return CURVES[key.asymmetricKeyDetails!.namedCurve!]!
}

/** The private scalar. */
function scalarOf(key: KeyObject): bigint {
  return toBigInt(Buffer.from(key.export({ format: 'jwk' }).d!, 'base64url'))
}

/** x of scalar · G, as OpenSSL computes it. */
function timesBase(curve: Curve, scalar: bigint): bigint {
  const ecdh = createECDH(curve.name)
  ecdh.setPrivateKey(toBytes(scalar, curve.size))
  return toBigInt(ecdh.getPublicKey().subarray(1, 1 + curve.size))
}

function derInteger(value: bigint): Buffer {
  const hex = value.toString(16)
  const bytes = Buffer.from(hex.padStart(hex.length + (hex.length % 2), '0'), 'hex')
  // A set top bit would read as a negative number.
  const body = bytes[0]! & 0x80 ? Buffer.concat([Buffer.from([0]), bytes]) : bytes
  return Buffer.concat([Buffer.from([0x02, body.length]), body])
}

/** Ecdsa-Sig-Value of RFC 3279 section 2.2.3, in DER. */
function derSignature(r: bigint, s: bigint): Buffer {
  const body = Buffer.concat([derInteger(r), derInteger(s)])
  const length = body.length < 0x80 ? [body.length] : [0x81, body.length]
  return Buffer.concat([Buffer.from([0x30, ...length]), body])
}

/** Undefined for anything but exactly what `derSignature` would write. */
function readSignature(der: Buffer): { r: bigint; s: bigint } | undefined {
  let at = der[1] === 0x81 ? 3 : 2
  const integers: bigint[] = []
  for (let index = 0; index < 2; index++) {
    const end = at + 2 + (der[at + 1] ?? 0)
    integers.push(toBigInt(der.subarray(at + 2, end)))
    at = end
  }
  const [r, s] = integers as [bigint, bigint]
  return derSignature(r, s).equals(der) ? { r, s } : undefined
}

/**
 * ECDSA over a digest (FIPS 186-5 section 6.4.1), as DER. KMS pairs each curve with a hash no longer than its order,
 * so a digest is never cut.
 */
export function signEcdsaDigest(key: KeyObject, digest: Buffer): Buffer {
  const curve = curveOf(key)
  for (;;) {
    const once = createECDH(curve.name)
    once.generateKeys()
    const k = toBigInt(once.getPrivateKey())
    const r = modulo(timesBase(curve, k), curve.order)
    const s = modulo(inverse(k, curve.order) * (toBigInt(digest) + r * scalarOf(key)), curve.order)
    if (r !== 0n && s !== 0n) return derSignature(r, s) // either is 0 about never; the standard says try again
  }
}

/**
 * Verifies with the private key, which the stand-in holds: u1·G + u2·Q is then (u1 + u2·d)·G, and no addition of
 * points is needed.
 */
export function verifyEcdsaDigest(key: KeyObject, digest: Buffer, signature: Buffer): boolean {
  const curve = curveOf(key)
  const read = readSignature(signature)
  if (!read || read.r === 0n || read.s === 0n || read.r >= curve.order || read.s >= curve.order) return false
  const w = inverse(read.s, curve.order)
  const sum = modulo(w * (toBigInt(digest) + read.r * scalarOf(key)), curve.order)
  return sum !== 0n && modulo(timesBase(curve, sum), curve.order) === read.r
}
