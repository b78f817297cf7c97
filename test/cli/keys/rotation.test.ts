import { DisableKeyCommand } from '@aws-sdk/client-kms'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { createContext } from '../../../cli/context.ts'
import { readDocument } from '../../../cli/document.ts'
import { type Plan, Rotation } from '../../../cli/keys/rotation.ts'
import { CONFIG_SECRET } from '../../../local/roles.ts'
import { recorded } from '../../support/operator.ts'
import { type Operator, startOperator } from '../operator.ts'

// Two operators who rotate the key of one client at once: each has planned a new key before the other's was there.

let operator: Operator
beforeEach(async () => {
  operator = await startOperator(['RS256'])
})
afterEach(() => operator.close())

const GIVEN = { signer: undefined, vouch: true, 'own-kid': undefined }

async function begin() {
  const { terminal, said } = recorded()
  const context = createContext({ env: { COUNTERSIGN_SECRET_ID: CONFIG_SECRET }, terminal }, undefined)
  const stored = await readDocument(context)
  const client = stored.document.clients[0]!
  const plan: Plan = {
    client_id: client.client_id,
    alg: 'RS256',
    publish_wait: 0,
    retire_wait: 3_600,
    url: undefined,
    replaces: client.signing_keys[0]!.kms_key_arn,
    resumed: undefined,
  }
  return { rotation: new Rotation(context, plan), stored, client, said, context }
}

test('one stops when it finds the other’s key, and says which of its own is left over', async () => {
  const [mine, other] = [await begin(), await begin()]
  // The other one's key is in, and waits.
  vi.spyOn(other.context, 'wait').mockImplementation(() => new Promise(() => {}))
  other.rotation.plan.publish_wait = 3_600
  void other.rotation.changeOver(other.stored, other.client, GIVEN)
  await vi.waitFor(async () => expect(await operator.keysOf()).toHaveLength(2))

  await expect(mine.rotation.changeOver(mine.stored, mine.client, GIVEN)).rejects.toMatchObject({
    code: 'other_next_key',
    exit: 3,
    message: expect.stringMatching(/somebody else rotates it[\s\S]*The key itself is there: arn:aws:kms/),
  })
  expect((await operator.keysOf()).map(({ state }) => state)).toEqual(['active', 'next'])
})

test('one stops where another key has come to sign since it was begun', async () => {
  const { rotation, stored, client } = await begin()
  rotation.plan.replaces = 'arn:aws:kms:eu-central-1:000000000000:key/another'
  await expect(rotation.changeOver(stored, client, GIVEN)).rejects.toMatchObject({
    code: 'taken_back',
    exit: 3,
  })
  expect((await operator.keysOf()).map(({ state }) => state)).toEqual(['active', 'next'])
})

test('the new key is looked at before it signs: one that was disabled meanwhile does not', async () => {
  const { rotation, stored, client, context } = await begin()
  rotation.plan.publish_wait = 600
  let waited = 0
  vi.spyOn(context, 'now').mockImplementation(() => Date.now() + waited)
  vi.spyOn(context, 'wait').mockImplementation(async () => {
    const [, made] = await operator.keysOf()
    await operator.kms.send(new DisableKeyCommand({ KeyId: made!.kms_key_arn }))
    // The wait is over at once, whatever second it began in.
    waited = 600_000
  })
  await expect(rotation.changeOver(stored, client, GIVEN)).rejects.toMatchObject({ code: 'not_usable' })
  expect((await operator.keysOf()).map(({ state }) => state)).toEqual(['active', 'next'])
})

test('goes through where nobody interferes', async () => {
  const { rotation, stored, client } = await begin()
  const { active, old } = await rotation.changeOver(stored, client, GIVEN)
  expect(old.kms_key_arn).toBe(client.signing_keys[0]!.kms_key_arn)
  expect((await operator.keysOf()).map(({ state, kms_key_arn }) => [state, kms_key_arn])).toEqual([
    ['retired', old.kms_key_arn],
    ['active', active.kms_key_arn],
  ])
})
