import {
  CreateKeyCommand,
  DescribeKeyCommand,
  DisableKeyCommand,
  GetKeyPolicyCommand,
  GetPublicKeyCommand,
  ListKeysCommand,
  type MessageType,
  PutKeyPolicyCommand,
  SignCommand,
  type SigningAlgorithmSpec,
  VerifyCommand,
} from '@aws-sdk/client-kms'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { LocalAws } from '../../../local/aws/server.ts'
import { kmsClient, OPERATOR, PRINCIPALS, ROOT, refusal, SIGNER, start } from './stack.ts'

let aws: LocalAws

beforeAll(async () => {
  aws = await start()
})
afterAll(() => aws.close())

/** The policy of KMS-8 and KMS-9: the account administers and does not use, one role signs, one way only. */
const ADMINISTRATION = {
  Effect: 'Allow',
  Principal: { AWS: ROOT },
  Action: ['kms:Describe*', 'kms:Put*', 'kms:Disable*', 'kms:Get*'],
  Resource: '*',
}
const USE = {
  Sid: 'Sign',
  Effect: 'Allow',
  Principal: { AWS: SIGNER },
  Action: 'kms:Sign',
  Resource: '*',
  Condition: {
    StringEquals: { 'kms:SigningAlgorithm': 'RSASSA_PKCS1_V1_5_SHA_256', 'kms:MessageType': 'RAW' },
  },
}

function policy(...statements: object[]): string {
  return JSON.stringify({ Version: '2012-10-17', Statement: statements })
}

async function create(Policy?: string, KeySpec: 'RSA_2048' | 'ECC_NIST_P256' = 'ECC_NIST_P256') {
  const { KeyMetadata } = await kmsClient(aws).send(
    new CreateKeyCommand({ KeySpec, KeyUsage: 'SIGN_VERIFY', ...(Policy ? { Policy } : {}) }),
  )
  return KeyMetadata!.Arn!
}

function sign(
  who: string,
  KeyId: string,
  SigningAlgorithm: SigningAlgorithmSpec = 'ECDSA_SHA_256',
  MessageType?: MessageType,
) {
  const Message = Buffer.alloc(32, 7)
  return kmsClient(aws, who).send(
    new SignCommand({ KeyId, Message, SigningAlgorithm, ...(MessageType ? { MessageType } : {}) }),
  )
}

describe('KMS-8, KMS-9: a key whose policy lets one role sign in one way', () => {
  let key: string
  beforeAll(async () => {
    key = await create(policy(ADMINISTRATION, USE), 'RSA_2048')
  })

  test('the role signs, with RAW said or left out, and so does a session of it', async () => {
    for (const who of ['AKIASIGNER', 'AKIASESSION']) {
      const answer = await sign(who, key, 'RSASSA_PKCS1_V1_5_SHA_256', 'RAW')
      expect(answer.Signature).toHaveLength(256)
      expect((await sign(who, key, 'RSASSA_PKCS1_V1_5_SHA_256')).Signature).toHaveLength(256)
    }
  })

  test('nobody else signs: not another role, not one whose own policy allows it, not the operator', async () => {
    for (const who of ['AKIAOTHER', 'AKIAGREEDY', 'AKIAOPERATOR']) {
      const { name, status, message } = await refusal(sign(who, key, 'RSASSA_PKCS1_V1_5_SHA_256'))
      expect({ name, status }).toEqual({ name: 'AccessDeniedException', status: 400 })
      expect(message).toBe(
        `User: ${PRINCIPALS[who]!.arn} is not authorized to perform: kms:Sign on resource: ${key} ` +
          'because no resource-based policy allows the kms:Sign action',
      )
    }
  })

  test('the role signs with no other algorithm and with no digest', async () => {
    expect((await refusal(sign('AKIASIGNER', key, 'RSASSA_PSS_SHA_256'))).name).toBe('AccessDeniedException')
    expect((await refusal(sign('AKIASIGNER', key, 'RSASSA_PKCS1_V1_5_SHA_256', 'DIGEST'))).name).toBe(
      'AccessDeniedException',
    )
  })

  test('the role does nothing else with the key', async () => {
    const signer = kmsClient(aws, 'AKIASIGNER')
    const attempts = [
      signer.send(new GetPublicKeyCommand({ KeyId: key })),
      signer.send(new DescribeKeyCommand({ KeyId: key })),
      signer.send(new DisableKeyCommand({ KeyId: key })),
      signer.send(new PutKeyPolicyCommand({ KeyId: key, Policy: policy(USE) })),
      signer.send(new ListKeysCommand({})),
      signer.send(new CreateKeyCommand({ KeySpec: 'ECC_NIST_P256', KeyUsage: 'SIGN_VERIFY' })),
    ]
    for (const attempt of attempts) expect((await refusal(attempt)).name).toBe('AccessDeniedException')
  })

  test('the operator administers it', async () => {
    const operator = kmsClient(aws)
    const { Policy, PolicyName } = await operator.send(new GetKeyPolicyCommand({ KeyId: key }))
    expect({ Policy, PolicyName }).toEqual({ Policy: policy(ADMINISTRATION, USE), PolicyName: 'default' })
    expect((await operator.send(new GetPublicKeyCommand({ KeyId: key }))).KeyUsage).toBe('SIGN_VERIFY')
  })
})

