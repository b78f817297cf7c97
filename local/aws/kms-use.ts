import { createPublicKey, type KeyObject } from 'node:crypto'
import { AwsError } from './errors.ts'
import { blob, choice, type Input } from './input.ts'
import {
  type Key,
  type KeyStore,
  keyOf,
  refuseGrantTokens,
  requireEnabled,
  specMembers,
  stopIfDryRun,
} from './kms-keys.ts'
import { checkSubject, MESSAGE_TYPES, type Subject, signSubject, verifySubject } from './kms-signatures.ts'
import { KEY_SPECS, type KeySpec, SIGNING_ALGORITHM_NAMES, signingAlgorithms } from './kms-specs.ts'
import type { Principal } from './principals.ts'
import type { Operation } from './service.ts'

/** KMS API reference, Sign: "Length Constraints: Minimum length of 1. Maximum length of 4096." */
const MESSAGE_MAX_B = 4096
/** KMS API reference, Verify: Signature, 1 to 6144 bytes. */
const SIGNATURE_MAX_B = 6144

function readSubject(input: Input): Subject {
  return {
    algorithm: choice(input, 'SigningAlgorithm', SIGNING_ALGORITHM_NAMES),
    message_type: choice(input, 'MessageType', MESSAGE_TYPES, 'RAW'),
    message: blob(input, 'Message', MESSAGE_MAX_B),
  }
}

/** The message names the key's ARN, as the real one does: it must not reach the caller of whoever asked. */
function requireUsage(key: Key, operation: string): void {
  if (key.usage === 'SIGN_VERIFY') return
  throw new AwsError(
    'InvalidKeyUsageException',
    `${key.arn} key usage is ${key.usage} which is not valid for ${operation}.`,
  )
}

/** The checks that Sign and Verify share, in the order of the service: the caller first, then the key, then the message. */
function prepare(store: KeyStore, operation: string, input: Input, caller: Principal): [Key, Subject] {
  const subject = readSubject(input)
  refuseGrantTokens(input)
  const key = keyOf(store, input, caller, {
    action: `kms:${operation}`,
    alias: true,
    // A MessageType that is left out is RAW, and a policy sees it as that.
    context: { 'kms:signingalgorithm': subject.algorithm, 'kms:messagetype': subject.message_type },
  })
  requireEnabled(key)
  requireUsage(key, operation)
  if (!signingAlgorithms(key.spec).includes(subject.algorithm)) {
    throw new AwsError(
      'InvalidKeyUsageException',
      `Algorithm ${subject.algorithm} is incompatible with key spec ${key.spec}.`,
    )
  }
  checkSubject(key.spec, subject)
  return [key, subject]
}

/** Sign, with the private key that `choose` picks for the KMS key. */
function signWith(store: KeyStore, choose: (key: Key) => KeyObject | Promise<KeyObject>): Operation {
  return async (input, caller) => {
    const [key, subject] = prepare(store, 'Sign', input, caller)
    stopIfDryRun(input)
    const signature = await signSubject(await choose(key), subject)
    return { KeyId: key.arn, Signature: signature.toString('base64'), SigningAlgorithm: subject.algorithm }
  }
}

/** A signature that does not fit is an error, not `SignatureValid: false` (KMS API reference, Verify). */
function verify(store: KeyStore): Operation {
  return async (input, caller) => {
    const signature = blob(input, 'Signature', SIGNATURE_MAX_B)
    const [key, subject] = prepare(store, 'Verify', input, caller)
    stopIfDryRun(input)
    if (!(await verifySubject(key.private_key, subject, signature))) {
      throw new AwsError('KMSInvalidSignatureException', 'The signature is not valid.')
    }
    return { KeyId: key.arn, SignatureValid: true, SigningAlgorithm: subject.algorithm }
  }
}

/** DER SubjectPublicKeyInfo (RFC 5280 section 4.1.2.7), and what it can be used for. */
function getPublicKey(store: KeyStore): Operation {
  return (input, caller) => {
    refuseGrantTokens(input)
    const key = keyOf(store, input, caller, { action: 'kms:GetPublicKey', alias: true })
    requireEnabled(key)
    const der = createPublicKey(key.private_key).export({ type: 'spki', format: 'der' })
    return { KeyId: key.arn, PublicKey: der.toString('base64'), ...specMembers(key) }
  }
}

/** The operations that use a key. */
export function cryptoOperations(store: KeyStore): [string, Operation][] {
  return [
    ['Sign', signWith(store, key => key.private_key)],
    ['Verify', verify(store)],
    ['GetPublicKey', getPublicKey(store)],
  ]
}

/** Sign by a key that nobody knows: well-formed, of the right algorithm and length, and wrong. */
export function forgeries(store: KeyStore): [string, Operation][] {
  const strangers = new Map<KeySpec, Promise<KeyObject>>()
  const stranger = (key: Key): Promise<KeyObject> => {
    const known = strangers.get(key.spec) ?? KEY_SPECS[key.spec].generate()
    strangers.set(key.spec, known)
    return known
  }
  return [['Sign', signWith(store, stranger)]]
}
