import {
  CreateSecretCommand,
  DescribeSecretCommand,
  GetSecretValueCommand,
  PutSecretValueCommand,
  type SecretsManagerClient,
} from '@aws-sdk/client-secrets-manager'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { createContext } from '../../../cli/context.ts'
import { changeRing, type RawRing } from '../../../cli/session-keys/ring.ts'
import { nextName, removed } from '../../../cli/session-keys/steps.ts'
import { parseRing } from '../../../lib/config/ring.ts'
import { CONFIG_SECRET } from '../../../local/roles.ts'
import { countersign, recorded, startAccount } from '../../support/operator.ts'
import { sessionClient } from '../../support/session.ts'

// The keys that sessions are sealed by, changed as an operator does it. No value of theirs is ever said.

const SECRET = 'countersign/session'
const K1 = 'sentinel-first-master-'.repeat(3)
const HOUR_S = 3_600

let account: Awaited<ReturnType<typeof startAccount>>
let secrets: SecretsManagerClient
beforeEach(async () => {
  account = await startAccount()
  secrets = account.secrets
  await secrets.send(
    new CreateSecretCommand({ Name: SECRET, SecretString: JSON.stringify({ write: 'k1', k1: K1 }) }),
  )
})
afterEach(async () => {
  vi.useRealTimers()
  vi.unstubAllEnvs()
  await account.close()
})

const ENV = { COUNTERSIGN_SESSION_SECRET_ID: SECRET }

/** One command line with --json; whatever it says holds no key. */
async function run(args: string[], env: Record<string, string> = ENV) {
  const plain = await countersign(['session-keys', ...args, '--json'], { env })
  const all = JSON.stringify(plain)
  for (const key of Object.values(await ring()).filter(text => text.length > 40))
    expect(all).not.toContain(key)
  expect(all).not.toContain('sentinel')
  return { ...plain, json: JSON.parse(plain.out[0]!) }
}

async function ring(): Promise<RawRing> {
  const { SecretString } = await secrets.send(new GetSecretValueCommand({ SecretId: SECRET }))
  return JSON.parse(SecretString!)
}

const put = (value: object | string) =>
  secrets.send(
    new PutSecretValueCommand({
      SecretId: SECRET,
      SecretString: typeof value === 'string' ? value : JSON.stringify(value),
    }),
  )

/** Nobody can guess the rest of it. */
const NAME_2 = /^k2-[0-9a-f]{12}$/

/** As if so long had passed. */
function later(seconds: number) {
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + seconds * 1000 })
}

test('a rotation: add, wait for as long as a session lasts, remove', async () => {
  const added = await run(['add'])
  const { name } = added.json
  expect(name).toMatch(NAME_2)
  expect([added.code, added.json]).toEqual([
    0,
    {
      ok: true,
      version_id: expect.any(String),
      name,
      keys: [
        { name: 'k1', writes: false },
        { name, writes: true },
      ],
    },
  ])
  const { [name]: made, ...rest } = await ring()
  expect(rest).toEqual({ write: name, k1: K1 })
  // 32 bytes, as they are made.
  expect(made).toMatch(/^[A-Za-z0-9_-]{43}$/)
  expect(parseRing(JSON.stringify(await ring())).write).toBe(name)

  const early = await run(['remove', '--name', 'k1', '--wait', '8h'])
  expect([early.code, early.json.error.code]).toEqual([3, 'too_early'])
  expect(early.json.error.message).toMatch(/may last for 8h \d+m.* more: they would end with 401/)
  later(8 * HOUR_S + 301)
  const out = await run(['remove', '--name', 'k1', '--wait', '8h'])
  expect([out.code, out.json.removed, await ring()]).toEqual([0, 'k1', { write: name, [name]: made }])
})

test('list: names and which one writes, for a person too', async () => {
  const { name } = (await run(['add', '--later'])).json
  const { json } = await run(['list'])
  expect(json).toEqual({
    version_id: expect.any(String),
    since: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
    keys: [
      { name: 'k1', writes: true },
      { name, writes: false },
    ],
  })
  const { code, out } = await countersign(['session-keys', 'list', '--session-secret-id', SECRET])
  expect([code, out]).toEqual([0, [expect.stringMatching(/^k1 +writes, since 2\d{3}-/), `${name}  reads`]])
})

test('--later makes a key only, and use has it write', async () => {
  const { keys, name } = (await run(['add', '--later'])).json
  expect(keys[0]).toEqual({ name: 'k1', writes: true })
  const { version_id } = (await run(['list'])).json
  const same = await run(['use', '--name', 'k1'])
  expect(same.json).toMatchObject({ ok: true, changed: false, version_id })
  expect((await run(['use', '--name', name])).json).toMatchObject({ ok: true, changed: true })
  expect((await ring()).write).toBe(name)
  // Back again, for where the new one was a mistake.
  expect((await run(['use', '--name', 'k1'])).code).toBe(0)
  expect((await ring()).write).toBe('k1')
})

