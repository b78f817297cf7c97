import {
  CancelKeyDeletionCommand,
  CreateAliasCommand,
  CreateKeyCommand,
  type CreateKeyCommandInput,
  DeleteAliasCommand,
  DescribeKeyCommand,
  DisableKeyCommand,
  EnableKeyCommand,
  GetPublicKeyCommand,
  type KMSClient,
  ListAliasesCommand,
  ListKeysCommand,
  ListResourceTagsCommand,
  ScheduleKeyDeletionCommand,
  SignCommand,
  TagResourceCommand,
  UpdateAliasCommand,
  VerifyCommand,
} from '@aws-sdk/client-kms'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { LocalAws } from '../../../local/aws/server.ts'
import { ACCOUNT, kmsClient, REGION, refusal, start } from './stack.ts'

let aws: LocalAws
let kms: KMSClient

beforeAll(async () => {
  aws = await start()
  kms = kmsClient(aws)
})
afterAll(() => aws.close())

async function create(input: CreateKeyCommandInput = {}) {
  const { KeyMetadata } = await kms.send(
    new CreateKeyCommand({ KeySpec: 'ECC_NIST_P256', KeyUsage: 'SIGN_VERIFY', ...input }),
  )
  return KeyMetadata as typeof KeyMetadata & { KeyId: string; Arn: string }
}

function sign(KeyId: string) {
  const Message = Buffer.from('message')
  return kms.send(new SignCommand({ KeyId, Message, SigningAlgorithm: 'ECDSA_SHA_256' }))
}

const ALIAS_PREFIX = `arn:aws:kms:${REGION}:${ACCOUNT}:alias/`

describe('CreateKey, DescribeKey, GetPublicKey', () => {
  test('a new key is described as the SDK reads it', async () => {
    const before = Date.now()
    const { Arn, KeyId } = await create({ Description: 'for tests', Tags: [{ TagKey: 'a', TagValue: 'b' }] })
    expect(Arn).toBe(`arn:aws:kms:${REGION}:${ACCOUNT}:key/${KeyId}`)
    const { KeyMetadata } = await kms.send(new DescribeKeyCommand({ KeyId }))
    expect(KeyMetadata).toMatchObject({
      AWSAccountId: ACCOUNT,
      Arn,
      Description: 'for tests',
      Enabled: true,
      KeyManager: 'CUSTOMER',
      KeySpec: 'ECC_NIST_P256',
      KeyState: 'Enabled',
      KeyUsage: 'SIGN_VERIFY',
      Origin: 'AWS_KMS',
      SigningAlgorithms: ['ECDSA_SHA_256'],
    })
    expect(KeyMetadata?.DeletionDate).toBeUndefined()
    const age = KeyMetadata!.CreationDate!.getTime() - before
    expect(age).toBeGreaterThanOrEqual(-1)
    expect(age).toBeLessThan(60_000)
  })

  test('GetPublicKey gives spec, usage and algorithms beside the key', async () => {
    const { Arn, KeyId } = await create({ KeySpec: 'ECC_NIST_EDWARDS25519' })
    const answer = await kms.send(new GetPublicKeyCommand({ KeyId }))
    expect(answer).toMatchObject({
      KeyId: Arn,
      KeySpec: 'ECC_NIST_EDWARDS25519',
      KeyUsage: 'SIGN_VERIFY',
      SigningAlgorithms: ['ED25519_SHA_512', 'ED25519_PH_SHA_512'],
    })
    // SubjectPublicKeyInfo of an Ed25519 key: 12 bytes of DER, 32 of key.
    expect(answer.PublicKey).toHaveLength(44)
  })

  test('an RSA key for encryption has encryption algorithms and no signing ones', async () => {
    const { KeyId } = await create({ KeySpec: 'RSA_2048', KeyUsage: 'ENCRYPT_DECRYPT' })
    const answer = await kms.send(new GetPublicKeyCommand({ KeyId }))
    expect(answer.KeyUsage).toBe('ENCRYPT_DECRYPT')
    expect(answer.EncryptionAlgorithms).toEqual(['RSAES_OAEP_SHA_1', 'RSAES_OAEP_SHA_256'])
    expect(answer.SigningAlgorithms).toBeUndefined()
  })

  test.each([
    [{ KeySpec: undefined }, 'UnsupportedOperationException'],
    [{ KeySpec: 'HMAC_256' }, 'UnsupportedOperationException'],
    [{ MultiRegion: true }, 'UnsupportedOperationException'],
    [{ Origin: 'EXTERNAL' }, 'UnsupportedOperationException'],
    [{ KeyUsage: undefined }, 'ValidationException'],
    [{ KeyUsage: 'ENCRYPT_DECRYPT' }, 'ValidationException'],
    [{ KeyUsage: 'NONSENSE' }, 'ValidationException'],
  ] as [CreateKeyCommandInput, string][])('CreateKey with %j is refused', async (input, name) => {
    expect(await refusal(create(input))).toMatchObject({ name, status: 400 })
  })
})

