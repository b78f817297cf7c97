import { expect, test } from 'vitest'
import { type MobileStack, startMobileStack } from './stack.ts'

// An app that sends the handle it had before, to another container than the one that refreshed: what docs/mobile.md says of it.

async function oldHandle(mobile: MobileStack) {
  const app = mobile.app('session')
  await app.signIn()
  const old = { authorization: `Bearer ${app.handle}` }
  // The containers take turns.
  const answers = [
    await app.post('/session', { force: 'true' }, old),
    await app.post('/session', { force: 'true' }, old),
  ]
  return { answers, next: await app.post('/session', { force: 'true' }) }
}

test('RACE-1: with the table it gets what the refresh brought', async () => {
  const mobile = await startMobileStack({ instances: 2, leaseTable: true })
  try {
    const { answers, next } = await oldHandle(mobile)
    const sessions = await Promise.all(
      answers.map(({ json }) => mobile.sessionIn('session', String(json.handle))),
    )
    expect(sessions[0]!.refresh_token).toBe(sessions[1]!.refresh_token)
    expect(next.status).toBe(200)
  } finally {
    await mobile.stack.close()
  }
})

test('without it, the provider takes the old refresh token for a stolen one, and the session has ended', async () => {
  const mobile = await startMobileStack({ instances: 2 })
  try {
    const { answers, next } = await oldHandle(mobile)
    expect(answers.map(({ status, json }) => [status, json.error])).toEqual([
      [200, undefined],
      [401, 'login_required'],
    ])
    expect([next.status, next.json.error]).toEqual([401, 'login_required'])
  } finally {
    await mobile.stack.close()
  }
})
