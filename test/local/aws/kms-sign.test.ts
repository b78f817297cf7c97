import { constants, createHash, createPublicKey, type KeyObject, verify } from 'node:crypto'
import {
  CreateKeyCommand,
  GetPublicKeyCommand,
  type KeySpec,
  type KMSClient,
  type MessageType,
  SignCommand,
  type SigningAlgorithmSpec,
  VerifyCommand,
} from '@aws-sdk/client-kms'
import { compactVerify } from 'jose'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { LocalAws } from '../../../local/aws/server.ts'
import { HAS_ML_DSA } from '../../../local/ml-dsa.ts'
import { kmsClient, refusal, start } from './stack.ts'

let aws: LocalAws
let kms: KMSClient

beforeAll(async () => {
  aws = await start()
  kms = kmsClient(aws)
})
afterAll(() => aws.close())

const made = new Map<string, Promise<string>>()

/** One key per spec for the whole file: RSA keys take time to make. */
function keyOf(spec: KeySpec, usage: 'SIGN_VERIFY' | 'ENCRYPT_DECRYPT' = 'SIGN_VERIFY'): Promise<string> {
  const name = `${spec} ${usage}`
  const known =
    made.get(name) ??
    kms
      .send(new CreateKeyCommand({ KeySpec: spec, KeyUsage: usage }))
      .then(({ KeyMetadata }) => KeyMetadata!.Arn!)
  made.set(name, known)
  return known
}

async function publicKey(KeyId: string): Promise<KeyObject> {
  const { PublicKey } = await kms.send(new GetPublicKeyCommand({ KeyId }))
  return createPublicKey({ key: Buffer.from(PublicKey!), format: 'der', type: 'spki' })
}

async function signed(
  KeyId: string,
  SigningAlgorithm: SigningAlgorithmSpec,
  Message: Buffer,
  MessageType?: MessageType,
): Promise<Buffer> {
  const answer = await kms.send(
    new SignCommand({ KeyId, SigningAlgorithm, Message, ...(MessageType ? { MessageType } : {}) }),
  )
  expect(answer).toMatchObject({ KeyId, SigningAlgorithm })
  return Buffer.from(answer.Signature!)
}

const MESSAGE = Buffer.from('eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJjIn0')
const PSS = {
  padding: constants.RSA_PKCS1_PSS_PADDING,
  saltLength: constants.RSA_PSS_SALTLEN_DIGEST,
} as const

interface Case {
  spec: KeySpec
  algorithm: SigningAlgorithmSpec
  hash: string | null
  options: object
  bytes?: number
}

/** On a Node without ML-DSA its cases are left out, and one skipped test says so. */
const ML_DSA = HAS_ML_DSA
const ML_DSA_CASES: Case[] = [
  { spec: 'ML_DSA_44', algorithm: 'ML_DSA_SHAKE_256', hash: null, options: {}, bytes: 2420 },
  { spec: 'ML_DSA_65', algorithm: 'ML_DSA_SHAKE_256', hash: null, options: {}, bytes: 3309 },
  { spec: 'ML_DSA_87', algorithm: 'ML_DSA_SHAKE_256', hash: null, options: {}, bytes: 4627 },
]

if (!ML_DSA) test.skipIf(true)('ML-DSA: this Node has none, its cases are left out', () => {})

const RSA: Case[] = ['256', '384', '512'].flatMap(bits => [
  {
    spec: 'RSA_2048' as const,
    algorithm: `RSASSA_PKCS1_V1_5_SHA_${bits}` as SigningAlgorithmSpec,
    hash: `sha${bits}`,
    options: {},
    bytes: 256,
  },
  {
    spec: 'RSA_2048' as const,
    algorithm: `RSASSA_PSS_SHA_${bits}` as SigningAlgorithmSpec,
    hash: `sha${bits}`,
    options: PSS,
    bytes: 256,
  },
])
const EC: Case[] = [
  { spec: 'ECC_NIST_P256', algorithm: 'ECDSA_SHA_256', hash: 'sha256', options: { dsaEncoding: 'der' } },
  { spec: 'ECC_NIST_P384', algorithm: 'ECDSA_SHA_384', hash: 'sha384', options: { dsaEncoding: 'der' } },
  { spec: 'ECC_NIST_P521', algorithm: 'ECDSA_SHA_512', hash: 'sha512', options: { dsaEncoding: 'der' } },
]
const WHOLE: Case[] = [
  { spec: 'ECC_NIST_EDWARDS25519', algorithm: 'ED25519_SHA_512', hash: null, options: {}, bytes: 64 },
  ...(ML_DSA ? ML_DSA_CASES : []),
]

