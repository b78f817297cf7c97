import { expect, test } from 'vitest'
import { createMemoryAdapter } from '../../../local/idp/memory-adapter.ts'

/** A store whose clock the test moves, in seconds. */
function store(max = 100) {
  let seconds = 1_000
  const adapterFor = createMemoryAdapter({ now: () => seconds * 1000, max })
  return {
    adapterFor,
    codes: adapterFor('AuthorizationCode'),
    pass(by: number) {
      seconds += by
    },
  }
}

test('an entry is found until it expires, by id, uid and user code', async () => {
  const { codes, pass } = store()
  await codes.upsert('a', { uid: 'u', userCode: 'c' }, 60)
  pass(59)
  expect(await codes.find('a')).toEqual({ uid: 'u', userCode: 'c' })
  expect(await codes.findByUid('u')).toBe(await codes.find('a'))
  expect(await codes.findByUserCode('c')).toBe(await codes.find('a'))
  pass(1)
  expect(await codes.find('a')).toBeUndefined()
  expect(await codes.findByUid('u')).toBeUndefined()
  expect(await codes.findByUserCode('c')).toBeUndefined()
})

test('an entry without an expiry stays', async () => {
  const { codes, pass } = store()
  await codes.upsert('a', {})
  pass(10 ** 9)
  expect(await codes.find('a')).toEqual({})
})

test('writing again replaces the entry and its expiry', async () => {
  const { codes, pass } = store()
  await codes.upsert('a', { scope: 'one' }, 10)
  await codes.upsert('a', { scope: 'two' }, 60)
  pass(30)
  expect(await codes.find('a')).toEqual({ scope: 'two' })
})

test('what is consumed says when, and what is destroyed is gone', async () => {
  const { codes, pass } = store()
  await codes.upsert('a', {}, 60)
  pass(7)
  await codes.consume('a')
  expect(await codes.find('a')).toEqual({ consumed: 1_007 })
  await codes.destroy('a')
  expect(await codes.find('a')).toBeUndefined()
  await codes.consume('a')
  expect(await codes.find('a')).toBeUndefined()
})

test('a grant is revoked in its own kind, and no other grant with it', async () => {
  const { adapterFor, codes } = store()
  const tokens = adapterFor('AccessToken')
  for (const adapter of [codes, tokens]) {
    await adapter.upsert('a', { grantId: 'g1' }, 60)
    await adapter.upsert('b', { grantId: 'g2' }, 60)
  }
  await codes.revokeByGrantId('g1')
  expect(await codes.find('a')).toBeUndefined()
  expect(await codes.find('b')).toBeDefined()
  expect(await tokens.find('a')).toBeDefined()
})

test('a full store drops what has expired first, then the oldest', async () => {
  const { codes, pass } = store(3)
  await codes.upsert('oldest', {}, 100)
  await codes.upsert('short', {}, 1)
  await codes.upsert('third', {}, 100)
  pass(2)
  await codes.upsert('fourth', {}, 100)
  expect(await codes.find('oldest')).toBeDefined()
  await codes.upsert('fifth', {}, 100)
  expect(await codes.find('oldest')).toBeUndefined()
  for (const id of ['third', 'fourth', 'fifth']) expect(await codes.find(id)).toBeDefined()
})

test('kinds and stores do not see each other', async () => {
  const { adapterFor, codes } = store()
  await codes.upsert('a', {}, 60)
  expect(await adapterFor('Session').find('a')).toBeUndefined()
  expect(await store().codes.find('a')).toBeUndefined()
})

test('a used refresh token counts as unused within the grace period of its first use, and no other kind does', async () => {
  let seconds = 1_000
  const adapterFor = createMemoryAdapter({ now: () => seconds * 1000, refresh_grace_s: 10 })
  const [tokens, codes] = [adapterFor('RefreshToken'), adapterFor('AuthorizationCode')]
  await tokens.upsert('a', {}, 60)
  await codes.upsert('a', {}, 60)
  await tokens.consume('a')
  await codes.consume('a')
  expect(await codes.find('a')).toEqual({ consumed: 1_000 })
  seconds += 9
  expect(await tokens.find('a')).toEqual({})
  // A second use does not prolong it.
  await tokens.consume('a')
  seconds += 1
  expect(await tokens.find('a')).toEqual({ consumed: 1_000 })
})
