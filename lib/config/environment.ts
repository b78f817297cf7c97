import { ConfigurationError, type Problem } from './problems.ts'
import { endpointProblem } from './urls.ts'

/** What the function takes from its environment. Nothing else in `lib` reads process.env. */
export interface Environment {
  source: { inline: string } | { secret_id: string }
  /** Of the function; there is one wherever the secret is not named by an ARN. */
  region?: string
  onLambda: boolean
  /** Of the Lambda function. */
  function_name?: string
  /** Of the keys that sessions are sealed by. */
  session_secret_id?: string
  /** Where the deployment is reached, for the one function that asks it something. */
  url?: string
  /** Name of the DynamoDB table in which containers agree on who refreshes. Without it each decides by itself. */
  lease_table?: string
  kms_endpoint?: string
  secrets_manager_endpoint?: string
  dynamodb_endpoint?: string
  credentials: { accessKeyId: string; secretAccessKey: string; sessionToken?: string }
}

/** As in process.env. A variable that is set to nothing counts as unset, as in the AWS SDK. */
type Variables = Readonly<Record<string, string | undefined>>

/** Reads the environment. Throws ConfigurationError with every problem, each under its variable's name. */
export function readEnvironment(env: Variables = process.env): Environment {
  const read = (name: string) => env[name] || undefined
  const problems: Problem[] = []
  const function_name = read('AWS_LAMBDA_FUNCTION_NAME')
  const onLambda = function_name !== undefined

  const inline = read('COUNTERSIGN_CONFIG')
  const secret_id = read('COUNTERSIGN_SECRET_ID')
  const region = read('AWS_REGION') ?? read('AWS_DEFAULT_REGION')
  const session_secret_id = read(SESSION_SECRET)
  const lease_table = read(LEASE_TABLE)
  problems.push(
    ...sourceProblems(inline, secret_id),
    ...regionProblems(read, secret_id),
    ...tableProblems(lease_table, region),
  )
  if (session_secret_id !== undefined && !isSecretId(session_secret_id)) {
    problems.push({ path: SESSION_SECRET, message: SECRET_ID })
  }

  for (const name of [URL_VARIABLE, ENDPOINT, ENDPOINT_KMS, ENDPOINT_SECRETS_MANAGER, ENDPOINT_DYNAMODB]) {
    const url = read(name)
    const message = url === undefined ? undefined : endpointProblem(url, onLambda)
    if (message !== undefined) problems.push({ path: name, message })
  }
  const deployment = read(URL_VARIABLE)
  const kms_endpoint = read(ENDPOINT_KMS) ?? read(ENDPOINT)
  const secrets_manager_endpoint = read(ENDPOINT_SECRETS_MANAGER) ?? read(ENDPOINT)
  const dynamodb_endpoint = read(ENDPOINT_DYNAMODB) ?? read(ENDPOINT)

  const accessKeyId = read('AWS_ACCESS_KEY_ID')
  const secretAccessKey = read('AWS_SECRET_ACCESS_KEY')
  const sessionToken = read('AWS_SESSION_TOKEN')
  if (accessKeyId === undefined) problems.push({ path: 'AWS_ACCESS_KEY_ID', message: CREDENTIALS })
  if (secretAccessKey === undefined) problems.push({ path: 'AWS_SECRET_ACCESS_KEY', message: CREDENTIALS })

  if (problems.length > 0) throw new ConfigurationError(problems)
  return {
    source: inline !== undefined ? { inline } : { secret_id: secret_id as string },
    ...(region !== undefined && { region }),
    onLambda,
    ...(function_name !== undefined && { function_name }),
    ...(session_secret_id !== undefined && { session_secret_id }),
    ...(deployment !== undefined && { url: deployment.replace(/\/$/, '') }),
    ...(lease_table !== undefined && { lease_table }),
    ...(kms_endpoint !== undefined && { kms_endpoint }),
    ...(secrets_manager_endpoint !== undefined && { secrets_manager_endpoint }),
    // Of no use without a table.
    ...(lease_table !== undefined && dynamodb_endpoint !== undefined && { dynamodb_endpoint }),
    credentials: {
      accessKeyId: accessKeyId as string,
      secretAccessKey: secretAccessKey as string,
      ...(sessionToken !== undefined && { sessionToken }),
    },
  }
}

const URL_VARIABLE = 'COUNTERSIGN_URL'
const LEASE_TABLE = 'COUNTERSIGN_LEASE_TABLE'
const SESSION_SECRET = 'COUNTERSIGN_SESSION_SECRET_ID'
const SECRET_ID = 'must be the name or the ARN of a secret'

// The AWS SDK's own names. Each service's variable goes before the general one.
const ENDPOINT = 'AWS_ENDPOINT_URL'
const ENDPOINT_KMS = 'AWS_ENDPOINT_URL_KMS'
const ENDPOINT_SECRETS_MANAGER = 'AWS_ENDPOINT_URL_SECRETS_MANAGER'
const ENDPOINT_DYNAMODB = 'AWS_ENDPOINT_URL_DYNAMODB'

const CREDENTIALS =
  'is required: credentials come from the environment alone, as Lambda gives them; no profile and no default chain is read'

function sourceProblems(inline: string | undefined, secret_id: string | undefined): Problem[] {
  const path = 'COUNTERSIGN_CONFIG, COUNTERSIGN_SECRET_ID'
  if (inline !== undefined && secret_id !== undefined) {
    return [{ path, message: 'both are set: exactly one must be' }]
  }
  if (inline === undefined && secret_id === undefined) {
    return [{ path, message: 'neither is set: exactly one must be' }]
  }
  return secret_id === undefined || isSecretId(secret_id)
    ? []
    : [{ path: 'COUNTERSIGN_SECRET_ID', message: SECRET_ID }]
}

function isSecretId(text: string): boolean {
  return isSecretArn(text) || /^[A-Za-z0-9/_+=.@!-]{1,512}$/.test(text)
}

/** An ARN names its Region: arn:<partition>:secretsmanager:<region>:<account>:secret:<name>. */
function isSecretArn(text: string): boolean {
  return /^arn:aws(?:-[a-z]+)*:secretsmanager:[a-z0-9-]+:\d{12}:secret:[A-Za-z0-9/_+=.@!-]+$/.test(text)
}

function regionProblems(
  read: (name: string) => string | undefined,
  secret_id: string | undefined,
): Problem[] {
  const path =
    read('AWS_REGION') === undefined && read('AWS_DEFAULT_REGION') ? 'AWS_DEFAULT_REGION' : 'AWS_REGION'
  const region = read(path)
  if (region === undefined) {
    return secret_id === undefined || isSecretArn(secret_id)
      ? []
      : [{ path, message: 'is required where COUNTERSIGN_SECRET_ID is not an ARN' }]
  }
  // It becomes a part of a host name.
  return /^[a-z0-9-]{1,63}$/.test(region) ? [] : [{ path, message: 'must be the name of a Region' }]
}

/** A table's name says nothing of its Region (DynamoDB developer guide, naming rules). */
function tableProblems(table: string | undefined, region: string | undefined): Problem[] {
  if (table === undefined) return []
  if (!/^[A-Za-z0-9_.-]{3,255}$/.test(table)) {
    return [{ path: LEASE_TABLE, message: 'must be the name of a DynamoDB table' }]
  }
  return region === undefined
    ? [{ path: 'AWS_REGION', message: `is required where ${LEASE_TABLE} is set` }]
    : []
}