describe('how a key is found', () => {
  test('by key id and by ARN', async () => {
    const { KeyId, Arn } = await create()
    expect((await sign(KeyId)).KeyId).toBe(Arn)
    expect((await sign(Arn)).KeyId).toBe(Arn)
  })

  test.each([
    ['an id that is not there', '00000000-0000-4000-8000-000000000000', 'does not exist'],
    ['an ARN of another Region', `arn:aws:kms:us-east-1:${ACCOUNT}:key/x`, 'Invalid arn us-east-1'],
    ['something else with an ARN', 'arn:aws:s3:::bucket', 'Invalid arn'],
    ['an alias that is not there', 'alias/none', `Alias ${ALIAS_PREFIX}none is not found.`],
  ])('%s is a NotFoundException', async (_, id, text) => {
    const { name, message, status } = await refusal(sign(id))
    expect({ name, status }).toEqual({ name: 'NotFoundException', status: 400 })
    expect(message).toContain(text)
  })

  test('an existing key under the ARN of another Region is not found', async () => {
    const { Arn } = await create()
    const { name } = await refusal(sign(Arn.replace(REGION, 'eu-west-1')))
    expect(name).toBe('NotFoundException')
  })

  test('a key of another account is an AccessDeniedException, there or not', async () => {
    const { Arn } = await create()
    expect((await refusal(sign(Arn.replace(ACCOUNT, '444455556666')))).name).toBe('AccessDeniedException')
  })
})

describe('key states', () => {
  test('KMS-11: a disabled key does not sign, verify or show its public key until it is enabled again', async () => {
    const { KeyId, Arn } = await create()
    const { Signature } = await sign(KeyId)
    await kms.send(new DisableKeyCommand({ KeyId }))
    const disabled = { name: 'DisabledException', message: `${Arn} is disabled.`, status: 400 }
    expect(await refusal(sign(KeyId))).toEqual(disabled)
    const verify = new VerifyCommand({
      KeyId,
      Signature,
      Message: Buffer.from('message'),
      SigningAlgorithm: 'ECDSA_SHA_256',
    })
    expect(await refusal(kms.send(verify))).toEqual(disabled)
    expect(await refusal(kms.send(new GetPublicKeyCommand({ KeyId })))).toEqual(disabled)
    const { KeyMetadata } = await kms.send(new DescribeKeyCommand({ KeyId }))
    expect(KeyMetadata).toMatchObject({ Enabled: false, KeyState: 'Disabled' })

    await kms.send(new EnableKeyCommand({ KeyId }))
    expect((await sign(KeyId)).Signature).toBeDefined()
  })

  test('KMS-11: a key pending deletion refuses as that, and comes back disabled', async () => {
    const { KeyId, Arn } = await create()
    const scheduled = await kms.send(new ScheduleKeyDeletionCommand({ KeyId, PendingWindowInDays: 7 }))
    expect(scheduled).toMatchObject({ KeyId: Arn, KeyState: 'PendingDeletion', PendingWindowInDays: 7 })
    const days = (scheduled.DeletionDate!.getTime() - Date.now()) / 86_400_000
    expect(days).toBeGreaterThan(6.9)
    expect(days).toBeLessThanOrEqual(7)

    const pending = { name: 'KMSInvalidStateException', message: `${Arn} is pending deletion.`, status: 400 }
    expect(await refusal(sign(KeyId))).toEqual(pending)
    expect(await refusal(kms.send(new GetPublicKeyCommand({ KeyId })))).toEqual(pending)
    expect(await refusal(kms.send(new EnableKeyCommand({ KeyId })))).toEqual(pending)
    expect(await refusal(kms.send(new ScheduleKeyDeletionCommand({ KeyId })))).toEqual(pending)

    expect(await kms.send(new CancelKeyDeletionCommand({ KeyId }))).toMatchObject({ KeyId: Arn })
    const { KeyMetadata } = await kms.send(new DescribeKeyCommand({ KeyId }))
    expect(KeyMetadata?.KeyState).toBe('Disabled')
    expect(KeyMetadata?.DeletionDate).toBeUndefined()
    expect((await refusal(kms.send(new CancelKeyDeletionCommand({ KeyId })))).name).toBe(
      'KMSInvalidStateException',
    )
  })

  test('a window of fewer than 7 days is a ValidationException and schedules nothing', async () => {
    const { KeyId } = await create()
    const early = new ScheduleKeyDeletionCommand({ KeyId, PendingWindowInDays: 6 })
    expect((await refusal(kms.send(early))).name).toBe('ValidationException')
    expect((await sign(KeyId)).Signature).toBeDefined()
  })
})

