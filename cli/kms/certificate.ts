import { createHash } from 'node:crypto'
import type { Alg } from '../../lib/jose/algorithms.ts'
import { der, oid, sequence, TAG, time } from './der.ts'

const NULL = der(TAG.null)
const EMPTY = Buffer.alloc(0)

const HASH_OID = {
  256: '2.16.840.1.101.3.4.2.1',
  384: '2.16.840.1.101.3.4.2.2',
  512: '2.16.840.1.101.3.4.2.3',
} as const

function pkcs1(last: number): Buffer {
  return sequence(oid(`1.2.840.113549.1.1.${last}`), NULL)
}

/** RFC 4055 section 3.1: RSASSA-PSS with the hash also for MGF1, and a salt as long as the hash. */
function pss(bits: keyof typeof HASH_OID): Buffer {
  const hash = sequence(oid(HASH_OID[bits]), NULL)
  const salt = der(TAG.integer, Buffer.from([bits / 8]))
  const parameters = sequence(
    der(0xa0, hash),
    der(0xa1, sequence(oid('1.2.840.113549.1.1.8'), hash)),
    der(0xa2, salt),
  )
  return sequence(oid('1.2.840.113549.1.1.10'), parameters)
}

/** AlgorithmIdentifiers: RFC 4055 (RSA), RFC 5758 (ECDSA), RFC 8410 (Ed25519), RFC 9881 (ML-DSA). */
const ALGORITHM: Record<Alg, Buffer> = {
  RS256: pkcs1(11),
  RS384: pkcs1(12),
  RS512: pkcs1(13),
  PS256: pss(256),
  PS384: pss(384),
  PS512: pss(512),
  ES256: sequence(oid('1.2.840.10045.4.3.2')),
  ES384: sequence(oid('1.2.840.10045.4.3.3')),
  ES512: sequence(oid('1.2.840.10045.4.3.4')),
  EdDSA: sequence(oid('1.3.101.112')),
  Ed25519: sequence(oid('1.3.101.112')),
  'ML-DSA-44': sequence(oid('2.16.840.1.101.3.4.3.17')),
  'ML-DSA-65': sequence(oid('2.16.840.1.101.3.4.3.18')),
  'ML-DSA-87': sequence(oid('2.16.840.1.101.3.4.3.19')),
}

export interface CertificateOptions {
  alg: Alg
  /** SubjectPublicKeyInfo, in DER. */
  publicKey: Buffer
  /** The common name of issuer and subject. */
  name: string
  /** Milliseconds since the epoch. */
  notBefore: number
  notAfter: number
  /** 16 random bytes. */
  serial: Buffer
  /** Default: the one extension of a key that signs (RFC 5280 section 4.2.1.3, digitalSignature). */
  extensions?: readonly Buffer[]
}

/** An extension (RFC 5280 section 4.2) by its OID. */
export function extension(id: string, critical: boolean, value: Buffer): Buffer {
  const flag = critical ? der(TAG.boolean, Buffer.from([0xff])) : EMPTY
  return sequence(oid(id), flag, der(TAG.octetString, value))
}

const DIGITAL_SIGNATURE = extension('2.5.29.15', true, der(TAG.bitString, Buffer.from([7, 0x80])))

/** What is signed of a self-signed X.509 certificate: its TBSCertificate (RFC 5280 section 4.1), in DER. */
export function toBeSigned({ extensions = [DIGITAL_SIGNATURE], ...options }: CertificateOptions): Buffer {
  const commonName = der(TAG.utf8String, Buffer.from(options.name))
  const name = sequence(der(TAG.set, sequence(oid('2.5.4.3'), commonName)))
  const serial = Buffer.from(options.serial)
  // RFC 5280 section 4.1.2.2: positive, and in DER without a leading zero byte.
  serial[0] = (serial[0]! & 0x3f) | 0x40
  return sequence(
    der(0xa0, der(TAG.integer, Buffer.from([2]))), // version 3
    der(TAG.integer, serial),
    ALGORITHM[options.alg],
    name, // issuer
    sequence(time(options.notBefore), time(options.notAfter)),
    name, // subject
    options.publicKey,
    der(0xa3, sequence(...extensions)),
  )
}

/** The certificate, in DER. The signature is in the form that X.509 has it in, for ECDSA a DER sequence: as KMS gives it. */
export function certificate(tbsCertificate: Buffer, alg: Alg, signature: Buffer): Buffer {
  const unusedBits = Buffer.from([0])
  return sequence(tbsCertificate, ALGORITHM[alg], der(TAG.bitString, unusedBits, signature))
}

/** `x5t#S256` (RFC 7517 section 4.9) of a certificate in DER. */
export function x5tS256(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('base64url')
}
