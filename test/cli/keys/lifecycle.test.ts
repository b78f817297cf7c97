import { describe, expect, test } from 'vitest'
import type { RawClient } from '../../../cli/document.ts'
import { activate, add, keyIn, publish, remove, retire } from '../../../cli/keys/lifecycle.ts'
import type { SigningKey } from '../../../lib/config/client.ts'
import { testKey } from '../../support/keys.ts'

const T0 = Date.parse('2026-11-24T12:00:00Z')
const HOUR = 3_600_000
const at = (hours: number) => T0 + hours * HOUR
const DAY_S = 86_400

function key(n: number, state: SigningKey['state'], more: Partial<SigningKey> = {}): SigningKey {
  const { public_jwk } = testKey('ES256', `key-${n}`)
  return {
    kms_key_arn: `arn:aws:kms:eu-central-1:111122223333:key/${n}`,
    alg: 'ES256',
    public_jwk: { ...public_jwk, kid: `kid-${n}` } as SigningKey['public_jwk'],
    state,
    ...more,
  }
}

const client = (...signing_keys: SigningKey[]): RawClient => ({ client_id: 'app', signing_keys })
const states = ({ signing_keys }: RawClient) =>
  signing_keys.map(({ public_jwk, state }) => [public_jwk.kid, state])
const code = (work: () => unknown): string => {
  try {
    work()
  } catch (error) {
    return (error as { code: string }).code
  }
  return 'nothing'
}

describe('ROT-1: next, active, retired, gone', () => {
  test('a whole life, each step stamped', () => {
    const { kms_key_arn, public_jwk } = key(2, 'next')
    const fresh = { kms_key_arn, alg: 'ES256' as const, public_jwk }
    let now = client(key(1, 'active'))
    now = add(now, fresh, at(0))
    expect(now.signing_keys[1]).toMatchObject({ state: 'next', created_at: '2026-11-24T12:00:00Z' })
    now = publish(now, now.signing_keys[1]!, at(1))
    expect(now.signing_keys[1]).toMatchObject({ state: 'next', published_at: '2026-11-24T13:00:00Z' })
    now = activate(now, now.signing_keys[1]!, { now: at(25), wait_s: DAY_S, force: false })
    expect(states(now)).toEqual([
      ['kid-1', 'retired'],
      ['kid-2', 'active'],
    ])
    expect(now.signing_keys.map(({ retired_at, activated_at }) => retired_at ?? activated_at)).toEqual(
      Array(2).fill('2026-11-25T13:00:00Z'),
    )
    now = remove(now, now.signing_keys[0]!, { now: at(49), wait_s: DAY_S, force: false })
    expect(states(now)).toEqual([['kid-2', 'active']])
  })

  test('a step that is done already changes nothing', () => {
    const done = client(
      key(1, 'active'),
      key(2, 'next', { published_at: '2026-11-24T12:00:00Z' }),
      key(3, 'retired'),
    )
    const [one, two, three] = done.signing_keys as [SigningKey, SigningKey, SigningKey]
    const again = { kms_key_arn: one.kms_key_arn, alg: one.alg, public_jwk: one.public_jwk }
    expect(add(done, again, T0)).toBe(done)
    expect(publish(done, two, T0)).toBe(done)
    expect(activate(done, one, { now: T0, wait_s: 0, force: false })).toBe(done)
    expect(retire(done, three, T0)).toBe(done)
  })

  test('a next key can be given up, an active one only be replaced', () => {
    const now = client(key(1, 'active'), key(2, 'next'))
    expect(states(retire(now, now.signing_keys[1]!, T0))).toEqual([
      ['kid-1', 'active'],
      ['kid-2', 'retired'],
    ])
    expect(code(() => retire(now, now.signing_keys[0]!, T0))).toBe('is_active')
    expect(code(() => remove(now, now.signing_keys[0]!, { now: T0, wait_s: 0, force: false }))).toBe(
      'is_active',
    )
  })
})

