import { describe, expect, test } from 'vitest'
import { decide, parseKeyPolicy } from '../../../local/aws/key-policy.ts'
import { identityAllows, namesOf, type Principal } from '../../../local/aws/principals.ts'
import { ACCOUNT, ROOT, SIGNER } from './stack.ts'

const GOOD = { Effect: 'Allow', Principal: { AWS: ROOT }, Action: 'kms:*', Resource: '*' }

function document(statement: object): string {
  return JSON.stringify({ Version: '2012-10-17', Statement: [statement] })
}

describe('parseKeyPolicy', () => {
  test('the statement that the refusals below change is itself accepted', () => {
    expect(parseKeyPolicy(document(GOOD)).statements).toHaveLength(1)
  })

  test.each([
    ['a condition operator', { ...GOOD, Condition: { StringLike: { 'kms:MessageType': 'R*' } } }],
    [
      'a negated operator',
      { ...GOOD, Effect: 'Deny', Condition: { StringNotEquals: { 'kms:MessageType': 'RAW' } } },
    ],
    ['a condition key', { ...GOOD, Condition: { StringEquals: { 'aws:SourceVpce': 'vpce-1' } } }],
    [
      'a second key beside a known one',
      { ...GOOD, Condition: { StringEquals: { 'kms:MessageType': 'RAW', 'kms:ViaService': 'x' } } },
    ],
    ['NotAction', { ...GOOD, NotAction: 'kms:Sign' }],
    ['NotPrincipal', { ...GOOD, NotPrincipal: { AWS: ROOT } }],
    ['a wildcard in the middle of an action', { ...GOOD, Action: 'kms:*Key' }],
    ['an action of another service', { ...GOOD, Action: 's3:GetObject' }],
    ['no principal', { ...GOOD, Principal: undefined }],
    ['a service as principal', { ...GOOD, Principal: { Service: 'lambda.amazonaws.com' } }],
    ['a wildcard in a principal', { ...GOOD, Principal: { AWS: `arn:aws:iam::${ACCOUNT}:role/*` } }],
    ['no resource', { ...GOOD, Resource: undefined }],
    ['an effect that is none', { ...GOOD, Effect: 'Maybe' }],
    ['an empty list of actions', { ...GOOD, Action: [] }],
  ])('refuses %s rather than passing over it', (_, statement) => {
    expect(() => parseKeyPolicy(document(statement))).toThrow(
      expect.objectContaining({ name: 'MalformedPolicyDocumentException', status: 400 }),
    )
  })

  test.each([
    ['not JSON', '{'],
    ['a list', '[]'],
    ['no version', JSON.stringify({ Statement: [GOOD] })],
    ['no statement', JSON.stringify({ Version: '2012-10-17' })],
    ['an unknown member', JSON.stringify({ Version: '2012-10-17', Statement: [GOOD], Extra: 1 })],
  ])('refuses %s', (_, text) => {
    expect(() => parseKeyPolicy(text)).toThrow(
      expect.objectContaining({ name: 'MalformedPolicyDocumentException' }),
    )
  })

  test('more than 32 KiB are a LimitExceededException', () => {
    const text = document({ ...GOOD, Sid: 'x'.repeat(32_768) })
    expect(() => parseKeyPolicy(text)).toThrow(expect.objectContaining({ name: 'LimitExceededException' }))
  })
})

describe('decide', () => {
  const signer: Principal = { arn: SIGNER, allow: [] }
  const resource = `arn:aws:kms:eu-central-1:${ACCOUNT}:key/1`
  const allowed = (statement: object, caller: Principal, action: string, context = {}): boolean =>
    decide(parseKeyPolicy(document(statement)), { action, resource, context }, caller, ACCOUNT) === undefined

  test('an action matches exactly or by a trailing star, whatever its case', () => {
    const named = (Action: string) => ({ ...GOOD, Principal: { AWS: SIGNER }, Action })
    expect(allowed(named('kms:Sign'), signer, 'kms:Sign')).toBe(true)
    expect(allowed(named('kms:sign'), signer, 'kms:Sign')).toBe(true)
    expect(allowed(named('kms:Sig*'), signer, 'kms:Sign')).toBe(true)
    expect(allowed(named('kms:Sig'), signer, 'kms:Sign')).toBe(false)
    expect(allowed(named('kms:Get*'), signer, 'kms:Sign')).toBe(false)
  })

  test('condition keys match whatever their case, their values exactly, any one of a list', () => {
    const conditional = (values: unknown) => ({
      ...GOOD,
      Principal: { AWS: SIGNER },
      Condition: { StringEquals: { 'kms:signingALGORITHM': values } },
    })
    const context = { 'kms:signingalgorithm': 'ECDSA_SHA_256' }
    expect(allowed(conditional(['ECDSA_SHA_384', 'ECDSA_SHA_256']), signer, 'kms:Sign', context)).toBe(true)
    expect(allowed(conditional('ecdsa_sha_256'), signer, 'kms:Sign', context)).toBe(false)
    expect(allowed(conditional('ECDSA_SHA_256'), signer, 'kms:Sign', {})).toBe(false)
  })

  test('a statement on another key does not count', () => {
    const statement = { ...GOOD, Principal: { AWS: SIGNER } }
    expect(allowed({ ...statement, Resource: resource }, signer, 'kms:Sign')).toBe(true)
    expect(allowed({ ...statement, Resource: `${resource}2` }, signer, 'kms:Sign')).toBe(false)
  })

  test('a bare account id and the root ARN mean the account, whose identity policies decide', () => {
    const trusted: Principal = {
      arn: SIGNER,
      allow: [{ actions: ['kms:Sign'], resources: [resource] }],
    }
    for (const AWS of [ACCOUNT, ROOT]) {
      expect(allowed({ ...GOOD, Principal: { AWS } }, trusted, 'kms:Sign')).toBe(true)
      expect(allowed({ ...GOOD, Principal: { AWS } }, trusted, 'kms:Verify')).toBe(false)
      expect(allowed({ ...GOOD, Principal: { AWS } }, signer, 'kms:Sign')).toBe(false)
    }
  })
})

describe('principals', () => {
  test('wildcards are IAM wildcards, and nothing else in a pattern is special', () => {
    const who = (action: string, resource: string): Principal => ({
      arn: SIGNER,
      allow: [{ actions: [action], resources: [resource] }],
    })
    expect(identityAllows(who('kms:*', 'a-??'), 'kms:Sign', 'a-xy')).toBe(true)
    expect(identityAllows(who('kms:*', 'a-??'), 'kms:Sign', 'a-xyz')).toBe(false)
    expect(identityAllows(who('kms:*', 'a.c'), 'kms:Sign', 'abc')).toBe(false)
    expect(identityAllows(who('kms:*', '*'), 'secretsmanager:GetSecretValue', 'x')).toBe(false)
    expect(identityAllows({ arn: SIGNER, allow: [] }, 'kms:Sign', 'x')).toBe(false)
  })

  test('a session of a role goes by the name of the role too', () => {
    const arn = `arn:aws:sts::${ACCOUNT}:assumed-role/signer/i-1`
    expect(namesOf({ arn, allow: [] })).toEqual([arn, SIGNER])
    expect(namesOf({ arn: SIGNER, allow: [] })).toEqual([SIGNER])
  })
})
