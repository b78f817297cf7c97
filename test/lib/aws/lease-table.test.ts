import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { dynamoDB } from '../../../lib/aws/dynamodb.ts'
import { leaseTable } from '../../../lib/aws/lease-table.ts'
import { guardedAgents } from '../../../lib/http/agents.ts'
import { LEASE_S, RESULT_KEPT_S } from '../../../lib/limits.ts'
import { type LocalLeaseTable, startLeaseTable } from '../../../local/aws/lease-table.ts'
import { type AwsAnswer, type AwsCall, awsError, startFakeAws } from '../../support/fake-kms.ts'
import { rejection } from '../../support/fake-provider.ts'

const NOW_S = 1_800_000_000
const ARN = 'arn:aws:dynamodb:eu-central-1:111122223333:table/leases'

const clientOf = (endpoint: string) =>
  dynamoDB({
    region: 'eu-central-1',
    endpoint,
    credentials: { accessKeyId: 'AKIATEST', secretAccessKey: 'secret' },
    agents: guardedAgents(Date.now),
  })

describe('over a table', () => {
  let local: LocalLeaseTable
  let n = 0
  /** A key that no other test has. */
  const fresh = () => `key-${n++}`
  const leases = () => leaseTable(clientOf(local.url), local.table)

  beforeAll(async () => {
    local = await startLeaseTable({ port: 0, region: 'eu-central-1' })
  })
  afterAll(() => local.close())

  test('RACE-1: who comes first has it, the next one not, until the result is there for everybody', async () => {
    const [key, store, other] = [fresh(), leases(), leases()]
    expect(await store.take(key, 'a', NOW_S)).toBe('taken')
    expect(await other.take(key, 'b', NOW_S)).toBe('held')
    expect(await other.take(key, 'b', NOW_S + LEASE_S)).toBe('held')
    await store.finish(key, 'a', 'sealed by a', NOW_S + 3)
    expect(await other.take(key, 'b', NOW_S + 3)).toEqual({ sealed: 'sealed by a' })
    expect(await other.take(key, 'c', NOW_S + 3 + RESULT_KEPT_S)).toEqual({ sealed: 'sealed by a' })
    expect(await store.take(key, 'a', NOW_S + 3)).toEqual({ sealed: 'sealed by a' })
    expect(await other.take(fresh(), 'b', NOW_S)).toBe('taken')
  })

  test('what stands in the table, with the times that were passed in', async () => {
    const [key, store] = [fresh(), leases()]
    await store.take(key, 'a', NOW_S)
    const until = NOW_S + LEASE_S
    expect(await local.entry(key)).toEqual({ id: key, owner: 'a', until, ttl: until })
    await store.finish(key, 'a', 'sealed', NOW_S + 5)
    const kept = NOW_S + 5 + RESULT_KEPT_S
    expect(await local.entry(key)).toEqual({ id: key, owner: 'a', until: kept, ttl: kept, sealed: 'sealed' })
  })

  test('RACE-1: a lease that has run out is taken over, and is no longer the first one’s to finish or release', async () => {
    const [key, store] = [fresh(), leases()]
    await store.take(key, 'a', NOW_S)
    expect(await store.take(key, 'b', NOW_S + LEASE_S + 1)).toBe('taken')
    const taken = await local.entry(key)
    expect(taken).toMatchObject({ owner: 'b', until: NOW_S + 2 * LEASE_S + 1 })
    await store.finish(key, 'a', 'too late', NOW_S + LEASE_S + 2)
    await store.release(key, 'a')
    expect(await local.entry(key)).toEqual(taken)
    await store.finish(key, 'b', 'in time', NOW_S + LEASE_S + 3)
    expect(await store.take(key, 'a', NOW_S + LEASE_S + 3)).toEqual({ sealed: 'in time' })
  })

  test('a result that has run out is none: the lease is there to be taken, and nothing of it is left', async () => {
    const [key, store] = [fresh(), leases()]
    await store.take(key, 'a', NOW_S)
    await store.finish(key, 'a', 'old', NOW_S)
    expect(await store.take(key, 'b', NOW_S + RESULT_KEPT_S + 1)).toBe('taken')
    expect(await local.entry(key)).not.toHaveProperty('sealed')
  })

  test('a lease that ran out, and that nobody has taken over, is still finished', async () => {
    const [key, store] = [fresh(), leases()]
    await store.take(key, 'a', NOW_S)
    await store.finish(key, 'a', 'late', NOW_S + LEASE_S + 30)
    expect(await store.take(key, 'b', NOW_S + LEASE_S + 30)).toEqual({ sealed: 'late' })
  })

  test('a lease given back is there for the next one; a result is not given back', async () => {
    const [key, store] = [fresh(), leases()]
    await store.take(key, 'a', NOW_S)
    await store.release(key, 'a')
    expect(await local.entry(key)).toBeUndefined()
    expect(await store.take(key, 'b', NOW_S)).toBe('taken')
    await store.finish(key, 'b', 'sealed', NOW_S)
    await store.release(key, 'b')
    expect(await store.take(key, 'a', NOW_S)).toEqual({ sealed: 'sealed' })
  })

  test('who never had a lease makes none by finishing or releasing', async () => {
    const [key, store] = [fresh(), leases()]
    await store.finish(key, 'a', 'made up', NOW_S)
    await store.release(key, 'a')
    expect(await local.entry(key)).toBeUndefined()
  })

  test('RACE-1: of forty at once exactly one gets it, and all others its result', async () => {
    const key = fresh()
    const stores = [leases(), leases(), leases(), leases()]
    const owners = Array.from({ length: 40 }, (_, i) => `owner-${i}`)
    const storeOf = (i: number) => stores[i % stores.length]!
    const taken = await Promise.all(owners.map((owner, i) => storeOf(i).take(key, owner, NOW_S)))
    expect(taken.filter(outcome => outcome === 'held')).toHaveLength(39)
    const winner = taken.indexOf('taken')
    expect(await local.entry(key)).toMatchObject({ owner: owners[winner] })
    // All the others try to pass for the owner.
    await Promise.all(
      owners.map((owner, i) => i !== winner && storeOf(i).finish(key, owner, `by ${owner}`, NOW_S)),
    )
    await storeOf(winner).finish(key, owners[winner]!, 'the one', NOW_S)
    const seen = await Promise.all(owners.map((owner, i) => storeOf(i).take(key, owner, NOW_S + 1)))
    expect(seen).toEqual(owners.map(() => ({ sealed: 'the one' })))
  })

  test('RACE-1: whoever is no more the owner is told so, and whatever is put in its place stays', async () => {
    const [key, store, other] = [fresh(), leases(), leases()]
    await store.take(key, 'a', NOW_S)
    expect(await other.look(key, NOW_S)).toBeUndefined()
    await other.replace(key, 'the end', NOW_S)
    expect(await store.finish(key, 'a', 'a result', NOW_S + 1)).toBe(false)
    expect(await store.look(key, NOW_S + 1)).toBe('the end')
    expect(await other.take(key, 'b', NOW_S + 1)).toEqual({ sealed: 'the end' })
    // For as long as a result is kept, and no longer.
    expect(await store.look(key, NOW_S + RESULT_KEPT_S)).toBe('the end')
    expect(await store.look(key, NOW_S + RESULT_KEPT_S + 1)).toBeUndefined()
    expect(await store.look(fresh(), NOW_S)).toBeUndefined()
    const mine = fresh()
    await store.take(mine, 'a', NOW_S)
    expect(await store.finish(mine, 'a', 'a result', NOW_S)).toBe(true)
  })

  test('a result just below 12 KiB comes back as it was', async () => {
    const [key, store] = [fresh(), leases()]
    const sealed = 'é'.repeat(2048) + 'x'.repeat(8 * 1024 - 1)
    await store.take(key, 'a', NOW_S)
    await store.finish(key, 'a', sealed, NOW_S)
    expect(await store.take(key, 'b', NOW_S)).toEqual({ sealed })
  })

  test('a table that is not there', async () => {
    const store = leaseTable(clientOf(local.url), 'another')
    for (const call of [
      store.take('k', 'a', NOW_S),
      store.finish('k', 'a', 's', NOW_S),
      store.release('k', 'a'),
    ]) {
      expect(await rejection(call)).toMatchObject({ message: 'ResourceNotFoundException' })
    }
  })
})

