import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { promisify } from 'node:util'
import { build as esbuild } from 'esbuild'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { bundleOptions } from '../../infra/build.ts'
import { CUTS, type Cut, trim } from '../../infra/trim.ts'

const ROOT = join(import.meta.dirname, '..', '..')

/** Uses the SDK as the functions do, and reports what came of it and what it loaded. */
const PROBE = `
  import { Agent as HttpAgent } from 'node:http'
  import { Agent as HttpsAgent } from 'node:https'
  import { KMSClient, SignCommand } from '@aws-sdk/client-kms'
  import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager'
  const config = endpoint => ({
    region: 'eu-central-1',
    ...(endpoint === undefined ? {} : { endpoint }),
    credentials: { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'secret' },
    maxAttempts: 2,
    requestHandler: { httpAgent: new HttpAgent({ keepAlive: true }), httpsAgent: new HttpsAgent({ keepAlive: true }) },
  })
  const named = new KMSClient(config(process.env.ENDPOINT))
  const fromEnvironment = new KMSClient(config(undefined))
  const outcome = promise => promise.then(
    ({ Signature, SecretString }) => Signature ? Buffer.from(Signature).toString() : SecretString,
    ({ name, message, $metadata, $fault }) =>
      ({ name, message, $fault, status: $metadata?.httpStatusCode, id: $metadata?.requestId, attempts: $metadata?.attempts }))
  const sign = (client, KeyId) => outcome(client.send(new SignCommand({
    KeyId, Message: Buffer.from('header.claims'), MessageType: 'RAW', SigningAlgorithm: 'RSASSA_PKCS1_V1_5_SHA_256' })))
  // Stopped on its way to the network: where would it have gone?
  const destination = async (client, command) => {
    const stop = () => async ({ request }) => { throw new Error(request.protocol + '//' + request.hostname) }
    client.middlewareStack.add(stop, { step: 'deserialize', priority: 'low' })
    return (await outcome(client.send(command))).message
  }
  const sent = new SignCommand({ KeyId: 'k', Message: Buffer.from('m'), SigningAlgorithm: 'RSASSA_PKCS1_V1_5_SHA_256' })
  const main = async () => {
    if (process.env.ENDPOINT === undefined) {
      console.log(JSON.stringify([
        await destination(new KMSClient(config(undefined)), sent),
        await destination(new KMSClient({ ...config(undefined), region: 'cn-north-1' }), sent),
        await destination(new SecretsManagerClient(config(undefined)), new GetSecretValueCommand({ SecretId: 's' })),
      ]))
      process.exit()
    }
    const results = {
      good: await sign(named, 'good'),
      fromEnvironment: await sign(fromEnvironment, 'good'),
      missing: await sign(named, 'missing'),
      denied: await sign(named, 'denied'),
      broken: await sign(named, 'broken'),
      secret: await outcome(new SecretsManagerClient(config(undefined)).send(new GetSecretValueCommand({ SecretId: 's' }))),
      noSecret: await outcome(new SecretsManagerClient(config(undefined)).send(new GetSecretValueCommand({ SecretId: 'x' }))),
      withoutCredentials: await sign(new KMSClient({ ...config(process.env.ENDPOINT), credentials: undefined }), 'good'),
    }
    console.log(JSON.stringify({ ...results, undici: process.moduleLoadList.filter(entry => /undici/.test(entry)) }))
    process.exit()
  }
  main()
`

const refusals: Record<string, [number, string]> = {
  missing: [400, 'NotFoundException'],
  denied: [400, 'AccessDeniedException'],
  broken: [500, 'KMSInternalException'],
  x: [400, 'ResourceNotFoundException'],
}

let server: Server
let requests: { request: IncomingMessage; body: Record<string, string> }[]
let folder: string
let report: Record<string, unknown>

const run = (env: Record<string, string>) =>
  promisify(execFile)(process.execPath, [join(folder, 'probe.cjs')], { env })

