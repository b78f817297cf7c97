import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { EVERYTHING, KNOWN, ofType, packaged, type Resource } from './packaged.ts'

// What is there only if it is asked for.

let service: Awaited<ReturnType<typeof packaged>>
beforeAll(async () => {
  service = await packaged()
})

const standing = (given: Record<string, string> = {}) => service.standing(given).resources
const NAMED = {
  DomainName: 'login.example.com',
  CertificateArn: 'arn:aws:acm:eu-central-1:111122223333:certificate/1',
}
const FRONTED = { ...NAMED, CloudFront: 'true', OriginName: 'k3v9.example.com', WebAclArn: 'arn:acl' }
const NETWORK = { VpcSubnetIds: 'subnet-1,subnet-2', VpcSecurityGroupIds: 'sg-1' }

test('by default there is none of it', () => {
  const types = new Set(Object.values(standing()).map(({ Type }) => Type))
  const optional = [...types].filter(type =>
    /CloudFront|Route53|EC2|DomainName|Budgets|Subscription/.test(type),
  )
  expect(optional).toEqual([])
})

describe('a name of its own', () => {
  test('leads to the API, whose other name is closed then', () => {
    expect(standing().HttpApi!.Properties).not.toHaveProperty('DisableExecuteApiEndpoint')
    const { HttpApi, ApiDomain, ApiDomainMapping, ...rest } = standing(NAMED)
    expect(HttpApi!.Properties.DisableExecuteApiEndpoint).toBe(true)
    expect(ApiDomain!.Properties).toMatchObject({
      DomainName: 'login.example.com',
      DomainNameConfigurations: [{ CertificateArn: NAMED.CertificateArn, SecurityPolicy: 'TLS_1_2' }],
    })
    expect(ApiDomainMapping!.Properties.ApiId).toBe(KNOWN.HttpApi)
    expect(ofType(rest, 'AWS::Route53::RecordSet')).toEqual([])
  })

  test('is written into the zone where one is given', () => {
    const { PublicRecord, OriginRecord } = standing({ ...NAMED, HostedZoneId: 'Z1' })
    expect(OriginRecord).toBeUndefined()
    expect(PublicRecord!.Properties).toMatchObject({
      HostedZoneId: 'Z1',
      Name: 'login.example.com',
      Type: 'A',
    })
  })

  test('is what outputs, tags and the probe say', () => {
    const { resources, outputs } = service.standing(NAMED)
    expect(outputs.TokenEndpoint!.Value).toBe('https://login.example.com/token')
    expect(resources.ProbeLambdaFunction!.Properties.Environment.Variables.COUNTERSIGN_URL).toBe(
      'https://login.example.com',
    )
  })
})

describe('CloudFront in front', () => {
  const config = (given = FRONTED as Record<string, string>) =>
    standing(given).Edge!.Properties.DistributionConfig

  test('is what the apps see; the API has a name that CloudFront alone is told', () => {
    expect(config()).toMatchObject({ Aliases: ['login.example.com'], WebACLId: 'arn:acl' })
    expect(config().Origins).toMatchObject([{ DomainName: 'k3v9.example.com' }])
    const { ApiDomain, HttpApi } = standing(FRONTED)
    expect(ApiDomain!.Properties.DomainName).toBe('k3v9.example.com')
    expect(HttpApi!.Properties.DisableExecuteApiEndpoint).toBe(true)
    expect(service.standing(FRONTED).outputs.TokenEndpoint!.Value).toBe('https://login.example.com/token')
  })

  test('keeps no answer but the public keys, and passes everything on but Host', () => {
    const { DefaultCacheBehavior, CacheBehaviors } = config()
    // The ids of CachingDisabled and AllViewerExceptHostHeader.
    expect(DefaultCacheBehavior).toMatchObject({
      CachePolicyId: '4135ea2d-6df8-44a3-9df3-4b5a84be39ad',
      OriginRequestPolicyId: 'b689b0a8-53d0-40ab-baf2-68738e2966ac',
      ViewerProtocolPolicy: 'https-only',
    })
    expect(DefaultCacheBehavior.AllowedMethods).toEqual(expect.arrayContaining(['POST', 'OPTIONS']))
    expect(CacheBehaviors.map(({ PathPattern }: { PathPattern: string }) => PathPattern)).toEqual([
      '/.well-known/jwks.json',
    ])
    const policy = standing(FRONTED).JwksCachePolicy!.Properties.CachePolicyConfig
    // As the answer's Cache-Control says, and not at all where it says nothing.
    expect(policy).toMatchObject({ MinTTL: 0, DefaultTTL: 0 })
    expect(policy.ParametersInCacheKeyAndForwardedToOrigin.HeadersConfig).toEqual({ HeaderBehavior: 'none' })
  })

  test('LOG-4: writes no log of its own, which would hold queries', () => {
    expect(config()).not.toHaveProperty('Logging')
    expect(config(EVERYTHING)).not.toHaveProperty('Logging')
  })

  test('has its names in the zone', () => {
    const records = ofType(standing({ ...FRONTED, HostedZoneId: 'Z1' }), 'AWS::Route53::RecordSet')
    expect(records.map(([, { Properties }]) => [Properties.Type, Properties.Name]).sort()).toEqual([
      ['A', 'k3v9.example.com'],
      ['A', 'login.example.com'],
      ['AAAA', 'login.example.com'],
    ])
  })

  test('ABUSE-1: its web ACL is a template of its own, that blocks who sends too much', () => {
    const text = readFileSync(join(import.meta.dirname, '../../infra/web-acl.yml'), 'utf8')
    const acl: { Resources: Record<string, Resource> } = parse(text, { logLevel: 'silent' })
    const { Scope, Rules } = acl.Resources.WebAcl!.Properties
    expect(Scope).toBe('CLOUDFRONT')
    expect(Rules).toMatchObject([
      { Action: { Block: {} }, Statement: { RateBasedStatement: { AggregateKeyType: 'IP' } } },
    ])
  })
})

