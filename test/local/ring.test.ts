import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { countersign } from '../support/operator.ts'
import { type MobileStack, startMobileStack } from './mobile/stack.ts'

// COOKIE-7 with everything real: the built functions, two of them, Secrets Manager, and the operator's command, under load.

const APPS = 8

let mobile: MobileStack
beforeAll(async () => {
  mobile = await startMobileStack({ instances: 2 })
  // The command runs here, and the AWS SDK takes its settings from the environment.
  for (const [name, value] of Object.entries(mobile.stack.description.env)) vi.stubEnv(name, value)
})
afterAll(async () => {
  vi.unstubAllEnvs()
  await mobile.stack.close()
})

const sessionKeys = async (...args: string[]) => {
  const { code, out } = await countersign(['session-keys', ...args, '--json'], {
    env: mobile.stack.description.env,
  })
  return { code, json: JSON.parse(out[0]!) }
}

/** The name of the key that a handle is sealed by. */
const keyOf = (handle: string): string =>
  JSON.parse(Buffer.from(handle.split('.')[1]!, 'base64url').toString()).kid

/** A handle that nobody has sealed, by the name of a key: who gets it looks for that in the ring. */
async function made(kid: string, like: string): Promise<number> {
  const stranger = mobile.app('mediated')
  const [tag, , ...rest] = like.split('.')
  const header = { alg: 'dir', enc: 'A256GCM', kid, typ: 'countersign-handle' }
  stranger.handle = [tag, Buffer.from(JSON.stringify(header)).toString('base64url'), ...rest].join('.')
  return (await stranger.post('/session')).status
}

test('changed under load, no session is lost; taken out, those that it sealed end with 401, and nothing else does', async () => {
  const apps = await Promise.all(
    Array.from({ length: APPS }, async () => {
      const app = mobile.app('mediated')
      await app.signIn()
      return app
    }),
  )
  const early = apps[0]!.handle!
  const old = keyOf(early)

  const statuses: number[] = []
  let stopped = false
  const load = apps.map(async (app, i) => {
    for (let n = 0; !stopped; n++) {
      const force: Record<string, string> = (n + i) % 4 === 0 ? { force: 'true' } : {}
      statuses.push((await app.post('/session', force)).status)
    }
  })
  await expect.poll(() => statuses.length).toBeGreaterThan(50)
  const { code, json } = await sessionKeys('add')
  expect(code).toBe(0)
  const { name } = json
  // One of them hears of it at once, in place of a minute later; the other when it meets what that one has sealed.
  expect(await made(name, early)).toBe(401)
  await expect.poll(() => new Set(apps.map(({ handle }) => keyOf(handle!)))).toEqual(new Set([name]))
  const before = statuses.length
  await expect.poll(() => statuses.length).toBeGreaterThan(before + 50)
  expect(new Set(statuses)).toEqual(new Set([200]))

  expect((await sessionKeys('remove', '--name', old)).code).toBe(3)
  expect((await sessionKeys('remove', '--name', old, '--force')).code).toBe(0)
  const stale = mobile.app('mediated')
  const ended: number[] = []
  let n = 0
  await expect
    .poll(
      async () => {
        // The ring is read again when something is not known in it, once in ten seconds.
        await made(`x${n++}`, early)
        stale.handle = early
        ended.push((await stale.post('/session')).status)
        return ended.slice(-6)
      },
      { timeout: 25_000, interval: 500 },
    )
    .toEqual(Array(6).fill(401))
  stopped = true
  await Promise.all(load)
  // The sessions that live by the new one have not noticed.
  expect(new Set(statuses)).toEqual(new Set([200]))
}, 60_000)
