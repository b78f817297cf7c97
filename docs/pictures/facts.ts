import { readFileSync } from 'node:fs'
import { parse, type ScalarTag } from 'yaml'
import { parseRegistrations } from '../../lib/config/registrations.ts'
import { ProxyError, type Reason } from '../../lib/errors.ts'
import { BODY_MAX_B, CONFIG_FRESH_MS } from '../../lib/limits.ts'
import { signedInTime } from '../../lib/oauth/client-assertion.ts'
import { privateKeyJwt } from '../../lib/oauth/client-auth.ts'
import { authenticatedRequest } from '../../lib/oauth/endpoint.ts'
import { tokenParameters } from '../../lib/oauth/grants.ts'
import { forTheApp, readTokenResponse } from '../../lib/oauth/token.ts'
import { toWire } from '../../lib/wire.ts'

/** One refusal that costs nothing: the status that a caller sees, and what is looked at. */
export interface FreeCheck {
  reason: Reason
  status: number
  label: string
}

/** What the picture of the architecture says, each read from the file or the function that makes it true. */
export interface Facts {
  gateway: { routes: string[]; answersCors: boolean }
  lambda: { name: string; runtime: string; architecture: string; memoryMb: number; role: string }
  /** Actions of the role's own policies. */
  roleMay: string[]
  key: { spec: string; usage: string; signer: string; algorithm: string; messageType: string }
  /** Names of parameters and members, in the order in which they are sent. */
  browserSends: string[]
  providerGets: string[]
  browserGets: string[]
  keptBack: string[]
  assertion: { claims: string[]; lifetimeS: number; aud: string }
  checks: FreeCheck[]
  configurationFreshS: number
}

/** Reads everything. Throws where a file no longer says what the picture is built on: then it has to be drawn anew. */
export async function readFacts(): Promise<Facts> {
  return { ...readDeployment(), ...(await readExchange()), checks: freeChecks() }
}

// ---- what is deployed ----

interface Service {
  provider: { runtime: string; architecture: string; memorySize: number; httpApi?: { cors?: unknown } }
  functions: Record<string, { role: string; events: { httpApi?: { method: string; path: string } }[] }>
}
interface Statement {
  Effect: string
  Action: string | string[]
  Principal?: { AWS?: string }
  Condition?: { StringEquals?: Record<string, string> }
}
interface Key {
  Mappings: { Algorithms: Record<string, { KeySpec: string; Kms: string }> }
  Resources: { SigningKey: { Properties: { KeyUsage: string; KeyPolicy: { Statement: Statement[] } } } }
}
interface Role {
  Resources: { SigningPolicy: { Properties: { PolicyDocument: { Statement: Statement[] } } } }
}
interface Parameters {
  Parameters: { SigningAlgorithm: { Default: string } }
}

// CloudFormation's short forms stay as they are written, so that they can be recognised.
const CLOUDFORMATION: ScalarTag[] = ['!Ref', '!Sub', '!GetAtt'].map(tag => ({
  tag,
  resolve: (value: string) => `${tag} ${value}`,
}))

function readYaml<T>(path: string): T {
  const text = readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8')
  return parse(text, { customTags: CLOUDFORMATION, logLevel: 'error' }) as T
}

function readDeployment(): Pick<Facts, 'gateway' | 'lambda' | 'roleMay' | 'key'> {
  const { provider, functions } = readYaml<Service>('serverless.yml')
  const { Mappings, Resources } = readYaml<Key>('infra/key.yml')
  const { KeyUsage, KeyPolicy } = Resources.SigningKey.Properties
  const { PolicyDocument } = readYaml<Role>('infra/role.yml').Resources.SigningPolicy.Properties
  const { Default } = readYaml<Parameters>('infra/parameters.yml').Parameters.SigningAlgorithm
  const algorithm = given('algorithm', Mappings.Algorithms[Default])

  const signing = only(
    'statement that allows kms:Sign',
    KeyPolicy.Statement.filter(
      ({ Effect, Action }) =>
        Effect === 'Allow' && [Action].flat().some(action => /^(\*|kms:(\*|sign))$/i.test(action)),
    ),
  )
  const conditions = signing.Condition?.StringEquals ?? {}
  const signer = given('principal', /^!GetAtt (\w+)\.Arn$/.exec(signing.Principal?.AWS ?? '')?.[1])
  const [name, { events }] = only(
    'function with the role that may sign',
    Object.entries(functions).filter(([, { role }]) => role === signer),
  )
  return {
    gateway: {
      routes: events.flatMap(({ httpApi }) =>
        httpApi ? [`${httpApi.method.replace('*', 'ANY')} ${httpApi.path}`] : [],
      ),
      answersCors: provider.httpApi?.cors !== undefined,
    },
    lambda: {
      name,
      runtime: provider.runtime,
      architecture: provider.architecture,
      memoryMb: provider.memorySize,
      role: signer,
    },
    roleMay: PolicyDocument.Statement.flatMap(({ Action }) => Action),
    key: {
      spec: algorithm.KeySpec,
      usage: KeyUsage,
      signer,
      algorithm: algorithm.Kms,
      messageType: given('message type', conditions['kms:MessageType']),
    },
  }
}

