import { connect } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { LocalAws } from '../../../local/aws/server.ts'
import { start } from './stack.ts'

let aws: LocalAws

beforeAll(async () => {
  aws = await start()
})
afterAll(() => aws.close())

const AUTHORIZATION =
  'AWS4-HMAC-SHA256 Credential=AKIAOPERATOR/20260101/eu-central-1/kms/aws4_request, ' +
  'SignedHeaders=host;x-amz-date, Signature=00'
const GOOD = {
  'content-type': 'application/x-amz-json-1.1',
  'x-amz-target': 'TrentService.ListKeys',
  authorization: AUTHORIZATION,
}

async function post(headers: Record<string, string>, body = '{}', url = aws.kms, path = '/') {
  const response = await fetch(url + path, { method: 'POST', headers, body })
  return {
    status: response.status,
    headers: response.headers,
    body: (await response.json()) as { __type?: string },
  }
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/

describe('an answer', () => {
  test('has the media type of the protocol and a request id of its own', async () => {
    const [first, second] = [await post(GOOD), await post(GOOD)]
    expect(first.status).toBe(200)
    expect(first.body).toEqual({ Keys: [], Truncated: false })
    expect(first.headers.get('content-type')).toBe('application/x-amz-json-1.1')
    expect(first.headers.get('x-amzn-requestid')).toMatch(UUID)
    expect(second.headers.get('x-amzn-requestid')).not.toBe(first.headers.get('x-amzn-requestid'))
  })

  test('an error carries its name twice, and its text as the service spells that', async () => {
    const kms = await post(
      { ...GOOD, 'x-amz-target': 'TrentService.DescribeKey' },
      JSON.stringify({ KeyId: 'alias/none' }),
    )
    expect(kms.status).toBe(400)
    expect(kms.headers.get('x-amzn-errortype')).toBe('NotFoundException')
    expect(kms.headers.get('x-amzn-requestid')).toMatch(UUID)
    expect(kms.body).toEqual({
      __type: 'NotFoundException',
      message: 'Alias arn:aws:kms:eu-central-1:111122223333:alias/none is not found.',
    })
    const secrets = await post(
      { ...GOOD, 'x-amz-target': 'secretsmanager.GetSecretValue' },
      JSON.stringify({ SecretId: 'none' }),
      aws.secrets_manager,
    )
    expect(secrets.body).toEqual({
      __type: 'ResourceNotFoundException',
      Message: "Secrets Manager can't find the specified secret.",
    })
  })
})

describe('what the protocol refuses', () => {
  test.each([
    ['no target', { 'x-amz-target': '' }],
    ['an unknown operation', { 'x-amz-target': 'TrentService.Nonsense' }],
    ['a name that every object has', { 'x-amz-target': 'TrentService.constructor' }],
    ['an operation of the other service', { 'x-amz-target': 'secretsmanager.GetSecretValue' }],
    ['another media type', { 'content-type': 'application/json' }],
  ])('%s is an UnknownOperationException', async (_, headers) => {
    const { status, body } = await post({ ...GOOD, ...headers })
    expect([status, body.__type]).toEqual([404, 'UnknownOperationException'])
  })

  test('so are another path and another method', async () => {
    expect((await post(GOOD, '{}', aws.kms, '/other')).body.__type).toBe('UnknownOperationException')
    const response = await fetch(aws.kms, { headers: GOOD })
    expect(response.status).toBe(404)
  })

  test.each([
    ['', 'MissingAuthenticationTokenException'],
    ['Bearer token', 'MissingAuthenticationTokenException'],
    ['AWS4-HMAC-SHA256 Signature=00', 'MissingAuthenticationTokenException'],
    [AUTHORIZATION.replace('AKIAOPERATOR', 'AKIANOBODY'), 'UnrecognizedClientException'],
    [AUTHORIZATION.replace('AKIAOPERATOR', '__proto__'), 'UnrecognizedClientException'],
  ])('authorization "%s": %s', async (authorization, name) => {
    const { status, body } = await post({ ...GOOD, authorization })
    expect([status, body.__type]).toEqual([400, name])
  })

  test.each(['{', '[]', 'null', '"text"', '{"Limit":"many"}'])(
    'the body %s is a SerializationException',
    async text => {
      const { status, body } = await post(GOOD, text)
      expect([status, body.__type]).toEqual([400, 'SerializationException'])
    },
  )

  test('a message that is not base64 is a SerializationException', async () => {
    const { body } = await post(
      { ...GOOD, 'x-amz-target': 'TrentService.Sign' },
      JSON.stringify({ KeyId: 'alias/x', SigningAlgorithm: 'ECDSA_SHA_256', Message: 'not base64!' }),
    )
    expect(body.__type).toBe('SerializationException')
  })

  test('a body of more than 512 KiB is refused, and the next request is served', async () => {
    const { status, body } = await post(GOOD, JSON.stringify({ x: 'x'.repeat(600_000) }))
    expect([status, body.__type]).toEqual([413, 'RequestEntityTooLargeException'])
    expect((await post(GOOD)).status).toBe(200)
  })

  test('a client that goes away in the middle of its request harms nobody', async () => {
    const { hostname, port } = new URL(aws.kms)
    await new Promise<void>((resolve, reject) => {
      const socket = connect(Number(port), hostname, () => {
        socket.write('POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{', () => socket.destroy())
      })
      socket.on('close', () => resolve()).on('error', reject)
    })
    expect((await post(GOOD)).status).toBe(200)
  })
})

describe('connections', () => {
  test('one connection serves several requests', async () => {
    const { hostname, port } = new URL(aws.kms)
    const head = Object.entries(GOOD).map(([name, value]) => `${name}: ${value}\r\n`)
    const request = `POST / HTTP/1.1\r\nHost: x\r\n${head.join('')}Content-Length: 2\r\n\r\n{}`
    const text = await new Promise<string>((resolve, reject) => {
      let seen = ''
      const socket = connect(Number(port), hostname, () => socket.write(request))
      socket.on('error', reject).on('data', chunk => {
        const before = seen.split('"Truncated"').length
        seen += chunk.toString()
        const answers = seen.split('"Truncated"').length - 1
        if (answers === 1 && before === 1) socket.write(request)
        if (answers === 2) {
          socket.destroy()
          resolve(seen)
        }
      })
    })
    expect(text.match(/HTTP\/1\.1 200/g)).toHaveLength(2)
  })
})
