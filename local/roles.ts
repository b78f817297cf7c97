import type { Principal } from './aws/server.ts'

// The local account: who is who, and what each one's own policy allows. Signing stands in the key's policy instead.

export const REGION = 'eu-central-1'
export const ACCOUNT = '000000000000'
/** The name of the configuration secret. */
export const CONFIG_SECRET = 'countersign/config'
/** The name of the secret that seals sessions. */
export const SESSION_SECRET = 'countersign/session'

/** The signing function's role, which the key's policy names. */
export const SIGNING_ROLE = `arn:aws:iam::${ACCOUNT}:role/countersign-oauth`
/** Whoever sits at this machine: administers keys and the configuration. */
export const OPERATOR = `arn:aws:iam::${ACCOUNT}:user/operator`

const secretArn = (name: string) => `arn:aws:secretsmanager:${REGION}:${ACCOUNT}:secret:${name}-*`

// One access key id each: it alone tells the local KMS who is asking. The names of functions are those of serverless.yml.
const ACCESS_KEY_IDS = {
  oauth: 'AKIALOCALOAUTH',
  jwks: 'AKIALOCALJWKS',
  authorizer: 'AKIALOCALAUTHORIZER',
  operator: 'AKIALOCALOPERATOR',
} as const

const READS_THE_CONFIGURATION = reads(CONFIG_SECRET)
const OPENS_SESSIONS = [...READS_THE_CONFIGURATION, ...reads(SESSION_SECRET)]
/** The functions that are told which secret seals sessions. */
export const SESSION_FUNCTIONS: readonly string[] = ['oauth', 'authorizer']

export const PRINCIPALS: Record<string, Principal> = {
  [ACCESS_KEY_IDS.oauth]: { arn: SIGNING_ROLE, allow: OPENS_SESSIONS },
  [ACCESS_KEY_IDS.jwks]: {
    arn: `arn:aws:iam::${ACCOUNT}:role/countersign-jwks`,
    allow: READS_THE_CONFIGURATION,
  },
  [ACCESS_KEY_IDS.authorizer]: {
    arn: `arn:aws:iam::${ACCOUNT}:role/countersign-authorizer`,
    allow: OPENS_SESSIONS,
  },
  [ACCESS_KEY_IDS.operator]: {
    arn: OPERATOR,
    allow: [{ actions: ['kms:*', 'secretsmanager:*'], resources: ['*'] }],
  },
}

function reads(secret: string) {
  return [{ actions: ['secretsmanager:GetSecretValue'], resources: [secretArn(secret)] }]
}

/** The credentials of a function, by its name in serverless.yml, or of the operator. The secret half is never checked. */
export function credentials(name: string): { accessKeyId: string; secretAccessKey: string } {
  if (!Object.hasOwn(ACCESS_KEY_IDS, name)) throw new Error(`no local role for the function ${name}`)
  return { accessKeyId: ACCESS_KEY_IDS[name as keyof typeof ACCESS_KEY_IDS], secretAccessKey: 'local' }
}