describe('ROT-2: not before it has been published long enough', () => {
  const next = (published_at?: string) =>
    client(key(1, 'active'), key(2, 'next', published_at === undefined ? {} : { published_at }))
  const tried = (published_at: string | undefined, now: number, force = false) => {
    const one = next(published_at)
    return code(() => activate(one, one.signing_keys[1]!, { now, wait_s: DAY_S, force }))
  }

  test('a second too early, and in time', () => {
    expect(tried('2026-11-24T12:00:00Z', at(24) - 1000)).toBe('too_early')
    expect(tried('2026-11-24T12:00:00Z', at(24))).toBe('nothing')
  })

  test('never stamped is never long enough', () => {
    expect(tried(undefined, at(9_999))).toBe('too_early')
  })

  test('but by force', () => {
    expect(tried(undefined, at(0), true)).toBe('nothing')
  })
})

describe('ROT-3: not before what it signed is over', () => {
  const tried = (retired_at: string | undefined, now: number, force = false) => {
    const one = client(key(1, 'retired', retired_at === undefined ? {} : { retired_at }), key(2, 'active'))
    return code(() => remove(one, one.signing_keys[0]!, { now, wait_s: DAY_S, force }))
  }

  test('a second too early, in time, unstamped, by force', () => {
    expect(tried('2026-11-24T12:00:00Z', at(24) - 1000)).toBe('too_early')
    expect(tried('2026-11-24T12:00:00Z', at(24))).toBe('nothing')
    expect(tried(undefined, at(9_999))).toBe('too_early')
    expect(tried('2026-11-24T12:00:00Z', at(0), true)).toBe('nothing')
  })

  test('a key that never signed may go at once', () => {
    const one = client(key(1, 'active'), key(2, 'next'))
    expect(states(remove(one, one.signing_keys[1]!, { now: T0, wait_s: DAY_S, force: false }))).toEqual([
      ['kid-1', 'active'],
    ])
  })
})

test('ROT-7: in an emergency the active key goes, and the next one signs in the same step', () => {
  const now = client(key(1, 'active'), key(2, 'next'))
  const after = remove(now, now.signing_keys[0]!, { now: T0, wait_s: DAY_S, force: true })
  expect(states(after)).toEqual([['kid-2', 'active']])
  const alone = client(key(1, 'active'))
  expect(code(() => remove(alone, alone.signing_keys[0]!, { now: T0, wait_s: 0, force: true }))).toBe(
    'is_active',
  )
})

test('ROT-7: of several next keys the one of the same algorithm follows; where that is not one, nobody guesses', () => {
  const pair = (alg: 'ES256' | 'ES384') => ({ ...key(alg === 'ES256' ? 2 : 3, 'next'), alg })
  const two = client(key(1, 'active'), pair('ES384'), pair('ES256'))
  const after = remove(two, two.signing_keys[0]!, { now: T0, wait_s: DAY_S, force: true })
  expect(after.signing_keys.find(({ state }) => state === 'active')!.alg).toBe('ES256')
  const alike = client(key(1, 'active'), key(2, 'next'), key(3, 'next'))
  const tried = () => remove(alike, alike.signing_keys[0]!, { now: T0, wait_s: DAY_S, force: true })
  expect(code(tried)).toBe('is_active')
})

describe('which key', () => {
  const one = client(key(1, 'active'), key(2, 'next'), key(3, 'next'))

  test('by kid, whatever its state', async () => {
    expect(await keyIn(one, { kid: 'kid-3', state: 'active' })).toBe(one.signing_keys[2])
  })

  test('or the only one in a state', async () => {
    expect(await keyIn(one, { kid: undefined, state: 'active' })).toBe(one.signing_keys[0])
    await expect(keyIn(one, { kid: undefined, state: 'next' })).rejects.toMatchObject({ code: 'usage' })
    await expect(keyIn(one, { kid: undefined, state: 'retired' })).rejects.toMatchObject({
      code: 'no_such_key',
    })
    await expect(keyIn(one, { kid: 'kid-9' })).rejects.toThrow('kid-1, kid-2, kid-3')
  })
})