describe('the account and identity policies', () => {
  test('without a policy the account decides: identity policies then allow, and nothing else does', async () => {
    const key = await create()
    const { Policy } = await kmsClient(aws).send(new GetKeyPolicyCommand({ KeyId: key }))
    expect(JSON.parse(Policy!).Statement).toEqual([
      {
        Sid: 'Enable IAM User Permissions',
        Effect: 'Allow',
        Principal: { AWS: ROOT },
        Action: 'kms:*',
        Resource: '*',
      },
    ])
    for (const who of ['AKIAOPERATOR', 'AKIAGREEDY']) expect((await sign(who, key)).KeyId).toBe(key)
    const { name, message } = await refusal(sign('AKIASIGNER', key))
    expect(name).toBe('AccessDeniedException')
    expect(message).toContain('because no identity-based policy allows the kms:Sign action')
  })

  test('an explicit Deny wins over every Allow, for whom and for what it names', async () => {
    const everybody = { Effect: 'Allow', Principal: '*', Action: 'kms:*', Resource: '*' }
    const deny = {
      Effect: 'Deny',
      Principal: { AWS: [SIGNER] },
      Action: 'kms:Sign',
      Resource: '*',
      Condition: { StringEquals: { 'kms:MessageType': ['DIGEST'] } },
    }
    const key = await create(policy(everybody, deny))
    expect((await sign('AKIASIGNER', key)).KeyId).toBe(key)
    // Let through, and refused only by what it asks for.
    expect((await refusal(sign('AKIAOTHER', key, 'ECDSA_SHA_256', 'DIGEST'))).name).toBe(
      'UnsupportedOperationException',
    )
    const { name, message } = await refusal(sign('AKIASIGNER', key, 'ECDSA_SHA_256', 'DIGEST'))
    expect(name).toBe('AccessDeniedException')
    expect(message).toContain('with an explicit deny in a resource-based policy')
  })

  test('a caller of another account needs the key policy and its own', async () => {
    const foreign = { AWS: PRINCIPALS.AKIAFOREIGN!.arn }
    const key = await create(
      policy(ADMINISTRATION, {
        Effect: 'Allow',
        Principal: foreign,
        Action: ['kms:Sign', 'kms:Verify'],
        Resource: '*',
      }),
    )
    // Its own policy has kms:Verify alone: allowed there, it gets as far as the signature.
    expect((await refusal(sign('AKIAFOREIGN', key))).name).toBe('AccessDeniedException')
    const verify = new VerifyCommand({
      KeyId: key,
      Message: Buffer.from('m'),
      Signature: Buffer.from('s'),
      SigningAlgorithm: 'ECDSA_SHA_256',
    })
    expect((await refusal(kmsClient(aws, 'AKIAFOREIGN').send(verify))).name).toBe(
      'KMSInvalidSignatureException',
    )
  })

  test('a condition on what a request does not have is not met', async () => {
    const conditional = {
      Effect: 'Allow',
      Principal: { AWS: SIGNER },
      Action: 'kms:*',
      Resource: '*',
      Condition: { StringEquals: { 'kms:MessageType': 'RAW' } },
    }
    const key = await create(policy(ADMINISTRATION, conditional))
    expect((await sign('AKIASIGNER', key)).KeyId).toBe(key)
    const describeKey = kmsClient(aws, 'AKIASIGNER').send(new DescribeKeyCommand({ KeyId: key }))
    expect((await refusal(describeKey)).name).toBe('AccessDeniedException')
  })
})

describe('PutKeyPolicy', () => {
  test('takes effect at once', async () => {
    const key = await create()
    const operator = kmsClient(aws)
    expect((await sign('AKIAOPERATOR', key)).KeyId).toBe(key)
    const rsaOnly = policy(ADMINISTRATION, USE)
    await operator.send(new PutKeyPolicyCommand({ KeyId: key, PolicyName: 'default', Policy: rsaOnly }))
    expect((await refusal(sign('AKIAOPERATOR', key))).name).toBe('AccessDeniedException')
  })

  test('a policy that would lock its writer out is refused, and the old one stays; the bypass takes it', async () => {
    const key = await create()
    const operator = kmsClient(aws)
    const lockout = new PutKeyPolicyCommand({ KeyId: key, Policy: policy(USE) })
    expect(await refusal(operator.send(lockout))).toMatchObject({
      name: 'MalformedPolicyDocumentException',
      message: 'The new key policy will not allow you to update the key policy in the future.',
      status: 400,
    })
    expect((await sign('AKIAOPERATOR', key)).KeyId).toBe(key)

    const bypass = { KeyId: key, Policy: policy(USE), BypassPolicyLockoutSafetyCheck: true }
    await operator.send(new PutKeyPolicyCommand(bypass))
    expect((await refusal(operator.send(new GetKeyPolicyCommand({ KeyId: key })))).name).toBe(
      'AccessDeniedException',
    )
  })

  test('what this stand-in does not enforce is refused at CreateKey too', async () => {
    const odd = { ...USE, Condition: { StringLike: { 'kms:SigningAlgorithm': 'RSASSA*' } } }
    expect(await refusal(create(policy(ADMINISTRATION, odd)))).toMatchObject({
      name: 'MalformedPolicyDocumentException',
      status: 400,
    })
    const named = { ...USE, Principal: { AWS: OPERATOR }, Condition: undefined, Action: 'kms:*' }
    expect(await create(policy(named))).toContain(':key/')
  })
})