describe('on the wire', () => {
  async function setup(answer: (call: AwsCall, nth: number) => AwsAnswer | Promise<AwsAnswer>) {
    const aws = await startFakeAws(answer)
    return { aws, store: leaseTable(clientOf(aws.endpoint), 'leases') }
  }
  const failed = (Item?: object): AwsAnswer => ({
    status: 400,
    body: {
      __type: 'com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException',
      Message: `The conditional request failed for ${ARN}`,
      ...(Item && { Item }),
    },
  })

  test('RACE-1: one write says what is there, where the service returns it', async () => {
    const { aws, store } = await setup((_, nth) =>
      failed(nth === 1 ? { owner: { S: 'a' } } : { owner: { S: 'a' }, sealed: { S: 'theirs' } }),
    )
    expect(await store.take('k', 'b', NOW_S)).toBe('held')
    expect(await store.take('k', 'b', NOW_S)).toEqual({ sealed: 'theirs' })
    expect(aws.calls.map(({ target }) => target)).toEqual([
      'DynamoDB_20120810.PutItem',
      'DynamoDB_20120810.PutItem',
    ])
    expect(aws.calls[0]!.input).toMatchObject({
      TableName: 'leases',
      ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
      ExpressionAttributeValues: { ':now': { N: String(NOW_S) } },
    })
    aws.close()
  })

  test('where it does not, the entry is read; gone again in between it was held', async () => {
    const { aws, store } = await setup((_, nth) => (nth === 1 ? failed() : { status: 200, body: {} }))
    expect(await store.take('k', 'b', NOW_S)).toBe('held')
    expect(aws.calls[1]).toEqual({
      target: 'DynamoDB_20120810.GetItem',
      input: { TableName: 'leases', Key: { id: { S: 'k' } }, ConsistentRead: true },
    })
    aws.close()
  })

  test('RACE-1: a look sees what was written a moment ago, in whatever container', async () => {
    const { aws, store } = await setup(() => ({ status: 200, body: {} }))
    expect(await store.look('k', NOW_S)).toBeUndefined()
    expect(aws.calls).toEqual([
      {
        target: 'DynamoDB_20120810.GetItem',
        input: { TableName: 'leases', Key: { id: { S: 'k' } }, ConsistentRead: true },
      },
    ])
    aws.close()
  })

  test('nothing waits for a call that has ended', async () => {
    const { aws, store } = await setup(() => ({ status: 200, body: {} }))
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    try {
      await store.take('k', 'a', NOW_S)
      expect(vi.getTimerCount()).toBe(0)
    } finally {
      vi.useRealTimers()
    }
    aws.close()
  })

  test('a write whose answer was lost is found to have succeeded', async () => {
    const { aws, store } = await setup((_, nth) => (nth === 1 ? 'reset' : failed({ owner: { S: 'a' } })))
    expect(await store.take('k', 'a', NOW_S)).toBe('taken')
    expect(aws.calls).toHaveLength(2)
    aws.close()
  })

  const down: [string, AwsAnswer, string][] = [
    ['throttles', awsError(400, 'ProvisionedThroughputExceededException', ARN), 'ProvisionedThroughput'],
    ['fails inside', awsError(500, 'InternalServerError', ARN), 'InternalServerError'],
    ['refuses', awsError(400, 'AccessDeniedException', `User: ${ARN} may not`), 'AccessDeniedException'],
    ['answers nonsense', { status: 200, body: `<p>${ARN}` }, 'SyntaxError'],
    ['has a name that is an ARN', awsError(400, ARN, ARN), 'arn'],
    ['cuts the connection', 'reset', 'ECONNRESET'],
    ['hangs', 'hang', 'LEASE_TIMEOUT'],
  ]
  test.concurrent.each(down)(
    'a store that %s: every method rejects, with a name at most',
    async (_, answer, name) => {
      const { aws, store } = await setup(() => answer)
      const outcomes = await Promise.all([
        rejection(store.take('k', 'a', NOW_S)),
        rejection(store.finish('k', 'a', 'sentinel-sealed', NOW_S)),
        rejection(store.release('k', 'a')),
        rejection(store.replace('k', 'sentinel-sealed', NOW_S)),
        rejection(store.look('k', NOW_S)),
      ])
      for (const error of outcomes) {
        expect(String((error as Error).message)).toContain(name)
        const texts = [
          String(error),
          (error as Error).stack,
          JSON.stringify(error),
          String((error as Error).cause),
        ]
        for (const text of texts) expect(text).not.toMatch(/arn:aws|111122223333|sentinel/)
      }
      // One more try at most, for each.
      expect(aws.calls.length).toBeLessThanOrEqual(10)
      aws.close()
    },
  )

  test('nobody listens', async () => {
    const { aws, store } = await setup(() => 'reset')
    aws.close()
    expect(await rejection(store.take('k', 'a', NOW_S))).toMatchObject({ message: 'ECONNREFUSED' })
  })
})
