import { CompactEncrypt, type CompactJWEHeaderParameters } from 'jose'
import { describe, expect, test } from 'vitest'
import { causeName } from '../../../lib/errors.ts'
import {
  type KeptMasters,
  type Masters,
  type Owner,
  type Purpose,
  type SealKeys,
  sealKeys,
} from '../../../lib/session/keys.ts'
import { open, seal } from '../../../lib/session/seal.ts'

const owner = { client_id: 'app-1', as: { issuer: 'https://as.example' } }
const RING: Masters = { write: 'k1', masters: new Map([['k1', 'm'.repeat(43)]]) }

/** A ring of which each read brings the next of `values`, unless it is down; a clock that a test moves. */
function keysOf(...values: Masters[]) {
  const clock = { ms: 1_000_000, down: false }
  const reads: number[] = []
  let held = values.shift()!
  const keys = sealKeys({
    now: () => clock.ms,
    ring: {
      get: async () => ({ value: held, expired: false }),
      async renewed(since) {
        reads.push(since)
        if (!clock.down) held = values.shift() ?? held
        return !clock.down
      },
    },
  })
  return { keys, clock, reads }
}

const PURPOSES: Purpose[] = ['session', 'login', 'handle', 'ticket', 'lease']

describe('COOKIE-6: a key of its own for each purpose, client and issuer', () => {
  test('no two are the same, and each is 256 bits', async () => {
    const { keys } = keysOf(RING)
    const owners = [
      owner,
      { ...owner, client_id: 'app-2' },
      { ...owner, as: { issuer: 'https://as.example/' } },
    ]
    const all = await Promise.all(
      owners.flatMap(one => PURPOSES.map(async purpose => (await keys.toSeal(purpose, one)).key)),
    )
    expect(all.every(({ length }) => length === 32)).toBe(true)
    expect(new Set(all.map(key => Buffer.from(key).toString('hex'))).size).toBe(15)
  })

  test('the same master gives the same keys in another container', async () => {
    const [one, two] = [keysOf(RING).keys, keysOf(RING).keys]
    expect((await one.toSeal('session', owner)).key).toEqual((await two.toSeal('session', owner)).key)
  })

  test('COOKIE-7: a release that derived another one would sign everybody out', async () => {
    // By another implementation of RFC 5869: HKDF-SHA-256 of the master, without a salt, and of
    // ["countersign",1,"session","app-1","https://as.example","k1"].
    const { key } = await keysOf(RING).keys.toSeal('session', owner)
    expect(Buffer.from(key).toString('hex')).toBe(
      'd4db49c1d6ff3a004d85cf20c5e512b7749876b2d932ffc9f0fddb0ff12a188f',
    )
  })

  test('is derived once', async () => {
    const { keys } = keysOf(RING)
    const { key } = await keys.toSeal('session', owner)
    expect((await keys.toOpen('session', owner, 'k1'))?.key).toBe(key)
  })

  test.each(PURPOSES)('what is sealed as %s is opened as nothing else, and by nobody else', async purpose => {
    const { keys } = keysOf(RING)
    const sealed = await seal(keys, purpose, owner, { x: 1, iat: 1, exp: 100 })
    for (const other of PURPOSES) {
      const opened = await open(keys, other, owner, sealed, 50)
      expect(opened?.exp).toBe(other === purpose ? 100 : undefined)
    }
    expect(await open(keys, purpose, { ...owner, client_id: 'app-2' }, sealed, 50)).toBeUndefined()
    expect(
      await open(keys, purpose, { ...owner, as: { issuer: 'https://other' } }, sealed, 50),
    ).toBeUndefined()
  })
})

describe('a seal', () => {
  test('T8: says itself whose it is and what for: a key that would open it is not enough', async () => {
    const key = { kid: 'k1', key: new Uint8Array(32).fill(7) }
    const everybodys: SealKeys = { toSeal: async () => key, toOpen: async () => key }
    const sealed = await seal(everybodys, 'session', owner, { iat: 1, exp: 100 })
    const as = async (purpose: Purpose, whose: Owner) =>
      (await open(everybodys, purpose, whose, sealed, 50))?.exp
    expect(await as('session', owner)).toBe(100)
    expect(await as('login', owner)).toBeUndefined()
    expect(await as('session', { ...owner, client_id: 'app-2' })).toBeUndefined()
    expect(await as('session', { ...owner, as: { issuer: 'https://as.example/' } })).toBeUndefined()
  })

  test('T17: is opened by its one algorithm, under a header as it was written', async () => {
    const { keys } = keysOf(RING)
    const { kid, key } = await keys.toSeal('session', owner)
    const payload = JSON.stringify({ client_id: 'app-1', issuer: 'https://as.example', iat: 1, exp: 100 })
    const openedWith = async (changes: Partial<CompactJWEHeaderParameters>) => {
      const jwe = await new CompactEncrypt(new TextEncoder().encode(payload))
        .setProtectedHeader({ alg: 'dir', enc: 'A256GCM', kid, typ: 'countersign-session', ...changes })
        .encrypt(key)
      return (await open(keys, 'session', owner, jwe, 50))?.exp
    }
    expect(await openedWith({})).toBe(100)
    // Of the same 256 bits, and good in itself.
    expect(await openedWith({ enc: 'A128CBC-HS256' })).toBeUndefined()
    expect(await openedWith({ cty: 'JWT' })).toBeUndefined()
  })

  test('holds whose it is and until when; its end is the end', async () => {
    const { keys } = keysOf(RING)
    const sealed = await seal(keys, 'session', owner, { x: 1, iat: 1, exp: 100 })
    expect(await open(keys, 'session', owner, sealed, 99)).toEqual({
      client_id: 'app-1',
      issuer: 'https://as.example',
      iat: 1,
      exp: 100,
      x: 1,
    })
    expect(await open(keys, 'session', owner, sealed, 100)).toBeUndefined()
  })

  test('COOKIE-5: a fresh IV of 96 bits each time', async () => {
    const { keys } = keysOf(RING)
    const ivs = await Promise.all(
      Array.from(
        { length: 200 },
        async () => (await seal(keys, 'session', owner, { iat: 1, exp: 2 })).split('.')[2]!,
      ),
    )
    expect(new Set(ivs).size).toBe(200)
    expect(ivs.every(iv => Buffer.from(iv, 'base64url').length === 12)).toBe(true)
  })
})