describe('a signature that node:crypto verifies with the public key', () => {
  test.each([...RSA, ...EC, ...WHOLE])('KMS-1: $spec $algorithm over RAW, by default too', async c => {
    const id = await keyOf(c.spec)
    const key = { key: await publicKey(id), ...c.options }
    const explicit = await signed(id, c.algorithm, MESSAGE, 'RAW')
    expect(verify(c.hash, MESSAGE, key, explicit)).toBe(true)
    expect(verify(c.hash, Buffer.from('another message'), key, explicit)).toBe(false)
    expect(verify(c.hash, MESSAGE, key, await signed(id, c.algorithm, MESSAGE))).toBe(true)
    if (c.bytes) expect(explicit).toHaveLength(c.bytes)
  })

  test('RSA_3072 and RSA_4096 keys have those sizes', async () => {
    for (const [spec, bits] of [
      ['RSA_3072', 3072],
      ['RSA_4096', 4096],
    ] as const) {
      const id = await keyOf(spec)
      const key = await publicKey(id)
      expect(key.asymmetricKeyDetails?.modulusLength).toBe(bits)
      const signature = await signed(id, 'RSASSA_PSS_SHA_256', MESSAGE)
      expect(signature).toHaveLength(bits / 8)
      expect(verify('sha256', MESSAGE, { key, ...PSS }, signature)).toBe(true)
    }
  })

  test('the salt of RSASSA-PSS is as long as the hash, which a verifier with that length alone accepts', async () => {
    const id = await keyOf('RSA_2048')
    const signature = await signed(id, 'RSASSA_PSS_SHA_384', MESSAGE)
    const key = await publicKey(id)
    const accepts = (saltLength: number): boolean =>
      verify('sha384', MESSAGE, { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength }, signature)
    expect([accepts(48), accepts(32), accepts(20)]).toEqual([true, false, false])
  })
})

describe('jose accepts them', () => {
  test.each([
    ['RS256', 'RSA_2048', 'RSASSA_PKCS1_V1_5_SHA_256'],
    ['PS512', 'RSA_2048', 'RSASSA_PSS_SHA_512'],
    ['EdDSA', 'ECC_NIST_EDWARDS25519', 'ED25519_SHA_512'],
    ...(ML_DSA
      ? ([
          ['ML-DSA-44', 'ML_DSA_44', 'ML_DSA_SHAKE_256'],
          ['ML-DSA-65', 'ML_DSA_65', 'ML_DSA_SHAKE_256'],
          ['ML-DSA-87', 'ML_DSA_87', 'ML_DSA_SHAKE_256'],
        ] as const)
      : []),
  ] as const)('%s', async (alg, spec, algorithm) => {
    const id = await keyOf(spec)
    const header = Buffer.from(JSON.stringify({ alg })).toString('base64url')
    const input = `${header}.${Buffer.from('payload').toString('base64url')}`
    const signature = await signed(id, algorithm, Buffer.from(input))
    const { payload } = await compactVerify(
      `${input}.${signature.toString('base64url')}`,
      await publicKey(id),
    )
    expect(Buffer.from(payload).toString()).toBe('payload')
  })
})

describe('Verify', () => {
  test.each([...RSA, ...EC, ...WHOLE])(
    '$spec $algorithm: accepts its own, refuses a changed one',
    async c => {
      const KeyId = await keyOf(c.spec)
      const Signature = await signed(KeyId, c.algorithm, MESSAGE)
      const ask = { KeyId, SigningAlgorithm: c.algorithm, Message: MESSAGE }
      const answer = await kms.send(new VerifyCommand({ ...ask, Signature }))
      expect(answer).toMatchObject({ KeyId, SignatureValid: true, SigningAlgorithm: c.algorithm })

      const changed = Buffer.from(Signature)
      changed[changed.length - 1]! ^= 1
      expect(await refusal(kms.send(new VerifyCommand({ ...ask, Signature: changed })))).toMatchObject({
        name: 'KMSInvalidSignatureException',
        status: 400,
      })
    },
  )
})

