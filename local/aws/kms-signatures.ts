import { constants, createPublicKey, type KeyObject, sign, verify } from 'node:crypto'
import { signEcdsaDigest, verifyEcdsaDigest } from './ecdsa-digest.ts'
import { AwsError, unsupported } from './errors.ts'
import { type KeySpec, SIGNING_ALGORITHMS, type SigningAlgorithm } from './kms-specs.ts'
import {
  digestLength,
  signPkcs1Digest,
  signPssDigest,
  verifyPkcs1Digest,
  verifyPssDigest,
} from './rsa-digest.ts'

export const MESSAGE_TYPES = ['RAW', 'DIGEST', 'EXTERNAL_MU'] as const
export type MessageType = (typeof MESSAGE_TYPES)[number]

/** What is signed, and how: the members that Sign and Verify share, already read. */
export interface Subject {
  algorithm: SigningAlgorithm
  message_type: MessageType
  message: Buffer
}

/**
 * Refuses a message type that the algorithm does not take, and a digest of the wrong length. KMS API reference, Sign:
 * Ed25519 takes RAW alone and Ed25519ph DIGEST alone, ML-DSA takes no DIGEST, and a digest has the hash's length.
 */
export function checkSubject(spec: KeySpec, { algorithm, message_type, message }: Subject): void {
  const { scheme, hash } = SIGNING_ALGORITHMS[algorithm]
  const refuse = (what: string): never => {
    throw new AwsError('ValidationException', `Message type ${message_type} is incompatible with ${what}.`)
  }
  if (scheme === 'ed25519' && message_type !== 'RAW') refuse(`algorithm ${algorithm}`)
  if (scheme === 'ed25519ph' && message_type !== 'DIGEST') refuse(`algorithm ${algorithm}`)
  if (scheme === 'ml-dsa' ? message_type === 'DIGEST' : message_type === 'EXTERNAL_MU') {
    refuse(`key spec ${spec}`)
  }
  if (message_type === 'DIGEST' && message.length !== digestLength(hash)) {
    throw new AwsError('ValidationException', `Digest is invalid length for algorithm ${algorithm}.`)
  }
  // node:crypto has neither of them.
  if (scheme === 'ed25519ph') throw unsupported(algorithm)
  if (message_type === 'EXTERNAL_MU') throw unsupported('Message type EXTERNAL_MU')
}

/** What node:crypto must be told about a key, beside the key itself. */
function parameters(key: KeyObject, algorithm: SigningAlgorithm) {
  switch (SIGNING_ALGORITHMS[algorithm].scheme) {
    case 'pkcs1':
      return { key, padding: constants.RSA_PKCS1_PADDING }
    case 'pss':
      // RFC 7518 section 3.5 wants the salt as long as the hash, and KMS makes it so.
      return { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST }
    case 'ecdsa':
      return { key, dsaEncoding: 'der' as const } // KMS gives ECDSA signatures as DER
    default:
      return { key }
  }
}

/** Ed25519 and ML-DSA hash inside themselves: node:crypto wants no hash name for them. */
function hashName(algorithm: SigningAlgorithm): string | null {
  const { scheme, hash } = SIGNING_ALGORITHMS[algorithm]
  return scheme === 'pkcs1' || scheme === 'pss' || scheme === 'ecdsa' ? hash : null
}

/** Signs on the thread pool, as KMS would encode it: RSA as k bytes, ECDSA as DER, the others as they are. */
export async function signSubject(key: KeyObject, subject: Subject): Promise<Buffer> {
  const { algorithm, message_type, message } = subject
  const { scheme, hash } = SIGNING_ALGORITHMS[algorithm]
  if (message_type === 'DIGEST') {
    if (scheme === 'ecdsa') return signEcdsaDigest(key, message)
    return scheme === 'pss' ? signPssDigest(key, message, hash) : signPkcs1Digest(key, message, hash)
  }
  return new Promise((resolve, reject) => {
    sign(hashName(algorithm), message, parameters(key, algorithm), (error, signature) =>
      error ? reject(error) : resolve(signature),
    )
  })
}

/** `key` is the private key: the public one is made from it. */
export async function verifySubject(key: KeyObject, subject: Subject, signature: Buffer): Promise<boolean> {
  const { algorithm, message_type, message } = subject
  const { scheme, hash } = SIGNING_ALGORITHMS[algorithm]
  const publicKey = createPublicKey(key)
  if (message_type === 'DIGEST') {
    if (scheme === 'ecdsa') return verifyEcdsaDigest(key, message, signature)
    const verifyDigest = scheme === 'pss' ? verifyPssDigest : verifyPkcs1Digest
    return verifyDigest(publicKey, message, hash, signature)
  }
  return new Promise((resolve, reject) => {
    verify(hashName(algorithm), message, parameters(publicKey, algorithm), signature, (error, valid) =>
      error ? reject(error) : resolve(valid),
    )
  })
}
