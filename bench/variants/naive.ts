import { randomUUID } from 'node:crypto'
import { Logger } from '@aws-lambda-powertools/logger'
import { injectLambdaContext } from '@aws-lambda-powertools/logger/middleware'
import { KMSClient, SignCommand } from '@aws-sdk/client-kms'
import middy from '@middy/core'
import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2 } from 'aws-lambda'
import { base64url } from 'jose'
import { z } from 'zod'

// What a competent blog post would deploy: the usual packages as they come, one KMS call in the request, no work in init.

const config = z
  .object({
    CLIENT_ID: z.string().min(1),
    ISSUER: z.url(),
    TOKEN_ENDPOINT: z.url(),
    KMS_KEY_ID: z.string().min(1),
    KEY_ID: z.string().min(1),
    ALLOWED_ORIGIN: z.url(),
    REDIRECT_URI: z.url(),
  })
  .parse(process.env)

const tokenRequest = z.object({
  grant_type: z.literal('authorization_code'),
  code: z.string().min(1),
  redirect_uri: z.literal(config.REDIRECT_URI),
  code_verifier: z.string().min(43).max(128),
})

const logger = new Logger({ serviceName: 'token-proxy' })
const kms = new KMSClient({})

async function clientAssertion(): Promise<string> {
  const now = Math.floor(Date.now() / 1000)
  const header = { alg: 'RS256', typ: 'JWT', kid: config.KEY_ID }
  const claims = {
    iss: config.CLIENT_ID,
    sub: config.CLIENT_ID,
    aud: config.ISSUER,
    iat: now,
    exp: now + 60,
    jti: randomUUID(),
  }
  const input = `${base64url.encode(JSON.stringify(header))}.${base64url.encode(JSON.stringify(claims))}`
  const { Signature } = await kms.send(
    new SignCommand({
      KeyId: config.KMS_KEY_ID,
      Message: Buffer.from(input),
      MessageType: 'RAW',
      SigningAlgorithm: 'RSASSA_PKCS1_V1_5_SHA_256',
    }),
  )
  if (!Signature) throw new Error('KMS returned no signature')
  return `${input}.${base64url.encode(Signature)}`
}

async function exchange(event: APIGatewayProxyEventV2): Promise<APIGatewayProxyStructuredResultV2> {
  const headers = {
    'content-type': 'application/json',
    'cache-control': 'no-store',
    'access-control-allow-origin': config.ALLOWED_ORIGIN,
    vary: 'Origin',
  }
  if (event.headers.origin !== config.ALLOWED_ORIGIN) {
    return { statusCode: 403, body: JSON.stringify({ error: 'invalid_request' }) }
  }
  const body = Buffer.from(event.body ?? '', event.isBase64Encoded ? 'base64' : 'utf8').toString('utf8')
  const parsed = tokenRequest.safeParse(Object.fromEntries(new URLSearchParams(body)))
  if (!parsed.success) {
    return { statusCode: 400, headers, body: JSON.stringify({ error: 'invalid_request' }) }
  }
  const response = await fetch(config.TOKEN_ENDPOINT, {
    method: 'POST',
    headers: { accept: 'application/json' },
    body: new URLSearchParams({
      ...parsed.data,
      client_id: config.CLIENT_ID,
      client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
      client_assertion: await clientAssertion(),
    }),
  })
  const tokens = await response.json()
  logger.info('token exchange', { status: response.status })
  return { statusCode: response.status, headers, body: JSON.stringify(tokens) }
}

export const handler = middy(exchange).use(injectLambdaContext(logger))
