import {
  constants,
  createHash,
  type KeyObject,
  privateEncrypt,
  publicDecrypt,
  randomBytes,
  timingSafeEqual,
} from 'node:crypto'
import type { Hash } from './kms-specs.ts'

// node:crypto signs messages, never digests: MessageType DIGEST needs the two RSA encodings by hand.

/** The DER that goes before a digest: RFC 8017 section 9.2, note 1. */
const DIGEST_INFO: Readonly<Record<Hash, string>> = {
  sha256: '3031300d060960864801650304020105000420',
  sha384: '3041300d060960864801650304020205000430',
  sha512: '3051300d060960864801650304020305000440',
}

function digestInfo(digest: Buffer, hash: Hash): Buffer {
  return Buffer.concat([Buffer.from(DIGEST_INFO[hash], 'hex'), digest])
}

/** RSASSA-PKCS1-v1_5 over a digest (RFC 8017 section 8.2.1). */
export function signPkcs1Digest(key: KeyObject, digest: Buffer, hash: Hash): Buffer {
  return privateEncrypt({ key, padding: constants.RSA_PKCS1_PADDING }, digestInfo(digest, hash))
}

export function verifyPkcs1Digest(key: KeyObject, digest: Buffer, hash: Hash, signature: Buffer): boolean {
  try {
    const opened = publicDecrypt({ key, padding: constants.RSA_PKCS1_PADDING }, signature)
    const wanted = digestInfo(digest, hash)
    return opened.length === wanted.length && timingSafeEqual(opened, wanted)
  } catch {
    return false // a wrong length or a broken padding is a wrong signature, not a fault of the service
  }
}

/** MGF1, RFC 8017 appendix B.2.1. */
function mask(seed: Buffer, length: number, hash: Hash): Buffer {
  const blocks: Buffer[] = []
  for (let counter = 0; blocks.length * digestLength(hash) < length; counter++) {
    const suffix = Buffer.alloc(4)
    suffix.writeUInt32BE(counter)
    blocks.push(createHash(hash).update(seed).update(suffix).digest())
  }
  return Buffer.concat(blocks).subarray(0, length)
}

export function digestLength(hash: Hash): number {
  return Number(hash.slice(3)) / 8
}

function xor(a: Buffer, b: Buffer): Buffer {
  return Buffer.from(a.map((byte, index) => byte ^ b[index]!))
}

/** Length of the encoded message: one bit less than the modulus, in whole bytes. Our moduli are whole bytes long. */
function encodedLength(key: KeyObject): number {
  return key.asymmetricKeyDetails!.modulusLength! / 8
}

/** EMSA-PSS-ENCODE, RFC 8017 section 9.1.1. */
function encodePss(length: number, digest: Buffer, hash: Hash, salt: Buffer): Buffer {
  const inner = createHash(hash).update(Buffer.alloc(8)).update(digest).update(salt).digest()
  const padding = Buffer.alloc(length - salt.length - inner.length - 2)
  const block = Buffer.concat([padding, Buffer.from([1]), salt])
  const masked = xor(block, mask(inner, block.length, hash))
  masked[0]! &= 0x7f // emBits is one less than the modulus has
  return Buffer.concat([masked, inner, Buffer.from([0xbc])])
}

/** RSASSA-PSS over a digest, salt as long as the hash: what KMS uses, and what RFC 7518 section 3.5 asks for. */
export function signPssDigest(key: KeyObject, digest: Buffer, hash: Hash): Buffer {
  const encoded = encodePss(encodedLength(key), digest, hash, randomBytes(digestLength(hash)))
  return privateEncrypt({ key, padding: constants.RSA_NO_PADDING }, encoded)
}

/** Takes the salt out of the signature and encodes again: RFC 8017 section 9.1.2, its checks in one comparison. */
export function verifyPssDigest(key: KeyObject, digest: Buffer, hash: Hash, signature: Buffer): boolean {
  const length = encodedLength(key)
  if (signature.length !== length) return false
  try {
    const encoded = publicDecrypt({ key, padding: constants.RSA_NO_PADDING }, signature)
    const inner = encoded.subarray(-1 - digestLength(hash), -1)
    const masked = encoded.subarray(0, length - inner.length - 1)
    const salt = xor(masked, mask(inner, masked.length, hash)).subarray(-digestLength(hash))
    return timingSafeEqual(encoded, encodePss(length, digest, hash, salt))
  } catch {
    return false
  }
}
