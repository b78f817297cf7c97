import { causeName, coded } from '../errors.ts'
import { LEASE_CALL_MS, LEASE_S, RESULT_KEPT_S } from '../limits.ts'
import type { LeaseStore } from '../session/leases.ts'
import type { DynamoDB } from './dynamodb.ts'

/** What stands in the table: a lease, or with `sealed` the result of one. */
interface Entry {
  owner?: { S?: string }
  sealed?: { S?: string }
  until?: { N?: string }
}

/**
 * Leases in a DynamoDB table with the hash key `id`. Each method is one conditional write, which a repetition leaves as
 * it is, and ends within LEASE_CALL_MS. What has run out counts as not there: that the table deletes it by `ttl` in the
 * course of a day is for tidiness.
 */
export function leaseTable(dynamoDB: DynamoDB, TableName: string): LeaseStore {
  const keyed = (key: string) => ({ TableName, Key: { id: { S: key } } })
  return {
    take: (key, owner, now_s) =>
      inTime(async signal => {
        const lease = { ...entry(key, owner, now_s + LEASE_S) }
        const failed = await conditional(
          dynamoDB.putItem(
            {
              TableName,
              Item: lease,
              ConditionExpression: 'attribute_not_exists(id) OR #until < :now',
              ExpressionAttributeNames: { '#until': 'until' },
              ExpressionAttributeValues: { ':now': { N: String(now_s) } },
              ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
            },
            signal,
          ),
        )
        if (failed === undefined) return 'taken'
        // An implementation that does not know how to return it is asked for it. Gone meanwhile: held a moment ago.
        const found =
          failed.Item ?? (await dynamoDB.getItem({ ...keyed(key), ConsistentRead: true }, signal)).Item
        return judge(found, owner)
      }),

    finish: (key, owner, sealed, now_s) =>
      inTime(async signal => {
        const result = { ...entry(key, owner, now_s + RESULT_KEPT_S), sealed: { S: sealed } }
        const failed = await conditional(
          dynamoDB.putItem({ TableName, Item: result, ...ifOwnedBy(owner) }, signal),
        )
        return failed === undefined
      }),

    release: (key, owner) =>
      inTime(async signal => {
        const { ConditionExpression: owned, ...values } = ifOwnedBy(owner)
        const ConditionExpression = `${owned} AND attribute_not_exists(sealed)`
        await conditional(dynamoDB.deleteItem({ ...keyed(key), ...values, ConditionExpression }, signal))
      }),

    replace: (key, sealed, now_s) =>
      inTime(async signal => {
        // Nobody's, so that nobody finishes it.
        const result = { ...entry(key, '-', now_s + RESULT_KEPT_S), sealed: { S: sealed } }
        await dynamoDB.putItem({ TableName, Item: result }, signal)
      }),

    look: (key, now_s) =>
      inTime(async signal => {
        const { Item } = await dynamoDB.getItem({ ...keyed(key), ConsistentRead: true }, signal)
        return Number(Item?.until?.N) >= now_s ? Item?.sealed?.S : undefined
      }),
  }
}

const entry = (id: string, owner: string, until: number) => ({
  id: { S: id },
  owner: { S: owner },
  until: { N: String(until) },
  ttl: { N: String(until) },
})

// `owner` and `until` are among DynamoDB's reserved words.
const ifOwnedBy = (owner: string) => ({
  ConditionExpression: '#owner = :owner',
  ExpressionAttributeNames: { '#owner': 'owner' },
  ExpressionAttributeValues: { ':owner': { S: owner } },
})

/** The owner's own entry: the write had succeeded, its answer was lost, and the SDK tried again. */
function judge(found: Entry | undefined, owner: string): 'taken' | 'held' | { sealed: string } {
  if (found?.sealed?.S !== undefined) return { sealed: found.sealed.S }
  return found?.owner?.S === owner ? 'taken' : 'held'
}

/** Ends in undefined where the condition was true, and in what it was not true of otherwise. */
async function conditional(write: Promise<unknown>): Promise<{ Item?: Entry } | undefined> {
  try {
    await write
    return undefined
  } catch (error) {
    if ((error as Error).name === 'ConditionalCheckFailedException') return error as { Item?: Entry }
    throw error
  }
}

/** The SDK's errors name the role and the table, so what goes on is their name alone. */
async function inTime<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const deadline = new AbortController()
  const timer = setTimeout(() => deadline.abort(), LEASE_CALL_MS)
  try {
    return await work(deadline.signal)
  } catch (error) {
    throw coded(deadline.signal.aborted ? 'LEASE_TIMEOUT' : (causeName(error) ?? 'LEASE_FAILED'))
  } finally {
    clearTimeout(timer)
  }
}
