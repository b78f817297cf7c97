import { createRequire } from 'node:module'
import { inject } from 'vitest'
import { copyService, packageIn, readJson, TEMPLATE } from '../package/service.ts'
import { once } from '../support/once.ts'

// The template as a deployment would send it, and what would stand there for given parameters.

export interface Resource {
  Type: string
  DeletionPolicy?: string
  UpdateReplacePolicy?: string
  DependsOn?: string | string[]
  // biome-ignore lint/suspicious/noExplicitAny: as many shapes as there are types of resources
  Properties: any
}
export interface Template {
  Parameters: Record<string, { Type: string; Default: string; Description: string }>
  Mappings: Record<string, Record<string, Record<string, string>>>
  Resources: Record<string, Resource & { Condition?: string }>
  Outputs: Record<string, { Value: unknown }>
}
interface Standing {
  resources: Record<string, Resource>
  outputs: Record<string, { Value: unknown }>
}

const { resolve } = createRequire(import.meta.url)('../../infra/resolve.cjs') as {
  resolve(template: object, given?: Record<string, string>, known?: Record<string, string>): Standing
}

export { resolve }

export const ACCOUNT = '111122223333'
export const REGION = 'eu-central-1'
const arn = (service: string, what: string) => `arn:aws:${service}:${REGION}:${ACCOUNT}:${what}`

/** What AWS would say of the resources once they are there. */
export const KNOWN: Record<string, string> = {
  'AWS::AccountId': ACCOUNT,
  'AWS::Region': REGION,
  'AWS::Partition': 'aws',
  'AWS::URLSuffix': 'amazonaws.com',
  'AWS::StackName': 'countersign-dev',
  HttpApi: 'abc123',
  OauthLambdaFunction: 'countersign-dev-oauth',
  JwksLambdaFunction: 'countersign-dev-jwks',
  ProbeLambdaFunction: 'countersign-dev-probe',
  AuthorizerLambdaFunction: 'countersign-dev-authorizer',
  SigningRole: 'signing',
  'SigningRole.Arn': `arn:aws:iam::${ACCOUNT}:role/signing`,
  'AuthorizerRole.Arn': `arn:aws:iam::${ACCOUNT}:role/authorizer`,
  OperatorRole: 'operator',
  'OperatorRole.Arn': `arn:aws:iam::${ACCOUNT}:role/operator`,
  'SigningKey.Arn': arn('kms', 'key/1234abcd-12ab-34cd-56ef-1234567890ab'),
  'SigningKeyReplica.Arn': arn('kms', 'key/mrk-0123'),
  ConfigurationSecret: arn('secretsmanager', 'secret:ConfigurationSecret-a1B2c3D4e5F6-GhIjKl'),
  SessionSecret: arn('secretsmanager', 'secret:SessionSecret-b2C3d4E5f6G7-HiJkLm'),
  Leases: 'countersign-dev-Leases-x',
  'Leases.Arn': arn('dynamodb', 'table/countersign-dev-Leases-x'),
  SessionApi: 'rest123',
  SessionApiAuthorizer: 'auth12',
  AuthorizerLiveAlias: arn('lambda', 'function:countersign-dev-authorizer:live'),
  AlarmTopic: arn('sns', 'alarms'),
  KmsEndpoint: 'vpce-kms',
  ...Object.fromEntries(
    ['Oauth', 'Jwks', 'Probe', 'Access', 'Authorizer', 'SessionApi'].flatMap(name => [
      [`${name}LogGroup`, `countersign-dev-${name}LogGroup-x`],
      [`${name}LogGroup.Arn`, arn('logs', `log-group:countersign-dev-${name}LogGroup-x:*`)],
    ]),
  ),
}

/** The project as it is packaged, once for all test files of a run: only to be read. */
export async function packaged() {
  const made = await once('packaged', async () => {
    const { dir } = await copyService(inject('sharedFolder'))
    await packageIn(dir)
    return { dir }
  })
  return described(made.dir)
}

/** One of its own, for a test that packages anew. */
export async function packagedCopy() {
  const { dir, remove } = await copyService()
  await packageIn(dir)
  return { ...(await described(dir)), remove }
}

async function described(dir: string) {
  const template: Template = await readJson(dir, TEMPLATE)
  return {
    dir,
    template,
    /** What would stand there, with these parameters. */
    standing: (given: Record<string, string> = {}) => resolve(template, given, KNOWN),
  }
}

export const ofType = (resources: Record<string, Resource>, type: string): [string, Resource][] =>
  Object.entries(resources).filter(([, { Type }]) => Type === type)

/** Options that make everything which is there only on demand. */
export const EVERYTHING: Record<string, string> = {
  MultiRegionKey: 'true',
  ReplicaRegion: 'eu-west-1',
  LogKeyArn: arn('kms', 'key/log'),
  ReservedConcurrency: '20',
  AlarmEmail: 'ops@example.com',
  AlarmTopicKeyArn: arn('kms', 'key/topic'),
  MonthlyBudgetUsd: '100',
  OperatorPrincipalArn: `arn:aws:iam::${ACCOUNT}:user/ann`,
  OperatorMfa: 'true',
  DomainName: 'login.example.com',
  CertificateArn: arn('acm', 'certificate/1'),
  HostedZoneId: 'Z1',
  CloudFront: 'true',
  OriginName: 'k3v9.example.com',
  EdgeCertificateArn: `arn:aws:acm:us-east-1:${ACCOUNT}:certificate/2`,
  WebAclArn: `arn:aws:wafv2:us-east-1:${ACCOUNT}:global/webacl/w/1`,
  CookieDeliveries: 'true',
  LeaseTable: 'true',
  ApiUrl: 'https://orders.example.com/v1',
  AppOrigin: 'https://app.example.com',
  ForwardClientAddress: 'true',
  ApiLogs: 'true',
  VpcSubnetIds: 'subnet-1,subnet-2',
  VpcSecurityGroupIds: 'sg-1',
  EndpointVpcId: 'vpc-1',
}
