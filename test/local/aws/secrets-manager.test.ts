import {
  CreateSecretCommand,
  DescribeSecretCommand,
  GetSecretValueCommand,
  ListSecretVersionIdsCommand,
  PutSecretValueCommand,
  type PutSecretValueCommandInput,
  type SecretsManagerClient,
  UpdateSecretCommand,
  UpdateSecretVersionStageCommand,
} from '@aws-sdk/client-secrets-manager'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { LocalAws } from '../../../local/aws/server.ts'
import { ACCOUNT, REGION, refusal, secretsClient, start } from './stack.ts'

let aws: LocalAws
let secrets: SecretsManagerClient

beforeAll(async () => {
  aws = await start()
  secrets = secretsClient(aws)
})
afterAll(() => aws.close())

function get(SecretId: string, more: { VersionId?: string; VersionStage?: string } = {}) {
  return secrets.send(new GetSecretValueCommand({ SecretId, ...more }))
}

async function put(SecretId: string, input: Omit<PutSecretValueCommandInput, 'SecretId'>) {
  const { VersionId } = await secrets.send(new PutSecretValueCommand({ SecretId, ...input }))
  return VersionId!
}

async function create(Name: string, SecretString = 'one') {
  const { VersionId } = await secrets.send(new CreateSecretCommand({ Name, SecretString }))
  return VersionId!
}

describe('a secret', () => {
  test('is read by name and by ARN, which ends in six characters of its own', async () => {
    const made = await secrets.send(new CreateSecretCommand({ Name: 'app/read', SecretString: 'v' }))
    expect(made.ARN).toMatch(
      new RegExp(`^arn:aws:secretsmanager:${REGION}:${ACCOUNT}:secret:app/read-[A-Za-z0-9]{6}$`),
    )
    for (const id of ['app/read', made.ARN!]) {
      const value = await get(id)
      expect(value).toMatchObject({
        ARN: made.ARN,
        Name: 'app/read',
        SecretString: 'v',
        VersionId: made.VersionId,
        VersionStages: ['AWSCURRENT'],
      })
      expect(Math.abs(value.CreatedDate!.getTime() - Date.now())).toBeLessThan(60_000)
    }
  })

  test('holds bytes as well as text, up to 65536 of either', async () => {
    const SecretBinary = Buffer.from([0, 1, 255])
    await secrets.send(new CreateSecretCommand({ Name: 'bytes', SecretBinary }))
    const value = await get('bytes')
    expect(Buffer.from(value.SecretBinary!)).toEqual(SecretBinary)
    expect(value.SecretString).toBeUndefined()
    await create('large', '\u0001'.repeat(65_536))
    expect((await get('large')).SecretString).toHaveLength(65_536)
    expect((await refusal(create('larger', 'x'.repeat(65_537)))).name).toBe('ValidationException')
  })

  test('can be made without a value, and then has no current version', async () => {
    await secrets.send(new CreateSecretCommand({ Name: 'empty' }))
    expect(await refusal(get('empty'))).toEqual({
      name: 'ResourceNotFoundException',
      message: "Secrets Manager can't find the specified secret value for staging label: AWSCURRENT",
      status: 400,
    })
    // The first version becomes current, whatever it is called beside that.
    await put('empty', { SecretString: 'first', VersionStages: ['MINE'] })
    expect((await get('empty')).SecretString).toBe('first')
  })

  test('is made once', async () => {
    await create('once')
    expect(await refusal(create('once', 'two'))).toEqual({
      name: 'ResourceExistsException',
      message: 'The operation failed because the secret once already exists.',
      status: 400,
    })
    expect((await get('once')).SecretString).toBe('one')
  })

  test.each([
    ['no-such-secret', {}],
    [`arn:aws:secretsmanager:${REGION}:${ACCOUNT}:secret:no-such-AbCdEf`, {}],
    ['existing', { VersionStage: 'AWSPENDING' }],
    ['existing', { VersionId: '00000000-0000-4000-8000-000000000000' }],
  ])('%s %j is a ResourceNotFoundException', async (id, more) => {
    await create('existing').catch(() => undefined)
    expect(await refusal(get(id, more))).toMatchObject({ name: 'ResourceNotFoundException', status: 400 })
  })
})