describe('a network of its own', () => {
  test("is the signing function's alone", () => {
    const { OauthLambdaFunction, JwksLambdaFunction, ProbeLambdaFunction } = standing(NETWORK)
    expect(OauthLambdaFunction!.Properties.VpcConfig).toEqual({
      SubnetIds: ['subnet-1', 'subnet-2'],
      SecurityGroupIds: ['sg-1'],
    })
    expect(JwksLambdaFunction!.Properties).not.toHaveProperty('VpcConfig')
    expect(ProbeLambdaFunction!.Properties).not.toHaveProperty('VpcConfig')
  })

  test('gets endpoints of KMS and Secrets Manager if it is named', () => {
    expect(ofType(standing(NETWORK), 'AWS::EC2::VPCEndpoint')).toEqual([])
    const resources = standing({ ...NETWORK, EndpointVpcId: 'vpc-1' })
    const endpoints = ofType(resources, 'AWS::EC2::VPCEndpoint').map(([, { Properties }]) => Properties)
    expect(endpoints).toMatchObject([
      { ServiceName: 'com.amazonaws.eu-central-1.kms', VpcId: 'vpc-1', PrivateDnsEnabled: true },
      { ServiceName: 'com.amazonaws.eu-central-1.secretsmanager', VpcId: 'vpc-1', PrivateDnsEnabled: true },
    ])
    expect(resources.EndpointSecurityGroup!.Properties.SecurityGroupIngress).toMatchObject([
      { FromPort: 443, ToPort: 443, SourceSecurityGroupId: 'sg-1' },
    ])
  })
})

describe('a second Region', () => {
  const SECOND = {
    PrimaryKeyArn: 'arn:aws:kms:eu-west-1:111122223333:key/mrk-0123',
    ConfigurationSecretArn: 'arn:aws:secretsmanager:eu-central-1:111122223333:secret:ConfigurationSecret-a-b',
  }

  test('the first replicates its secret', () => {
    expect(standing().ConfigurationSecret!.Properties).not.toHaveProperty('ReplicaRegions')
    expect(standing({ ReplicaRegion: 'eu-west-1' }).ConfigurationSecret!.Properties.ReplicaRegions).toEqual([
      { Region: 'eu-west-1' },
    ])
  })

  test('the second makes neither key nor secret, and reads the replica', () => {
    const { resources, outputs } = service.standing(SECOND)
    expect(resources).not.toHaveProperty('SigningKey')
    expect(resources).not.toHaveProperty('ConfigurationSecret')
    expect(outputs.ConfigurationSecretArn!.Value).toBe(SECOND.ConfigurationSecretArn)
    for (const name of ['Oauth', 'Jwks', 'Probe']) {
      const { Variables } = resources[`${name}LambdaFunction`]!.Properties.Environment
      expect(Variables.COUNTERSIGN_SECRET_ID).toBe(SECOND.ConfigurationSecretArn)
    }
    // Nothing is left that names what is not there.
    expect(JSON.stringify(resources)).not.toContain(KNOWN.ConfigurationSecret)
    expect(JSON.stringify(resources)).not.toContain(KNOWN['SigningKey.Arn'])
  })
})

test("a part of the account's concurrency is reserved only if it is asked for", () => {
  const reserved = (given: Record<string, string>) =>
    standing(given).OauthLambdaFunction!.Properties.ReservedConcurrentExecutions
  expect(reserved({})).toBeUndefined()
  expect(reserved({ ReservedConcurrency: '20' })).toBe('20')
})
