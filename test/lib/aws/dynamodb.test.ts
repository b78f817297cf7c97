import { once } from 'node:events'
import http from 'node:http'
import https from 'node:https'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import {
  DeleteItemCommand,
  type DeleteItemCommandInput,
  DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  type PutItemCommandInput,
} from '@aws-sdk/client-dynamodb'
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { dynamoDB } from '../../../lib/aws/dynamodb.ts'

// The SDK's own client is the measure: the same call once with each.

const credentials = { accessKeyId: 'AKIATEST', secretAccessKey: 'secret', sessionToken: 'session' }
const { signal } = new AbortController()

const PUT: PutItemCommandInput = {
  TableName: 'leases',
  Item: { id: { S: 'ü' }, until: { N: '1' } },
  ConditionExpression: '#until < :now',
  ExpressionAttributeNames: { '#until': 'until' },
  ExpressionAttributeValues: { ':now': { N: '1' } },
  ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
}
const GET = { TableName: 'leases', Key: { id: { S: 'ü' } }, ConsistentRead: true }
const DELETE: DeleteItemCommandInput = { TableName: 'leases', Key: { id: { S: 'ü' } } }

describe('a call is sent and read as the SDK’s own client does', () => {
  const ITEM = { id: { S: 'ü' }, until: { N: '1' } }
  const sent: object[] = []
  let answer: { status: number; body: object }
  const server = http.createServer(async (request, response) => {
    const { method, url, headers } = request
    const { 'content-type': type, 'x-amz-target': target, authorization = '' } = headers
    const body = JSON.parse(await text(request))
    // Without the day and what follows from the time.
    const scope = /Credential=[^/]+\/\d+\/([^,]+)/.exec(authorization)?.[1]
    sent.push({ method, url, type, target, scope, token: headers['x-amz-security-token'], body })
    response.writeHead(answer.status, { 'x-amzn-requestid': 'id-1' }).end(JSON.stringify(answer.body))
  })
  let ours: ReturnType<typeof dynamoDB>
  let theirs: DynamoDBClient

  beforeAll(async () => {
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}/below`
    const options = { region: 'eu-central-1', endpoint, credentials }
    ours = dynamoDB({ ...options, agents: { http: new http.Agent(), https: new https.Agent() } })
    theirs = new DynamoDBClient({ ...options, maxAttempts: 2 })
  })
  afterAll(() => {
    server.close()
    server.closeAllConnections()
  })

  async function outcome(call: Promise<unknown>) {
    const before = sent.length
    const seen = await call.then(
      output => ({ Item: (output as { Item?: object }).Item }),
      error => ({ name: error.name, message: error.message, Item: error.Item, $fault: error.$fault }),
    )
    return { seen, sent: sent.slice(before) }
  }

  const CALLS: [string, () => Promise<unknown>, () => Promise<unknown>][] = [
    ['PutItem', () => ours.putItem(PUT, signal), () => theirs.send(new PutItemCommand(PUT))],
    ['GetItem', () => ours.getItem(GET, signal), () => theirs.send(new GetItemCommand(GET))],
    ['DeleteItem', () => ours.deleteItem(DELETE, signal), () => theirs.send(new DeleteItemCommand(DELETE))],
  ]

  describe.each(CALLS)('%s', (name, byUs, byThem) => {
    test.each<[string, typeof answer]>([
      ['an answer', { status: 200, body: {} }],
      [
        'a condition that is not true',
        { status: 400, body: { __type: 'x#ConditionalCheckFailedException', message: 'no', Item: ITEM } },
      ],
      [
        'the same without the item',
        { status: 400, body: { __type: 'x#ConditionalCheckFailedException', message: 'no' } },
      ],
      ['a refusal', { status: 400, body: { __type: 'x#ValidationException', message: 'what?' } }],
      ['a throttle', { status: 400, body: { __type: 'x#ThrottlingException', message: 'slow down' } }],
      ['a failure', { status: 500, body: { __type: 'x#InternalServerError', message: 'sorry' } }],
    ])('%s', async (_, given) => {
      answer = given
      const made = await outcome(byUs())
      expect(made).toEqual(await outcome(byThem()))
      expect(made.sent[0]).toMatchObject({
        url: '/below/',
        type: 'application/x-amz-json-1.0',
        target: `DynamoDB_20120810.${name}`,
        scope: 'eu-central-1/dynamodb/aws4_request',
        token: 'session',
      })
    })
  })

  test('an item that is there', async () => {
    answer = { status: 200, body: { Item: ITEM, ConsumedCapacity: null } }
    const made = await outcome(ours.getItem(GET, signal))
    expect(made).toEqual(await outcome(theirs.send(new GetItemCommand(GET))))
    expect(made.seen).toEqual({ Item: ITEM })
  })
})

test('a call that is not answered ends with its signal, whichever it is', async () => {
  const asked: string[] = []
  const silent = http.createServer(request => {
    asked.push(String(request.headers['x-amz-target']))
    deadlines[asked.length - 1]!.abort()
  })
  silent.listen(0, '127.0.0.1')
  await once(silent, 'listening')
  const endpoint = `http://127.0.0.1:${(silent.address() as AddressInfo).port}`
  const agents = { http: new http.Agent(), https: new https.Agent() }
  const client = dynamoDB({ region: 'eu-central-1', endpoint, credentials, agents })
  const calls = [
    (signal: AbortSignal) => client.putItem(PUT, signal),
    (signal: AbortSignal) => client.getItem(GET, signal),
    (signal: AbortSignal) => client.deleteItem(DELETE, signal),
  ]
  const deadlines = calls.map(() => new AbortController())
  for (const [nth, call] of calls.entries()) {
    await expect(call(deadlines[nth]!.signal)).rejects.toMatchObject({ name: 'AbortError' })
  }
  expect(asked).toHaveLength(3)
  silent.close()
  silent.closeAllConnections()
})

describe('the endpoint is the SDK’s own', () => {
  afterEach(() => vi.unstubAllEnvs())

  /** The host that a client would connect to. */
  async function hostOf(send: (agent: https.Agent) => Promise<unknown>): Promise<string | undefined> {
    let host: string | undefined
    const agent = new https.Agent()
    agent.createConnection = options => {
      host = String(options.host)
      throw new Error('far enough')
    }
    await send(agent).catch(() => {})
    return host
  }
  const both = (region: string) => [
    hostOf(agent =>
      dynamoDB({
        region,
        endpoint: undefined,
        credentials,
        agents: { https: agent, http: new http.Agent() },
      }).getItem(GET, signal),
    ),
    hostOf(agent =>
      new DynamoDBClient({
        region,
        credentials,
        maxAttempts: 1,
        accountIdEndpointMode: 'disabled',
        requestHandler: { httpsAgent: agent },
      }).send(new GetItemCommand(GET)),
    ),
  ]

  test.each(['eu-central-1', 'us-east-1', 'us-gov-west-1', 'cn-north-1', 'us-iso-east-1', 'mars-north-1'])(
    'in %s',
    async region => {
      for (const fips of ['false', 'true']) {
        for (const dualstack of ['false', 'true']) {
          // Not every partition has it, and the SDK says so.
          if (dualstack === 'true' && region === 'us-iso-east-1') continue
          if (fips === 'true' && region === 'cn-north-1') continue
          vi.stubEnv('AWS_USE_FIPS_ENDPOINT', fips)
          vi.stubEnv('AWS_USE_DUALSTACK_ENDPOINT', dualstack)
          const [ours, theirs] = await Promise.all(both(region))
          expect(ours).toMatch(/^dynamodb/)
          expect(ours).toBe(theirs)
        }
      }
    },
  )

  test('where the environment names one', async () => {
    vi.stubEnv('AWS_ENDPOINT_URL_DYNAMODB', 'https://vpce-1.dynamodb.eu-west-1.vpce.amazonaws.com')
    const [ours, theirs] = await Promise.all(both('eu-west-1'))
    expect(ours).toBe('vpce-1.dynamodb.eu-west-1.vpce.amazonaws.com')
    expect(ours).toBe(theirs)
  })
})