describe('COOKIE-7: a key that is not known', () => {
  const NEWER: Masters = { write: 'k2', masters: new Map([...RING.masters, ['k2', 'n'.repeat(43)]]) }

  test('may be a new one: the ring is read again, once', async () => {
    const { keys, reads } = keysOf(RING, NEWER)
    expect((await keys.toOpen('session', owner, 'k2'))?.kid).toBe('k2')
    expect(reads).toEqual([1_000_000])
    await keys.toOpen('session', owner, 'k2')
    expect(reads).toHaveLength(1)
  })

  test('is none, and that is remembered', async () => {
    const { keys, clock, reads } = keysOf(RING)
    expect(await keys.toOpen('session', owner, 'x')).toBeUndefined()
    clock.ms += 9_000
    expect(await keys.toOpen('session', owner, 'x')).toBeUndefined()
    expect(reads).toHaveLength(1)
  })

  test('is none for whoever asks beside it', async () => {
    const { keys, reads } = keysOf(RING)
    expect(await Promise.all(['x', 'x', 'x'].map(kid => keys.toOpen('session', owner, kid)))).toEqual(
      Array(3).fill(undefined),
    )
    expect(reads).toHaveLength(1)
  })

  test('is asked for again where the clock steps back: nobody can say how long ago it was missed', async () => {
    const { keys, clock, reads } = keysOf(RING, RING, NEWER)
    expect(await keys.toOpen('session', owner, 'k2')).toBeUndefined()
    clock.ms -= 1
    expect((await keys.toOpen('session', owner, 'k2'))?.kid).toBe('k2')
    expect(reads).toEqual([1_000_000, 999_999])
  })

  test('names that strangers make up cost a read in ten seconds, and no waiting; in between nobody is signed out', async () => {
    const { keys, clock, reads } = keysOf(RING, RING, NEWER, NEWER)
    const ask = (kid: string) => keys.toOpen('session', owner, kid).catch(error => error.reason)
    expect(await Promise.all(['a', 'b'].map(ask))).toEqual([undefined, 'session_key_unknown'])
    expect(await ask('k2')).toBe('session_key_unknown')
    expect(reads).toHaveLength(1)
    clock.ms += 10_000
    expect((await keys.toOpen('session', owner, 'k2'))?.kid).toBe('k2')
  })

  test('and where the ring cannot be read, nobody is signed out either', async () => {
    const { keys, clock } = keysOf(RING, NEWER)
    clock.down = true
    await expect(keys.toOpen('session', owner, 'k2')).rejects.toMatchObject({
      reason: 'sessions_unavailable',
    })
    clock.down = false
    clock.ms += 10_000
    expect((await keys.toOpen('session', owner, 'k2'))?.kid).toBe('k2')
  })

  test('what a master that was taken out has made is not kept', async () => {
    const { keys, clock } = keysOf(NEWER, RING)
    const before = await keys.toOpen('session', owner, 'k2')
    expect(before).toBeDefined()
    // Met by a name that nobody has, the ring is read: k2 is gone.
    await keys.toOpen('session', owner, 'x')
    expect(await keys.toOpen('session', owner, 'k2')).toBeUndefined()
    // Whatever else is asked for: what is gone is known to be.
    clock.ms += 10_000
    await keys.toOpen('session', owner, 'y')
    expect(await keys.toOpen('session', owner, 'k2')).toBeUndefined()
  })

  test('T9: what a master has made is not kept when another one takes its name', async () => {
    const { keys } = keysOf(RING, { write: 'k1', masters: new Map([['k1', 'n'.repeat(43)]]) })
    const sealed = await seal(keys, 'session', owner, { iat: 1, exp: 100 })
    expect((await open(keys, 'session', owner, sealed, 50))?.exp).toBe(100)
    // Has the ring read again.
    await keys.toOpen('session', owner, 'x')
    expect(await open(keys, 'session', owner, sealed, 50)).toBeUndefined()
  })
})

describe('without a ring that can be used there are no keys, and the log says why', () => {
  const unread = new Error('not read')
  const denied = Object.assign(new Error('denied'), { name: 'AccessDeniedException' })
  const rejects = (error: Error) => ({ get: () => Promise.reject(error), renewed: async () => false })
  test.each<[string, KeptMasters | undefined, string | undefined]>([
    ['none is configured', undefined, undefined],
    [
      'it is too old',
      { get: async () => ({ value: RING, expired: true }), renewed: async () => true },
      'RING_EXPIRED',
    ],
    ['it was never read', rejects(unread), 'Error'],
    [
      'it may not be read',
      rejects(Object.assign(new Error('not read'), { cause: denied })),
      'AccessDeniedException',
    ],
  ])('%s', async (_, ring, name) => {
    const keys = sealKeys({ now: Date.now, ring })
    for (const asked of [keys.toSeal('session', owner), keys.toOpen('session', owner, 'k1')]) {
      const error = await asked.catch(error => error)
      expect([error.reason, causeName(error.cause)]).toEqual(['sessions_unavailable', name])
    }
  })
})
