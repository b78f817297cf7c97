import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { promisify } from 'node:util'
import { build as esbuild } from 'esbuild'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { bundleOptions } from '../../infra/build.ts'
import { CUTS, type Cut } from '../../infra/cuts.ts'
import { trim } from '../../infra/trim.ts'

const PARTITIONS = '@aws-sdk/core/dist-es/submodules/client/util-endpoints/lib/aws/partitions.js'

interface Partition {
  regions: object
  outputs: { dnsSuffix: string }
}

const ROOT = join(import.meta.dirname, '..', '..')
const PROBE = 'test/infra/trim-probe.ts'

const refusals: Record<string, [number, string]> = {
  missing: [400, 'NotFoundException'],
  denied: [400, 'AccessDeniedException'],
  broken: [500, 'KMSInternalException'],
  throttled: [400, 'ThrottlingException'],
  x: [400, 'ResourceNotFoundException'],
}

const HOUR_MS = 3_600_000

/** What AWS says to a request signed more than five minutes ago, by a clock that is an hour ahead of ours. */
function tooEarly({ headers }: IncomingMessage): [number, string] | undefined {
  const [, ...parts] = /^(....)(..)(..T..)(..)(..Z)$/.exec(String(headers['x-amz-date'])) ?? []
  const [year, month, hours, minutes, seconds] = parts
  const signed = Date.parse(`${year}-${month}-${hours}:${minutes}:${seconds}`)
  const right = Math.abs(signed - (Date.now() + HOUR_MS)) < 300_000
  return right ? undefined : [400, 'InvalidSignatureException']
}

const ENTRY = { id: { S: 'k' }, owner: { S: 'a' } }