describe('remove', () => {
  test('never the one that writes, not even by force', async () => {
    const { name } = (await run(['add'])).json
    for (const force of [[], ['--force']]) {
      const { code, json } = await run(['remove', '--name', name, '--wait', '0', ...force])
      expect([code, json.error.code]).toEqual([3, 'key_writes'])
    }
    expect(Object.keys(await ring())).toEqual(['write', 'k1', name])
  })

  test('by force at once, for a key that somebody else may know', async () => {
    const { name } = (await run(['add'])).json
    const { code, out } = await countersign(['session-keys', 'remove', '--name', 'k1', '--force'], {
      env: ENV,
    })
    expect([code, out.join('\n')]).toEqual([0, expect.stringMatching(/end with 401/)])
    expect(Object.keys(await ring())).toEqual(['write', name])
  })

  test('waits for the longest session_lifetime of the configuration', async () => {
    const clients = [
      sessionClient({ session_lifetime: 600 }),
      sessionClient({ client_id: 'app-2', session_lifetime: 2 * HOUR_S }),
    ] as never
    await account.secret(CONFIG_SECRET, { document: { version: 1, clients } })
    const env = { ...ENV, COUNTERSIGN_SECRET_ID: CONFIG_SECRET }
    await run(['add'], env)
    const early = await run(['remove', '--name', 'k1'], env)
    expect(early.json.error).toMatchObject({
      code: 'too_early',
      fix: expect.stringContaining('a session lasts 2h'),
    })
    later(2 * HOUR_S + 200)
    expect((await run(['remove', '--name', 'k1'], env)).code).toBe(3)
    later(101)
    expect((await run(['remove', '--name', 'k1'], env)).code).toBe(0)
  })

  test('without the configuration it has to be told', async () => {
    await run(['add'])
    const { code, json } = await run(['remove', '--name', 'k1'])
    expect([code, json.error.message]).toEqual([2, expect.stringContaining('--wait')])
  })
})

test.each([
  [['use', '--name', 'k9'], ENV, /There is no key "k9"\. There are: k1/],
  [['remove', '--name', 'write', '--wait', '0'], ENV, /There is no key "write"/],
  [['use'], ENV, /Which key\?/],
  [['list'], {}, /COUNTERSIGN_SESSION_SECRET_ID/],
])('%j is no command line', async (args, env, says) => {
  const before = await ring()
  const { code, json } = await run(args, env as never)
  expect([code, json.error.code, json.error.message]).toEqual([2, 'usage', expect.stringMatching(says)])
  expect(await ring()).toEqual(before)
})

test.each([['{"version":1,"clients":[]}'], ['{"write":"k1","k1":"sentinel-short"}'], ['sentinel']])(
  'what is no ring is said without a value of it, and not written over: %s',
  async text => {
    await put(text)
    const { code, out } = await countersign(['session-keys', 'add', '--json'], { env: ENV })
    const { error } = JSON.parse(out[0]!)
    expect([code, error.code, out[0]!.includes('sentinel')]).toEqual([1, 'ring_invalid', false])
    const { SecretString } = await secrets.send(new GetSecretValueCommand({ SecretId: SECRET }))
    expect(SecretString).toBe(text)
  },
)

test('a name that has just been taken out is not used again', async () => {
  const { name } = (await run(['add', '--later'])).json
  await run(['remove', '--name', name, '--force'])
  expect((await run(['add'])).json.name).toMatch(/^k3-/)
  expect([nextName([], 'x'), nextName(['k1', 'k10-a', 'old', 'kx'], 'y')]).toEqual(['k1-x', 'k11-y'])
})

test('somebody else’s change in between is kept', async () => {
  const context = createContext({ env: ENV, terminal: recorded().terminal }, SECRET)
  let asked = 0
  const { ring: result } = await changeRing(context, async ({ ring: before }) => {
    if (asked++ === 0) await run(['add'])
    return { ...before, mine: 'm'.repeat(43) }
  })
  expect([asked, Object.keys(result), await ring()]).toEqual([
    2,
    ['write', 'k1', expect.stringMatching(NAME_2), 'mine'],
    result,
  ])
})

test('where it never ends, nothing is written, and it says so', async () => {
  const context = createContext({ env: ENV, terminal: recorded().terminal }, SECRET)
  const busy = changeRing(context, async ({ ring: before }) => {
    await put({ ...before, k1: K1 })
    return { ...before, mine: 'm'.repeat(43) }
  })
  await expect(busy).rejects.toMatchObject({ code: 'changed_meanwhile', exit: 3 })
  expect(await ring()).toEqual({ write: 'k1', k1: K1 })
})

test('no label of an unfinished change stays behind', async () => {
  await run(['add'])
  const { VersionIdsToStages } = await secrets.send(new DescribeSecretCommand({ SecretId: SECRET }))
  expect(Object.values(VersionIdsToStages!).flat().toSorted()).toEqual(['AWSCURRENT', 'AWSPREVIOUS'])
})

test('an idle function seals by the old key for five minutes more: they are waited for, too', () => {
  const ring = { write: 'k2', k1: 'x', k2: 'y' } as RawRing
  const at = (s: number) => () =>
    removed({ ring, since: 0 }, 'k1', { now: s * 1000, wait: 600, force: false })
  expect(at(899)).toThrow(/1s more/)
  expect(at(900)()).toEqual({ write: 'k2', k2: 'y' })
})
