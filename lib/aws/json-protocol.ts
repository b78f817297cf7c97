import type { Readable } from 'node:stream'
import type { KMSClientConfig } from '@aws-sdk/client-kms'
import { coded } from '../errors.ts'

type Protocol = Extract<NonNullable<KMSClientConfig['protocol']>, { serializeRequest: unknown }>

/** What the SDK hands over of its own for reading and writing messages, as far as it is used. */
interface SerdeContext {
  endpoint(): Promise<{ protocol: string; hostname: string; port?: number; path: string }>
  base64Encoder(bytes: Uint8Array): string
  base64Decoder(text: string): Uint8Array
}

interface HttpResponse {
  statusCode: number
  headers: Record<string, string | undefined>
  body: Readable
}

type Members = Record<string, unknown>

/** Members that are bytes, in JSON as base64. Requests show theirs by their type. */
const BLOBS = ['Signature', 'SecretBinary']

/**
 * AWS JSON, the protocol of KMS, Secrets Manager and DynamoDB, as far as the few operations go that are used: members
 * that are JSON as they are, or bytes. The SDK's own protocol does the same for every operation there is, driven by a
 * schema of each: a sixth of the bundle. Everything around it is the SDK's: endpoints, SigV4, the clock's skew,
 * repetitions, sockets.
 *
 * @param target the service's name in `X-Amz-Target`
 * @param version DynamoDB speaks 1.0, which differs in the media type alone
 */
export function awsJson(target: string, version: '1.0' | '1.1' = '1.1'): Protocol {
  return {
    async serializeRequest({ name }: { name: string }, input: Members, context: SerdeContext) {
      const { protocol, hostname, port, path } = await context.endpoint()
      const members = Object.entries(input).map(([member, value]) => [
        member,
        value instanceof Uint8Array ? context.base64Encoder(value) : value,
      ])
      return {
        method: 'POST',
        protocol,
        hostname,
        port,
        path: path.endsWith('/') ? path : `${path}/`,
        query: {},
        headers: { 'content-type': `application/x-amz-json-${version}`, 'x-amz-target': `${target}.${name}` },
        body: JSON.stringify(Object.fromEntries(members)),
      }
    },
    async deserializeResponse(
      _: unknown,
      context: SerdeContext,
      { statusCode, headers, body }: HttpResponse,
    ) {
      const text = await textOf(body)
      const members: Members = (text === '' ? null : JSON.parse(text)) ?? {}
      const $metadata = {
        httpStatusCode: statusCode,
        requestId: headers['x-amzn-requestid'] ?? headers['x-amzn-request-id'] ?? headers['x-amz-request-id'],
      }
      if (statusCode >= 300) throw serviceError(members, headers, $metadata)
      const output: Members = { $metadata }
      for (const [member, value] of Object.entries(members)) {
        if (value === null || member === '$metadata') continue
        output[member] = BLOBS.includes(member) ? context.base64Decoder(value as string) : value
      }
      return output
    },
    // Called before each command; what it brings comes with the calls above as well. The rest of the interface is for
    // event streams, and never called.
    setSerdeContext() {},
  } as unknown as Protocol
}

/** What the SDK's retries, its correction of the clock and `toProxyError` go by. */
function serviceError(
  members: Members,
  headers: HttpResponse['headers'],
  $metadata: { httpStatusCode: number },
): Error {
  const message = members.message ?? members.Message ?? 'UnknownError'
  return Object.assign(new Error(String(message)), {
    name: errorName(members.__type ?? members.code ?? members.Code ?? headers['x-amzn-errortype']),
    $fault: $metadata.httpStatusCode < 500 ? 'client' : 'server',
    $metadata,
    // What a condition was not true of (DynamoDB, ConditionalCheckFailedException).
    ...(members.Item !== undefined && { Item: members.Item }),
  })
}

/** `prefix#Name:http://…` -> `Name` (Smithy, AWS JSON 1.1: "Operation error serialization"). */
function errorName(type: unknown): string {
  const [name = ''] = String(type ?? 'Unknown').split(/[,:]/)
  return name.slice(name.indexOf('#') + 1)
}

/** A secret has 64 KiB at most, and escaped in JSON at most six times as much. */
const ANSWER_MAX = 512 * 1024

/** The SDK's own collector pipes the answer through a stream: a tenth of the CPU time of a call. */
function textOf(body: Readable): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = ''
    body.setEncoding('utf8')
    body.on('data', chunk => {
      text += chunk
      if (text.length <= ANSWER_MAX) return
      reject(coded('ANSWER_TOO_LARGE'))
      body.destroy()
    })
    body.on('end', () => resolve(text))
    body.on('error', reject)
  })
}