/** A table whose one entry is there, and not to be replaced. */
function tableAnswer({ headers }: IncomingMessage, response: ServerResponse): void {
  const operation = String(headers['x-amz-target']).split('.')[1]
  if (operation === 'PutItem') response.statusCode = 400
  const refused = { __type: 'x#ConditionalCheckFailedException', message: 'no', Item: ENTRY }
  response.end(
    JSON.stringify(operation === 'PutItem' ? refused : operation === 'GetItem' ? { Item: ENTRY } : {}),
  )
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
    const refusal =
      refusals[body.KeyId ?? body.SecretId] ?? (body.KeyId === 'skewed' ? tooEarly(request) : undefined)
    response.setHeader('x-amzn-requestid', 'request-1')
    // A server whose clock is an hour ahead.
    if (body.KeyId === 'skewed') response.setHeader('date', new Date(Date.now() + HOUR_MS).toUTCString())
    if (body.KeyId === 'proxied') return response.writeHead(503).end('<html>busy</html>')
    response.statusCode = refusal?.[0] ?? 200
    if (body.TableName !== undefined) return tableAnswer(request, response)
    const refused = refusal && { __type: refusal[1], message: `refused ${body.KeyId ?? body.SecretId}` }
    const signed = { Signature: Buffer.from('signed').toString('base64') }
    response.end(JSON.stringify(refused ?? (body.KeyId === undefined ? { SecretString: 'kept' } : signed)))
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`

  folder = await mkdtemp(join(tmpdir(), 'countersign-trim-'))
  await esbuild({
    ...bundleOptions({ version: '0', minify: true }),
    entryPoints: [PROBE],
    outfile: join(folder, 'probe.cjs'),
    write: true,
  })
  const env = {
    ENDPOINT: endpoint,
    AWS_ENDPOINT_URL_KMS: endpoint,
    AWS_ENDPOINT_URL_SECRETS_MANAGER: endpoint,
    AWS_ENDPOINT_URL_DYNAMODB: endpoint,
    AWS_SDK_UA_APP_ID: 'demo',
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

  test('finds the endpoints of AWS in every Region of every partition, where nothing names one', async () => {
    const source = await readFile(join(ROOT, 'node_modules', PARTITIONS), 'utf8')
    const { partitions } = JSON.parse(source.slice(source.indexOf('{'), source.lastIndexOf('}') + 1))
    // Those named like aws-global are no Regions that anything runs in.
    const regions: [string, string][] = partitions.flatMap((one: Partition) =>
      Object.keys(one.regions).map(region => [region, one.outputs.dnsSuffix]),
    )
    // A Region that is newer than the table.
    regions.push(['eu-central-99', 'amazonaws.com'])
    expect(regions.map(([region]) => region)).toEqual(
      expect.arrayContaining(['eu-central-1', 'cn-north-1', 'us-gov-west-1', 'eusc-de-east-1']),
    )
    const expected = regions.map(([region, suffix]) => [
      region,
      ['kms', 'secretsmanager', 'dynamodb'].map(service => `https://${service}.${region}.${suffix}`),
    ])
    const { stdout } = await run({ REGIONS: regions.map(([region]) => region).join(' ') })
    expect(JSON.parse(stdout)).toEqual(Object.fromEntries(expected))
  })

  test('takes FIPS endpoints where AWS_USE_FIPS_ENDPOINT says so', async () => {
    const { stdout } = await run({ REGIONS: 'us-gov-west-1', AWS_USE_FIPS_ENDPOINT: 'true' })
    expect(JSON.parse(stdout)['us-gov-west-1']).toEqual([
      'https://kms-fips.us-gov-west-1.amazonaws.com',
      'https://secretsmanager-fips.us-gov-west-1.amazonaws.com',
      // By itself.
      'https://dynamodb.us-gov-west-1.amazonaws.com',
    ])
  })

  test('reads, writes and deletes an entry of a table, and is told what a condition was not true of', () => {
    expect(report).toMatchObject({ entry: ENTRY, deleted: {} })
    expect(report.taken).toMatchObject({
      name: 'ConditionalCheckFailedException',
      status: 400,
      id: 'request-1',
      attempts: 1,
      Item: ENTRY,
    })
    const sent = requests.filter(({ body }) => body.TableName !== undefined)
    expect(sent.map(({ request }) => request.headers['x-amz-target'])).toEqual(
      ['GetItem', 'PutItem', 'DeleteItem'].map(name => `DynamoDB_20120810.${name}`),
    )
    for (const { request } of sent) {
      expect(request.headers['content-type']).toBe('application/x-amz-json-1.0')
      expect(request.headers.authorization).toContain('/eu-central-1/dynamodb/aws4_request')
      expect(request.headers['user-agent']).toContain(' api/dynamodb#3.')
    }
  })

  test('says its version and its runtime, in each request the same', () => {
    const agents = requests
      .filter(({ body }) => body.KeyId === 'good')
      .map(({ request }) => request.headers['user-agent'])
    expect(agents[0]).toMatch(
      /^aws-sdk-js\/3\.\d+\.\d+ ua\/2\.1 os\/\w+#\S+ lang\/js md\/nodejs#\d+\.\d+\.\d+ api\/kms#3\.\d+\.\d+ app\/demo$/,
    )
    expect(agents).toHaveLength(5)
    expect(new Set(agents).size).toBe(1)
    // It is said of Secrets Manager in its own words.
    const reader = requests.find(({ body }) => body.SecretId === 's')?.request.headers['user-agent']
    expect(reader).toContain(' api/secrets-manager#3.')
  })

  test('signs several at once', () => {
    expect(report.atOnce).toEqual(['signed', 'signed', 'signed'])
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

  test('repeats what was throttled, and what a proxy answered in the place of KMS', () => {
    expect(report.throttled).toMatchObject({ name: 'ThrottlingException', status: 400, attempts: 2 })
    expect(report.proxied).toMatchObject({ name: 'SyntaxError', status: 503, attempts: 2 })
  })

  test('sets its clock by that of AWS, and signs again', () => {
    expect(report.skewed).toBe('signed')
    expect(requests.filter(({ body }) => body.KeyId === 'skewed')).toHaveLength(2)
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
    await esbuild({
      ...bundleOptions({ version: '0', minify: true }),
      plugins: [trim(cuts)],
      entryPoints: [PROBE],
    })
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