// ---- what is sent: asked of the functions that send it ----

/** A registration with nothing but what is required, so that everything else is the default. */
const REGISTRATION = JSON.stringify({
  version: 1,
  clients: [
    {
      client_id: 'app',
      provider: 'pingone',
      issuer: 'https://auth.pingone.eu/5f3c1a2b-0000-4000-8000-000000000000/as',
      signing_keys: [
        {
          kms_key_arn: 'arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab',
          alg: 'ES256',
          // RFC 7517 appendix A.1
          public_jwk: {
            kty: 'EC',
            crv: 'P-256',
            x: 'MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4',
            y: '4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM',
          },
          state: 'active',
        },
      ],
      allowed_origins: ['https://app.example.com'],
      redirect_uris: ['https://app.example.com/callback'],
    },
  ],
})

const SAMPLE: Record<string, string> = {
  grant_type: 'authorization_code',
  code: 'c',
  redirect_uri: 'https://app.example.com/callback',
  code_verifier: 'v'.repeat(43),
}

/** Every member of a token response that RFC 6749 section 5.1 and OpenID Connect Core 3.1.3.3 know. */
const EVERY_TOKEN = {
  access_token: 'a',
  token_type: 'Bearer',
  expires_in: 1,
  refresh_token: 'r',
  scope: 's',
  id_token: 'i',
}

async function readExchange() {
  const client = only(
    'client',
    parseRegistrations(REGISTRATION, { revision: 'picture', onLambda: true }).clients,
  )

  // The function names what it misses, until it misses nothing.
  const form = new Map<string, string[]>()
  const parameters = () => {
    for (;;) {
      try {
        return tokenParameters(form, client)
      } catch (error) {
        const missing = error instanceof ProxyError && error.reason === 'parameter_missing' && error.parameter
        if (!missing || form.has(missing)) throw error
        form.set(missing, [given(`sample of ${missing}`, SAMPLE[missing])])
      }
    }
  }

  let claims: string[] = []
  let sent: string[] = []
  const signer = {
    alg: client.signing_key.alg,
    kid: 'k',
    async sign(input: Uint8Array) {
      const [, payload = ''] = Buffer.from(input).toString('latin1').split('.')
      claims = Object.keys(JSON.parse(Buffer.from(payload, 'base64url').toString()))
      return new Uint8Array()
    },
  }
  const { client_id, assertion } = client
  const made = { client_id, ...assertion, now: () => 0, randomId: () => 'id' }
  const authenticate = privateKeyJwt(signedInTime(signer, made))
  const { token_endpoint } = client.as
  const answer = await authenticatedRequest(
    token_endpoint,
    client,
    authenticate,
    parameters(),
    async (_url, body) => {
      sent = [...body.keys()]
      const headers = { 'content-type': 'application/json' }
      return { status: 200, headers, body: JSON.stringify(EVERY_TOKEN) }
    },
  )
  const browserGets = Object.keys(forTheApp(readTokenResponse(answer, { proof: false }), client))
  return {
    browserSends: [...form.keys()],
    providerGets: sent,
    browserGets,
    keptBack: Object.keys(EVERY_TOKEN).filter(member => !browserGets.includes(member)),
    assertion: { claims, lifetimeS: client.assertion.lifetime, aud: client.assertion.aud },
    configurationFreshS: CONFIG_FRESH_MS / 1000,
  }
}

/** In the order in which they are made. The words are the picture's; that order and status hold is tested. */
function freeChecks(): FreeCheck[] {
  const checks: [Reason, string][] = [
    ['route_unknown', 'the path'],
    ['origin_refused', 'Origin'],
    ['method_not_allowed', 'the method'],
    ['body_too_large', `at most ${BODY_MAX_B / 1024} KiB`],
    ['content_type_unsupported', 'content type'],
    ['body_malformed', 'the body'],
    ['parameter_refused', 'no credentials'],
    ['parameter_repeated', 'nothing twice'],
    ['client_unknown', 'client_id'],
    ['origin_refused', 'its own Origin'],
    ['grant_refused', 'grant_type'],
    ['redirect_uri_refused', 'redirect_uri, exact'],
    ['parameter_missing', 'code_verifier'],
    ['scope_refused', 'scope'],
  ]
  return checks.map(([reason, label]) => ({ reason, label, status: toWire(new ProxyError(reason)).status }))
}

// ---- a picture of something that is not there would be worse than none ----

function only<T>(what: string, found: readonly T[]): T {
  if (found.length !== 1) throw new Error(`the picture shows one ${what}, and there are ${found.length}`)
  return found[0]!
}

function given<T>(what: string, value: T | undefined): T {
  if (value === undefined) throw new Error(`the picture shows the ${what}, and there is none`)
  return value
}
