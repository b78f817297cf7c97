import { constants, createPublicKey, type KeyObject, sign, verify } from 'node:crypto'
import { AwsError, unsupported } from './errors.ts'
import { type KeySpec, SIGNING_ALGORITHMS, type SigningAlgorithm } from './kms-specs.ts'

export const MESSAGE_TYPES = ['RAW', 'DIGEST', 'EXTERNAL_MU'] as const
export type MessageType = (typeof MESSAGE_TYPES)[number]

/** What is signed, and how: the members that Sign and Verify share, already read. */
export interface Subject {
  algorithm: SigningAlgorithm
  message_type: MessageType
  message: Buffer
}

/**
 * Refuses a message type that the algorithm does not take (KMS API reference, Sign: Ed25519 takes RAW alone and
 * Ed25519ph DIGEST alone, ML-DSA takes no DIGEST), and openly the ones that node:crypto cannot sign and nobody here
 * asks for: a digest, which it would hash once more, and a pre-computed mu.
 */
export function checkSubject(spec: KeySpec, { algorithm, message_type }: Subject): void {
  const { scheme } = SIGNING_ALGORITHMS[algorithm]
  const refuse = (what: string): never => {
    throw new AwsError('ValidationException', `Message type ${message_type} is incompatible with ${what}.`)
  }
  if (scheme === 'ed25519' && message_type !== 'RAW') refuse(`algorithm ${algorithm}`)
  if (scheme === 'ed25519ph' && message_type !== 'DIGEST') refuse(`algorithm ${algorithm}`)
  if (scheme === 'ml-dsa' ? message_type === 'DIGEST' : message_type === 'EXTERNAL_MU') {
    refuse(`key spec ${spec}`)
  }
  if (message_type !== 'RAW') throw unsupported(`Message type ${message_type}`)
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
export function signSubject(key: KeyObject, { algorithm, message }: Subject): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    sign(hashName(algorithm), message, parameters(key, algorithm), (error, signature) =>
      error ? reject(error) : resolve(signature),
    )
  })
}

/** `key` is the private key: the public one is made from it. */
export function verifySubject(
  key: KeyObject,
  { algorithm, message }: Subject,
  signature: Buffer,
): Promise<boolean> {
  const publicKey = createPublicKey(key)
  return new Promise((resolve, reject) => {
    verify(hashName(algorithm), message, parameters(publicKey, algorithm), signature, (error, valid) =>
      error ? reject(error) : resolve(valid),
    )
  })
}
