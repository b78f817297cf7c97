import { expect, test } from 'vitest'
import { deploymentFacts } from '../../../cli/doctor/facts/deployment.ts'
import type { Heard } from '../../../cli/doctor/facts/http.ts'
import { discover } from '../../../cli/doctor/facts/provider.ts'
import type { Client } from '../../../lib/config/client.ts'
import { heard } from './judge/heard.ts'

/** Answers one after the other; the last one stays. */
function answering(...answers: Heard[]) {
  const asked: string[] = []
  return {
    asked,
    ask: async (url: string) => {
      asked.push(url)
      return answers[Math.min(asked.length, answers.length) - 1]!
    },
  }
}

test('a gateway that has had enough is asked again a little later, and not for ever', async () => {
  const waited: number[] = []
  const wait = async (ms: number) => void waited.push(ms)
  const busy = answering(heard(429), heard(400))
  expect(await deploymentFacts('https://x', busy.ask, wait).empty('https://app')).toMatchObject({
    status: 400,
  })
  expect(waited).toEqual([1_000])

  const never = answering(heard(429))
  expect(await deploymentFacts('https://x', never.ask, wait).empty('https://app')).toMatchObject({
    status: 429,
  })
  expect(never.asked).toHaveLength(3)
})

test('a code that the provider refuses is sent twice: the first may have gone out with an older signature', async () => {
  const client = {
    client_id: 'app-1',
    delivery: 'tokens',
    redirect_uris: ['https://app/cb'],
  } as unknown as Client
  const wait = async () => {}
  const spare = answering(heard(400, { error: 'invalid_grant' }), heard(500, { error: 'server_error' }))
  expect(await deploymentFacts('https://x', spare.ask, wait).exchange(client, 'https://app')).toMatchObject({
    status: 500,
  })
  const refused = answering(heard(502))
  await deploymentFacts('https://x', refused.ask, wait).exchange(client, 'https://app')
  expect(refused.asked).toHaveLength(1)
})

test('so is the revocation of a made-up token, for a client with a session that has an endpoint for it', async () => {
  const as = { revocation_endpoint: 'https://idp/revoke' }
  const client = { client_id: 'app-1', delivery: 'session', redirect_uris: [], as } as unknown as Client
  const wait = async () => {}
  const spare = answering(heard(200), heard(500, { error: 'server_error' }))
  const facts = deploymentFacts('https://x', spare.ask, wait)
  expect(await facts.exchange(client, 'https://app')).toMatchObject({ status: 500 })
  expect(spare.asked).toEqual(['https://x/revoke', 'https://x/revoke'])
  expect(await facts.exchange({ ...client, as: {} } as Client, 'https://app')).toBeUndefined()
  expect(spare.asked).toHaveLength(2)
})

test("metadata are looked for at RFC 8414's place, too, and never where somebody else says", async () => {
  const { ask, asked } = answering(heard(404), heard(200, { issuer: 'https://idp/tenant' }))
  expect(await discover('https://idp/tenant', ask)).toMatchObject({
    document: { issuer: 'https://idp/tenant' },
  })
  expect(asked).toEqual([
    'https://idp/tenant/.well-known/openid-configuration',
    'https://idp/.well-known/oauth-authorization-server/tenant',
  ])
})