describe('what Sign refuses', () => {
  async function refused(
    KeyId: string,
    SigningAlgorithm: SigningAlgorithmSpec,
    Message: Buffer,
    MessageType: MessageType = 'RAW',
  ) {
    return refusal(kms.send(new SignCommand({ KeyId, SigningAlgorithm, Message, MessageType })))
  }

  test('a message of 4096 bytes is signed, one of 4097 is a ValidationException, and so is an empty one', async () => {
    const id = await keyOf('ECC_NIST_P256')
    await signed(id, 'ECDSA_SHA_256', Buffer.alloc(4096, 1))
    for (const size of [4097, 0]) {
      expect(await refused(id, 'ECDSA_SHA_256', Buffer.alloc(size, 1))).toMatchObject({
        name: 'ValidationException',
        status: 400,
      })
    }
  })

  test.each([
    ['RSA_2048', 'ECDSA_SHA_256'],
    ['ECC_NIST_P256', 'ECDSA_SHA_384'],
    ['ECC_NIST_P384', 'RSASSA_PSS_SHA_384'],
    ['ECC_NIST_EDWARDS25519', 'ECDSA_SHA_512'],
    ...(ML_DSA ? ([['ML_DSA_44', 'ED25519_SHA_512']] as const) : []),
  ] as const)('KMS-1: %s with %s is an InvalidKeyUsageException', async (spec, algorithm) => {
    expect(await refused(await keyOf(spec), algorithm, MESSAGE)).toEqual({
      name: 'InvalidKeyUsageException',
      message: `Algorithm ${algorithm} is incompatible with key spec ${spec}.`,
      status: 400,
    })
  })

  test('a key for encryption does not sign, and says so by its ARN', async () => {
    const id = await keyOf('RSA_2048', 'ENCRYPT_DECRYPT')
    const { name, message } = await refused(id, 'RSASSA_PKCS1_V1_5_SHA_256', MESSAGE)
    expect(name).toBe('InvalidKeyUsageException')
    expect(message).toBe(`${id} key usage is ENCRYPT_DECRYPT which is not valid for Sign.`)
  })

  test('KMS-4: Ed25519 takes RAW alone, and its pre-hash variant is refused either way', async () => {
    const id = await keyOf('ECC_NIST_EDWARDS25519')
    const digest = createHash('sha512').update(MESSAGE).digest()
    expect((await refused(id, 'ED25519_SHA_512', digest, 'DIGEST')).name).toBe('ValidationException')
    expect((await refused(id, 'ED25519_PH_SHA_512', MESSAGE, 'RAW')).name).toBe('ValidationException')
    expect((await refused(id, 'ED25519_PH_SHA_512', digest, 'DIGEST')).name).toBe(
      'UnsupportedOperationException',
    )
  })

  test('KMS-3: DIGEST, which nobody here asks for, is refused openly, and where the algorithm has none as the real one does', async () => {
    const digest = Buffer.alloc(32, 1)
    const names = [
      await refused(await keyOf('RSA_2048'), 'RSASSA_PSS_SHA_256', digest, 'DIGEST'),
      await refused(await keyOf('ECC_NIST_EDWARDS25519'), 'ED25519_SHA_512', digest, 'DIGEST'),
      await refused(await keyOf('RSA_2048'), 'RSASSA_PSS_SHA_256', digest, 'EXTERNAL_MU'),
    ].map(({ name }) => name)
    expect(names).toEqual(['UnsupportedOperationException', 'ValidationException', 'ValidationException'])
  })

  test('an algorithm that does not exist, a missing key id, a grant token, a dry run', async () => {
    const KeyId = await keyOf('ECC_NIST_P256')
    const good = { KeyId, SigningAlgorithm: 'ECDSA_SHA_256' as const, Message: MESSAGE }
    const named = async (input: object): Promise<string> =>
      (await refusal(kms.send(new SignCommand({ ...good, ...input })))).name
    expect(await named({ SigningAlgorithm: 'none' })).toBe('ValidationException')
    expect(await named({ KeyId: undefined })).toBe('ValidationException')
    expect(await named({ GrantTokens: ['t'] })).toBe('InvalidGrantTokenException')
    expect(await named({ DryRun: true })).toBe('DryRunOperationException')
  })
})