describe('aliases', () => {
  test('a key is used by alias name and alias ARN, and the answer names the key', async () => {
    const { KeyId, Arn } = await create()
    await kms.send(new CreateAliasCommand({ AliasName: 'alias/one', TargetKeyId: Arn }))
    expect((await sign('alias/one')).KeyId).toBe(Arn)
    expect((await sign(`${ALIAS_PREFIX}one`)).KeyId).toBe(Arn)
    const { Aliases } = await kms.send(new ListAliasesCommand({ KeyId }))
    expect(Aliases).toHaveLength(1)
    expect(Aliases![0]).toMatchObject({
      AliasName: 'alias/one',
      AliasArn: `${ALIAS_PREFIX}one`,
      TargetKeyId: KeyId,
    })
  })

  test('KMS-6: an alias moved to another key signs with that one', async () => {
    const [first, second] = [await create(), await create()]
    await kms.send(new CreateAliasCommand({ AliasName: 'alias/moved', TargetKeyId: first.KeyId }))
    expect((await sign('alias/moved')).KeyId).toBe(first.Arn)
    await kms.send(new UpdateAliasCommand({ AliasName: 'alias/moved', TargetKeyId: second.KeyId }))
    expect((await sign('alias/moved')).KeyId).toBe(second.Arn)
    await kms.send(new DeleteAliasCommand({ AliasName: 'alias/moved' }))
    expect((await refusal(sign('alias/moved'))).name).toBe('NotFoundException')
  })

  test('a key is managed by id or ARN alone', async () => {
    const { KeyId } = await create()
    await kms.send(new CreateAliasCommand({ AliasName: 'alias/managed', TargetKeyId: KeyId }))
    const byAlias = new DisableKeyCommand({ KeyId: 'alias/managed' })
    expect((await refusal(kms.send(byAlias))).name).toBe('NotFoundException')
  })

  test('an alias is made once, and its name has a grammar', async () => {
    const { KeyId } = await create()
    const make = (AliasName: string) =>
      refusal(kms.send(new CreateAliasCommand({ AliasName, TargetKeyId: KeyId })))
    await kms.send(new CreateAliasCommand({ AliasName: 'alias/twice', TargetKeyId: KeyId }))
    expect((await make('alias/twice')).name).toBe('AlreadyExistsException')
    for (const name of ['noprefix', 'alias/aws/mine', 'alias/a b']) {
      expect((await make(name)).name).toBe('InvalidAliasNameException')
    }
  })
})

describe('lists and tags', () => {
  test('ListKeys gives every key once, page by page', async () => {
    const ids = [await create(), await create(), await create()].map(({ KeyId }) => KeyId)
    const seen: string[] = []
    let Marker: string | undefined
    do {
      const page = await kms.send(new ListKeysCommand({ Limit: 2, ...(Marker ? { Marker } : {}) }))
      expect(page.Keys!.length).toBeLessThanOrEqual(2)
      seen.push(...page.Keys!.map(({ KeyId }) => KeyId!))
      Marker = page.Truncated ? page.NextMarker : undefined
    } while (Marker)
    expect(new Set(seen).size).toBe(seen.length)
    expect(seen).toEqual(expect.arrayContaining(ids))
    expect((await refusal(kms.send(new ListKeysCommand({ Marker: 'x' })))).name).toBe(
      'InvalidMarkerException',
    )
  })

  test('tags of creation and later ones are listed', async () => {
    const { KeyId } = await create({ Tags: [{ TagKey: 'a', TagValue: '1' }] })
    const Tags = [
      { TagKey: 'a', TagValue: '2' },
      { TagKey: 'b', TagValue: '' },
    ]
    await kms.send(new TagResourceCommand({ KeyId, Tags }))
    expect((await kms.send(new ListResourceTagsCommand({ KeyId }))).Tags).toEqual(Tags)
  })
})