describe('versions and their labels', () => {
  test('a new value becomes current and the old one previous', async () => {
    const first = await create('app/versions')
    const second = await put('app/versions', { SecretString: 'two' })
    expect((await get('app/versions')).SecretString).toBe('two')
    expect((await get('app/versions', { VersionStage: 'AWSPREVIOUS' })).VersionId).toBe(first)
    const third = await put('app/versions', { SecretString: 'three' })
    expect((await get('app/versions', { VersionStage: 'AWSPREVIOUS' })).VersionId).toBe(second)

    const listed = await secrets.send(new ListSecretVersionIdsCommand({ SecretId: 'app/versions' }))
    expect(listed.Versions!.map(v => v.VersionId)).toEqual([second, third])
    const all = await secrets.send(
      new ListSecretVersionIdsCommand({ SecretId: 'app/versions', IncludeDeprecated: true }),
    )
    expect(all.Versions!.map(v => v.VersionId)).toEqual([first, second, third])
    expect((await get('app/versions', { VersionId: first })).SecretString).toBe('one')
  })

  test('a pending value is not current until its label is moved', async () => {
    const first = await create('rotated')
    const second = await put('rotated', { SecretString: 'two', VersionStages: ['AWSPENDING'] })
    expect((await get('rotated')).SecretString).toBe('one')
    expect((await get('rotated', { VersionStage: 'AWSPENDING' })).SecretString).toBe('two')

    const move = { SecretId: 'rotated', VersionStage: 'AWSCURRENT', MoveToVersionId: second }
    const unnamed = await refusal(secrets.send(new UpdateSecretVersionStageCommand(move)))
    expect(unnamed.name).toBe('InvalidParameterException')
    expect(unnamed.message).toContain(`currently attached to version ${first}`)

    await secrets.send(new UpdateSecretVersionStageCommand({ ...move, RemoveFromVersionId: first }))
    expect((await get('rotated')).SecretString).toBe('two')
    const { VersionIdsToStages } = await secrets.send(new DescribeSecretCommand({ SecretId: 'rotated' }))
    expect(VersionIdsToStages).toEqual({
      [first]: ['AWSPREVIOUS'],
      [second]: expect.arrayContaining(['AWSPENDING', 'AWSCURRENT']),
    })
  })

  test('a label moved back leaves its version current and no longer previous', async () => {
    const first = await create('back')
    const second = await put('back', { SecretString: 'two' })
    await secrets.send(
      new UpdateSecretVersionStageCommand({
        SecretId: 'back',
        VersionStage: 'AWSCURRENT',
        MoveToVersionId: first,
        RemoveFromVersionId: second,
      }),
    )
    const { VersionIdsToStages } = await secrets.send(new DescribeSecretCommand({ SecretId: 'back' }))
    expect(VersionIdsToStages).toEqual({ [first]: ['AWSCURRENT'], [second]: ['AWSPREVIOUS'] })
  })

  test('AWSCURRENT is moved, never taken away; a label of ours can be', async () => {
    const first = await create('labels')
    const second = await put('labels', { SecretString: 'two', VersionStages: ['MINE'] })
    const remove = (VersionStage: string, RemoveFromVersionId: string) =>
      secrets.send(
        new UpdateSecretVersionStageCommand({ SecretId: 'labels', VersionStage, RemoveFromVersionId }),
      )
    expect((await refusal(remove('AWSCURRENT', first))).name).toBe('InvalidParameterException')
    expect((await refusal(remove('MINE', first))).name).toBe('InvalidParameterException')
    await remove('MINE', second)
    expect((await refusal(get('labels', { VersionStage: 'MINE' }))).name).toBe('ResourceNotFoundException')
  })

  test('a version and a label that disagree are refused', async () => {
    const first = await create('both')
    await put('both', { SecretString: 'two' })
    expect((await get('both', { VersionId: first, VersionStage: 'AWSPREVIOUS' })).SecretString).toBe('one')
    const wrong = get('both', { VersionId: first, VersionStage: 'AWSCURRENT' })
    expect((await refusal(wrong)).name).toBe('InvalidRequestException')
  })

  test('a repeated token adds nothing, and cannot bring another value', async () => {
    await create('tokens')
    const ClientRequestToken = 'a'.repeat(32)
    expect(await put('tokens', { SecretString: 'two', ClientRequestToken })).toBe(ClientRequestToken)
    await put('tokens', { SecretString: 'three' })
    await put('tokens', { SecretString: 'two', ClientRequestToken })
    expect((await get('tokens')).SecretString).toBe('three')
    const other = put('tokens', { SecretString: 'four', ClientRequestToken })
    expect((await refusal(other)).name).toBe('ResourceExistsException')
  })

  test('UpdateSecret changes the value, the description, or both', async () => {
    await create('updated')
    const SecretId = 'updated'
    const plain = await secrets.send(new UpdateSecretCommand({ SecretId, Description: 'd' }))
    expect(plain.VersionId).toBeUndefined()
    expect((await get('updated')).SecretString).toBe('one')
    await secrets.send(new UpdateSecretCommand({ SecretId, SecretString: 'two' }))
    expect((await get('updated')).SecretString).toBe('two')
    expect((await secrets.send(new DescribeSecretCommand({ SecretId }))).Description).toBe('d')
  })

  test('PutSecretValue needs one value, not two and not none', async () => {
    await create('one-value')
    expect((await refusal(put('one-value', {}))).name).toBe('InvalidRequestException')
    const two = put('one-value', { SecretString: 'a', SecretBinary: Buffer.from('b') })
    expect((await refusal(two)).name).toBe('InvalidParameterException')
  })
})

describe('who may read', () => {
  test('a role reads the secret that its policy names, and does nothing else', async () => {
    await create('app/config', '{}')
    const signer = secretsClient(aws, 'AKIASIGNER')
    const read = await signer.send(new GetSecretValueCommand({ SecretId: 'app/config' }))
    expect(read.SecretString).toBe('{}')
    const write = signer.send(new PutSecretValueCommand({ SecretId: 'app/config', SecretString: 'x' }))
    expect((await refusal(write)).name).toBe('AccessDeniedException')
  })

  test('another secret is an AccessDeniedException, whether it exists or not, and the message names ARNs', async () => {
    await create('app/other')
    const signer = secretsClient(aws, 'AKIASIGNER')
    for (const SecretId of ['app/other', 'app/not-there']) {
      const { name, message, status } = await refusal(signer.send(new GetSecretValueCommand({ SecretId })))
      expect({ name, status }).toEqual({ name: 'AccessDeniedException', status: 400 })
      expect(message).toContain(
        `is not authorized to perform: secretsmanager:GetSecretValue on resource: arn:aws:secretsmanager:${REGION}:${ACCOUNT}:secret:${SecretId}`,
      )
    }
  })

  test('a role without a policy reads nothing', async () => {
    const other = secretsClient(aws, 'AKIAOTHER')
    const read = other.send(new GetSecretValueCommand({ SecretId: 'app/config' }))
    expect((await refusal(read)).name).toBe('AccessDeniedException')
  })
})
