import { ACCOUNT, REGION } from '../infra/packaged.ts'

// Events as CloudTrail hands them to EventBridge (CloudTrail's "userIdentity element", and its examples for KMS and Secrets
// Manager), with what the rules look at and a little more.

export const KEY = `arn:aws:kms:${REGION}:${ACCOUNT}:key/1234abcd-12ab-34cd-56ef-1234567890ab`

/** A session of a role: its own ARN is that of the session, and the role's stands behind it. */
export const session = (role: string) => ({
  type: 'AssumedRole',
  principalId: 'AROAEXAMPLE:someone',
  arn: `arn:aws:sts::${ACCOUNT}:assumed-role/${role}/someone`,
  accountId: ACCOUNT,
  sessionContext: {
    sessionIssuer: {
      type: 'Role',
      arn: `arn:aws:iam::${ACCOUNT}:role/${role}`,
      accountId: ACCOUNT,
      userName: role,
    },
    attributes: { mfaAuthenticated: 'false' },
  },
})
export const user = (name: string) => ({
  type: 'IAMUser',
  arn: `arn:aws:iam::${ACCOUNT}:user/${name}`,
  accountId: ACCOUNT,
  userName: name,
})
/** A user with a session token: there is a session, and no role behind it. */
export const userWithSession = (name: string) => ({
  ...user(name),
  sessionContext: { sessionIssuer: {}, attributes: { mfaAuthenticated: 'true' } },
})
export const root = {
  type: 'Root',
  principalId: ACCOUNT,
  arn: `arn:aws:iam::${ACCOUNT}:root`,
  accountId: ACCOUNT,
}
/** A service on its own account, as Route 53 signs zones. */
export const awsService = { type: 'AWSService', invokedBy: 'dnssec-route53.amazonaws.com' }

const event = (service: 'kms' | 'secretsmanager', detail: object) => ({
  version: '0',
  id: '7bf73129-1428-4cd3-a780-95db273d1602',
  'detail-type': 'AWS API Call via CloudTrail',
  source: `aws.${service}`,
  account: ACCOUNT,
  time: '2026-11-24T12:00:00Z',
  region: REGION,
  resources: [],
  detail: { eventVersion: '1.11', eventSource: `${service}.amazonaws.com`, awsRegion: REGION, ...detail },
})

export const kms = (eventName: string, userIdentity: object, key = KEY) =>
  event('kms', {
    eventName,
    userIdentity,
    requestParameters: { keyId: key, signingAlgorithm: 'RSASSA_PKCS1_V1_5_SHA_256', messageType: 'RAW' },
    responseElements: null,
    resources: [{ accountId: ACCOUNT, type: 'AWS::KMS::Key', ARN: key }],
  })

export const secret = (eventName: string, userIdentity: object, secretId: string) =>
  event('secretsmanager', {
    eventName,
    userIdentity,
    requestParameters: { secretId },
    responseElements: null,
  })