beforeAll(async () => {
  requests = []
  server = createServer(async (request, response) => {
    const body = JSON.parse(await text(request))
    requests.push({ request, body })
    const refusal = refusals[body.KeyId ?? body.SecretId]
    response.setHeader('x-amzn-requestid', 'request-1')
    response.statusCode = refusal?.[0] ?? 200
    const refused = refusal && { __type: refusal[1], message: `refused ${body.KeyId ?? body.SecretId}` }
    response.end(
      JSON.stringify(
        refused ?? { Signature: Buffer.from('signed').toString('base64'), SecretString: 'kept' },
      ),
    )
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`

  folder = await mkdtemp(join(tmpdir(), 'countersign-trim-'))
  await esbuild({
    ...bundleOptions({ version: '0', minify: true }),
    stdin: { contents: PROBE, resolveDir: ROOT },
    outfile: join(folder, 'probe.cjs'),
    write: true,
  })
  const env = {
    ENDPOINT: endpoint,
    AWS_ENDPOINT_URL_KMS: endpoint,
    AWS_ENDPOINT_URL_SECRETS_MANAGER: endpoint,
  }
  report = JSON.parse((await run(env)).stdout)
})

afterAll(async () => {
  server.close()
  server.closeAllConnections()
  await rm(folder, { recursive: true, force: true })
})

describe('the trimmed SDK', () => {
  test('signs at an endpoint given to the client', () => {
    expect(report.good).toBe('signed')
    const [first] = requests
    expect(first?.request.headers['x-amz-target']).toBe('TrentService.Sign')
    expect(first?.request.headers.authorization).toMatch(
      /^AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE\/\d{8}\/eu-central-1\/kms\/aws4_request, SignedHeaders=.+, Signature=[0-9a-f]{64}$/,
    )
    expect(first?.body).toMatchObject({ KeyId: 'good', MessageType: 'RAW' })
  })

  test('takes its endpoints from AWS_ENDPOINT_URL_KMS and AWS_ENDPOINT_URL_SECRETS_MANAGER', () => {
    expect(report).toMatchObject({ fromEnvironment: 'signed', secret: 'kept' })
  })

  test('finds the endpoints of AWS by the Region where nothing names one', async () => {
    expect(JSON.parse((await run({})).stdout)).toEqual([
      'https://kms.eu-central-1.amazonaws.com',
      'https://kms.cn-north-1.amazonaws.com.cn',
      'https://secretsmanager.eu-central-1.amazonaws.com',
    ])
  })

  test('still says its version', () => {
    expect(requests[0]?.request.headers['user-agent']).toMatch(/^aws-sdk-js\/3\.\d+\.\d+ /)
  })

  test('knows each error by the name, the message and the request id of the service', () => {
    const error = { $fault: 'client', status: 400, id: 'request-1', attempts: 1 }
    expect(report.missing).toEqual({ ...error, name: 'NotFoundException', message: 'refused missing' })
    expect(report.denied).toMatchObject({ name: 'AccessDeniedException', message: 'refused denied' })
    expect(report.noSecret).toEqual({ ...error, name: 'ResourceNotFoundException', message: 'refused x' })
  })

  test('repeats a signature that failed inside KMS, and then gives up', () => {
    expect(report.broken).toMatchObject({
      name: 'KMSInternalException',
      $fault: 'server',
      status: 500,
      attempts: 2,
    })
    expect(requests.filter(({ body }) => body.KeyId === 'broken')).toHaveLength(2)
  })

  test('has no credentials but those that it is given', () => {
    expect(report.withoutCredentials).toMatchObject({
      message: expect.stringContaining('not part of this bundle'),
    })
  })

  test('loads no undici, over plain http either', () => {
    expect(report.undici).toEqual([])
  })
})

describe('a cut', () => {
  const bundleWith = async (cuts: readonly Cut[]) => {
    const stdin = { contents: PROBE, resolveDir: ROOT }
    await esbuild({ ...bundleOptions({ version: '0', minify: true }), plugins: [trim(cuts)], stdin })
  }
  const some = (changes: Partial<Cut>): Cut => ({ ...(CUTS[0] as Cut), ...changes })

  test('is no obstacle when all of them apply', async () => {
    await expect(bundleWith(CUTS)).resolves.toBeUndefined()
  })

  test('that matches no file of the bundle fails the build, by its name', async () => {
    const gone = some({ file: '@aws-sdk/credential-provider-node/dist-es/moved.js' })
    await expect(bundleWith([...CUTS, gone])).rejects.toThrow(
      'nothing left to cut in @aws-sdk/credential-provider-node/dist-es/moved.js',
    )
  })

  test('that matches a file but changes nothing fails it as well', async () => {
    await expect(bundleWith([some({ edit: source => source })])).rejects.toThrow('nothing left to cut in')
  })

  test('that leaves out a name which is imported fails it as well', async () => {
    await expect(bundleWith([some({ edit: () => 'export const other = 1' })])).rejects.toThrow(
      /No matching export in .*credential-provider-node/,
    )
  })
})
