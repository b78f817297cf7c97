import {
  CreateTableCommand,
  DynamoDBClient,
  GetItemCommand,
  waitUntilTableExists,
} from '@aws-sdk/client-dynamodb'
import dynalite from 'dynalite'
import { listen } from '../listen.ts'

export interface LocalLeaseTable {
  /** Of the service. */
  url: string
  table: string
  /** What stands under a key: what the functions have told each other. */
  entry(key: string): Promise<Record<string, unknown> | undefined>
  close(): Promise<void>
}

const TABLE = 'countersign-leases'

/**
 * A DynamoDB with the table of leases, as infra/ makes it. It is dynalite, which decides conditions one after the other
 * as the real one does, but returns nothing of what they were not true of, deletes nothing by `ttl`, and takes any
 * credentials.
 */
export async function startLeaseTable({
  port,
  region,
}: {
  port: number
  region: string
}): Promise<LocalLeaseTable> {
  const server = dynalite({ createTableMs: 0 })
  const url = await listen(server, port)
  const client = new DynamoDBClient({
    region,
    endpoint: url,
    credentials: { accessKeyId: 'AKIALOCALTABLE', secretAccessKey: 'local' },
  })
  await client.send(
    new CreateTableCommand({
      TableName: TABLE,
      KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
      AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
      BillingMode: 'PAY_PER_REQUEST',
    }),
  )
  await waitUntilTableExists({ client, maxWaitTime: 5, minDelay: 0.02, maxDelay: 0.1 }, { TableName: TABLE })
  return {
    url,
    table: TABLE,
    async entry(key) {
      const { Item } = await client.send(new GetItemCommand({ TableName: TABLE, Key: { id: { S: key } } }))
      return (
        Item && Object.fromEntries(Object.entries(Item).map(([name, { S, N }]) => [name, S ?? Number(N)]))
      )
    },
    close: () =>
      new Promise(resolve => {
        client.destroy()
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}
