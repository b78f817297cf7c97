import { Writable } from 'node:stream'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { dynamoDB } from '../../lib/aws/dynamodb.ts'
import { leaseTable } from '../../lib/aws/lease-table.ts'
import { guardedAgents } from '../../lib/http/agents.ts'
import { REGION } from '../../local/roles.ts'
import { type Stack, startStack } from '../../local/stack.ts'
import { createBrowser } from '../support/sign-in.ts'

// The stack as several containers share it: a table between them, and a provider that forgives a repetition.

let stack: Stack
let written = ''

beforeAll(async () => {
  const log = new Writable({
    write(chunk, _, done) {
      written += chunk
      done()
    },
  })
  stack = await startStack({ port: 0, log, instances: 2, leaseTable: true, refresh_grace_s: 60 })
})
afterAll(() => stack.close())

test('a refresh token used at one instance gives tokens at the other, within the grace period', async () => {
  const { gateway, issuer, clients } = stack.description
  const { client_id, redirect_uri, origin } = clients.find(one => one.client_id === 'refreshing')!
  const post = async (parameters: Record<string, string>) => {
    const body = new URLSearchParams({ client_id, ...parameters })
    const response = await fetch(`${gateway}/token`, { method: 'POST', headers: { origin: origin! }, body })
    expect(response.status).toBe(200)
    return (await response.json()) as Record<string, string>
  }
  const scope = 'openid offline_access'
  const { code, code_verifier } = await createBrowser().signIn({ issuer, client_id, redirect_uri, scope })
  const first = await post({ grant_type: 'authorization_code', code, code_verifier, redirect_uri })
  const again = { grant_type: 'refresh_token', refresh_token: first.refresh_token! }
  const given = [await post(again), await post(again)].map(({ refresh_token }) => refresh_token)
  expect(new Set([first.refresh_token, ...given]).size).toBe(3)
  // Each instance of the signing function has read the configuration for itself, and so has each of the other.
  expect(written.match(/"outcome":"in_force"/g)).toHaveLength(6)
})

test('the table is one that the functions’ store works on', async () => {
  const { url: endpoint, table, entry } = stack.leases!
  const credentials = { accessKeyId: 'AKIATEST', secretAccessKey: 'local' }
  const store = leaseTable(
    dynamoDB({ region: REGION, endpoint, credentials, agents: guardedAgents(Date.now) }),
    table,
  )
  expect(await entry('key')).toBeUndefined()
  expect(await store.take('key', 'a', 1_000)).toBe('taken')
  expect(await entry('key')).toMatchObject({ owner: 'a' })
})
