import { describe, expect, test } from 'vitest'
import { AHEAD_GAP_PART, AHEAD_MARGIN_S, AHEAD_WAIT_MS } from '../../../lib/limits.ts'
import type { Assertion, AssertionSource } from '../../../lib/oauth/client-assertion.ts'
import { canSignAhead, signAhead } from '../../../lib/oauth/sign-ahead.ts'
import { rejection } from '../../support/fake-provider.ts'

const AUD = 'https://auth.example.com/as'
const LIFETIME = 60
const USABLE_MS = (LIFETIME - AHEAD_MARGIN_S) * 1000
const DENSE_MS = (USABLE_MS - 1000) * AHEAD_GAP_PART
const START = 1_790_000_000_500

/** One signature: what the test does with it decides how it ends. */
interface Signature {
  aud: string
  done(): Promise<void>
  fail(error?: Error): Promise<void>
}

/** Lets everything that can happen without a further signature, or time, happen. */
const settled = () => new Promise(resolve => setImmediate(resolve))

function setup({ manual = false, lifetime = LIFETIME } = {}) {
  const clock = { now: START }
  const signatures: Signature[] = []
  const timeUp: (() => void)[] = []
  const waits: number[] = []
  const reported: unknown[] = []
  const source: AssertionSource = {
    kid: 'kid-1',
    take(aud) {
      const born = clock.now
      const n = signatures.length + 1
      const assertion: Assertion = {
        client_assertion: `jws-${n}`,
        jti: `jti-${n}`,
        born,
        exp: Math.floor(born / 1000) + lifetime,
        kms_request_id: `kms-${n}`,
        ahead: false,
      }
      return new Promise((resolve, reject) => {
        const signature = {
          aud,
          done: () => {
            resolve(assertion)
            return settled() as Promise<void>
          },
          fail: (error = new Error(`signature ${n} failed`)) => {
            reject(error)
            return settled() as Promise<void>
          },
        }
        signatures.push(signature)
        if (!manual) signature.done()
      })
    },
    signNext() {},
    async prepare() {},
  }
  const ahead = signAhead(source, {
    aud: AUD,
    lifetime,
    now: () => clock.now,
    report: error => reported.push(error),
    within: (ms, promise) => {
      waits.push(ms)
      return Promise.race([promise, new Promise<undefined>(resolve => timeUp.push(() => resolve(undefined)))])
    },
  })
  /** One request from its assertion to the moment at which it is on its way. */
  const request = async () => {
    const assertion = await ahead.take(AUD)
    ahead.signNext()
    await settled()
    return assertion
  }
  return { ahead, clock, signatures, timeUp, waits, reported, request }
}

describe('the spare', () => {
  test('is the one of the cold start, with the id of its own signature, and is handed out once', async () => {
    const { ahead, signatures } = setup()
    await ahead.prepare()
    expect(signatures).toHaveLength(1)
    expect(await ahead.take(AUD)).toMatchObject({ jti: 'jti-1', kms_request_id: 'kms-1', ahead: true })
    expect(await ahead.take(AUD)).toMatchObject({ jti: 'jti-2', ahead: false })
  })

  test('ASRT-11: 200 at once get 200 different ones', async () => {
    const { ahead } = setup()
    await ahead.prepare()
    const taken = await Promise.all(Array.from({ length: 200 }, () => ahead.take(AUD)))
    expect(new Set(taken.map(({ jti }) => jti)).size).toBe(200)
    expect(taken.filter(assertion => assertion.ahead)).toHaveLength(1)
  })

  test.each([
    ['at once', 0, true],
    ['up to the margin', USABLE_MS - 501, true],
    ['from the margin on: its exp is in whole seconds', USABLE_MS - 500, false],
    ['after its end', LIFETIME * 1000, false],
    ['after a freeze of a day', 86_400_000, false],
    ['born in the future: the clock stepped back', -1, false],
  ])('ASRT-11: is judged by the clock when it is used: %s', async (_, ms, used) => {
    const { ahead, clock, signatures } = setup()
    await ahead.prepare()
    clock.now += ms
    const taken = await ahead.take(AUD)
    expect([taken.ahead, signatures.length]).toEqual([used, used ? 1 : 2])
    expect(taken.exp * 1000).toBeGreaterThan(clock.now + AHEAD_MARGIN_S * 1000 - 1)
  })

  test('too old, is not kept for a later request', async () => {
    const { ahead, clock } = setup()
    await ahead.prepare()
    clock.now -= 1
    await ahead.take(AUD)
    clock.now += 1
    expect(await ahead.take(AUD)).toMatchObject({ jti: 'jti-3' })
  })

  test('is for its audience alone; a request for another one leaves it there', async () => {
    const { ahead, signatures } = setup()
    await ahead.prepare()
    expect(await ahead.take('https://other.example/')).toMatchObject({ jti: 'jti-2', ahead: false })
    expect(signatures.map(({ aud }) => aud)).toEqual([AUD, 'https://other.example/'])
    expect(await ahead.take(AUD)).toMatchObject({ jti: 'jti-1', ahead: true })
  })

  test('is worth while only where the lifetime is longer than the margin', () => {
    expect([15, AHEAD_MARGIN_S + 1, AHEAD_MARGIN_S + 2, 120].map(canSignAhead)).toEqual([
      false,
      false,
      true,
      true,
    ])
  })
})

describe('the next one', () => {
  test('is not signed after the first request, whose gap nobody knows; from the second on, it is', async () => {
    const { request, signatures, clock } = setup()
    const ahead: boolean[] = []
    for (let n = 0; n < 6; n++) {
      ahead.push((await request()).ahead)
      clock.now += 100
    }
    expect(ahead).toEqual([false, false, true, true, true, true])
    // One for each request, and the spare.
    expect(signatures).toHaveLength(7)
  })

  test('is signed once, and not while there is one', async () => {
    const { ahead, request, signatures } = setup()
    await request()
    await request()
    expect(signatures).toHaveLength(3)
    for (let n = 0; n < 5; n++) ahead.signNext()
    expect(signatures).toHaveLength(3)
  })

  test('nor while one is being signed', async () => {
    const { ahead, signatures } = setup({ manual: true })
    for (let n = 0; n < 2; n++) {
      const taking = ahead.take(AUD)
      await signatures.at(-1)!.done()
      await taking
    }
    ahead.signNext()
    ahead.signNext()
    expect(signatures).toHaveLength(3)
  })

  test.each([
    ['a little longer than it may be', DENSE_MS + 1, 0],
    ['just so long', DENSE_MS, 1],
    ['of an hour', 3_600_000, 0],
    ['below zero', -1, 0],
  ])('after a gap that is %s (%d ms): %d', async (_, gap, more) => {
    const { request, signatures, clock } = setup()
    await request()
    clock.now += gap
    await request()
    expect(signatures).toHaveLength(2 + more)
  })

  test('bounds the waste: a fifth of a call for each exchange, however sparse they come', async () => {
    for (const mean of [5_000, 15_000, 25_000, 30_000, 45_000, 90_000, 600_000]) {
      const { request, signatures, clock, ahead } = setup()
      await ahead.prepare()
      let seed = 1
      const exchanges = 4_000
      for (let n = 0; n < exchanges; n++) {
        await request()
        seed = (seed * 48_271) % 2_147_483_647
        clock.now += Math.round(-mean * Math.log(seed / 2_147_483_647))
      }
      expect(signatures.length / exchanges, `a mean gap of ${mean} ms`).toBeLessThan(1.22)
    }
  })

  test('where it fails, is not tried again for the next request: no request costs two', async () => {
    const { ahead, signatures, clock } = setup({ manual: true })
    const requestThat = async (end: 'done' | 'fail') => {
      const before = signatures.length
      const taking = ahead.take(AUD)
      if (signatures.length > before) await signatures.at(-1)!.done()
      await taking
      ahead.signNext()
      if (signatures.length > before + 1) await signatures.at(-1)![end]()
      clock.now += 100
      return signatures.length - before
    }
    await requestThat('done')
    expect(await requestThat('fail')).toBe(2)
    expect(await requestThat('done')).toBe(1)
    expect(await requestThat('done')).toBe(2)
  })
})

test('one that fails while a request waits for it brakes as well: the next request costs one signature', async () => {
  const { ahead, signatures, clock, reported } = setup({ manual: true })
  const request = async () => {
    const before = signatures.length
    const taking = ahead.take(AUD)
    await settled()
    if (signatures.length > before) await signatures.at(-1)!.done()
    await taking
    const used = signatures.length
    ahead.signNext()
    clock.now += 100
    return [used - before, signatures.length - used]
  }
  expect([await request(), await request()]).toEqual([
    [1, 0],
    [1, 1],
  ])
  // The next request takes the one under way, which fails only then.
  const taking = ahead.take(AUD)
  await signatures[2]!.fail()
  await signatures[3]!.done()
  await taking
  ahead.signNext()
  expect([signatures.length, reported.length]).toEqual([4, 1])
})

test('requests for another audience sign nothing ahead, however many come after two dense ones', async () => {
  const { ahead, request, signatures, clock } = setup()
  await request()
  await request()
  const before = signatures.length
  for (let n = 0; n < 20; n++) {
    clock.now += 60_000
    await ahead.take('https://other.example/')
    ahead.signNext()
    await settled()
  }
  expect(signatures.length - before).toBe(20)
})

test('nor does the first request of all, where it is for another audience', async () => {
  const { ahead, signatures } = setup()
  await ahead.take('https://other.example/')
  ahead.signNext()
  expect(signatures).toHaveLength(1)
})

describe('one that is raced, where requests come close together', () => {
  /** Two requests have been, and the third one's assertion is being signed: `signatures[2]`. */
  const dense = async () => {
    const made = setup({ manual: true })
    for (let n = 0; n < 2; n++) {
      const taking = made.ahead.take(AUD)
      await made.signatures.at(-1)!.done()
      await taking
      made.ahead.signNext()
      made.clock.now += 100
    }
    expect(made.signatures).toHaveLength(3)
    return made
  }
  /** The third one waits in vain, so that `signatures[3]` is begun beside it. */
  const raced = async () => {
    const made = await dense()
    const taking = made.ahead.take(AUD)
    made.clock.now += AHEAD_WAIT_MS
    made.timeUp[0]!()
    await settled()
    expect(made.signatures).toHaveLength(4)
    return { ...made, taking }
  }

  test('and won by the older: the other is the next one, and no third is begun', async () => {
    const { ahead, signatures, taking } = await raced()
    await signatures[2]!.done()
    expect(await taking).toMatchObject({ jti: 'jti-3' })
    ahead.signNext()
    expect(signatures).toHaveLength(4)
    await signatures[3]!.done()
    expect(await ahead.take(AUD)).toMatchObject({ jti: 'jti-4', ahead: true })
  })

  test('and won by the younger: the late one is the spare, and no third is begun', async () => {
    const { ahead, signatures, taking } = await raced()
    await signatures[3]!.done()
    expect(await taking).toMatchObject({ jti: 'jti-4' })
    await signatures[2]!.done()
    ahead.signNext()
    expect(signatures).toHaveLength(4)
    expect(await ahead.take(AUD)).toMatchObject({ jti: 'jti-3', ahead: true })
  })

  test('and comes very late, does not take the place of a younger spare', async () => {
    const { ahead, signatures, taking } = await raced()
    await signatures[3]!.done()
    await taking
    ahead.signNext()
    await signatures[4]!.done()
    await signatures[2]!.done()
    expect(await ahead.take(AUD)).toMatchObject({ jti: 'jti-5', ahead: true })
  })

  test('and fails, leaves the one after it alone', async () => {
    const { ahead, signatures } = await dense()
    const first = ahead.take(AUD)
    const second = ahead.take(AUD)
    await signatures[3]!.done()
    await second
    ahead.signNext()
    expect(signatures).toHaveLength(5)
    await signatures[2]!.fail()
    await signatures[5]!.done()
    expect(await first).toMatchObject({ jti: 'jti-6' })
    const third = ahead.take(AUD)
    await signatures[4]!.done()
    expect(await third).toMatchObject({ jti: 'jti-5' })
    expect(signatures).toHaveLength(6)
  })
})

describe('one that is being signed when a request comes', () => {
  const underWay = async () => {
    const made = setup({ manual: true })
    void made.ahead.prepare()
    return made
  }

  test.each([
    [0, false],
    [100, true],
  ])('is waited for, and not doubled: after %d ms', async (ms, isAhead) => {
    const { ahead, signatures, clock, waits } = await underWay()
    clock.now += ms
    const taking = ahead.take(AUD)
    expect(waits).toEqual([AHEAD_WAIT_MS - ms])
    await signatures[0]!.done()
    expect(await taking).toMatchObject({ jti: 'jti-1', ahead: isAhead })
    expect(signatures).toHaveLength(1)
  })

  test('by one request alone', async () => {
    const { ahead, signatures, clock } = await underWay()
    clock.now += 10
    const both = [ahead.take(AUD), ahead.take(AUD)]
    expect(signatures).toHaveLength(2)
    await signatures[0]!.done()
    await signatures[1]!.done()
    expect((await Promise.all(both)).map(({ jti }) => jti)).toEqual(['jti-1', 'jti-2'])
  })

  test('for so long, and then raced; the one that comes second is the next request’s', async () => {
    const { ahead, signatures, clock, timeUp } = await underWay()
    clock.now += 10
    const taking = ahead.take(AUD)
    clock.now += AHEAD_WAIT_MS
    timeUp[0]!()
    await settled()
    expect(signatures).toHaveLength(2)
    await signatures[0]!.done()
    expect(await taking).toMatchObject({ jti: 'jti-1' })
    // Still being signed, and not doubled by this request's signing ahead.
    ahead.signNext()
    expect(signatures).toHaveLength(2)
    await signatures[1]!.done()
    expect(await ahead.take(AUD)).toMatchObject({ jti: 'jti-2', ahead: true })
  })

  test('where the other comes first, that is used, and the late one is kept', async () => {
    const { ahead, signatures, clock, waits } = await underWay()
    clock.now += AHEAD_WAIT_MS + 1
    const taking = ahead.take(AUD)
    expect(waits).toEqual([])
    await settled()
    await signatures[1]!.done()
    expect(await taking).toMatchObject({ jti: 'jti-2', ahead: false })
    await signatures[0]!.done()
    expect(await ahead.take(AUD)).toMatchObject({ jti: 'jti-1', ahead: true })
  })

  test.each([9_000, AHEAD_WAIT_MS, -5])(
    'across a freeze or a step of the clock (%d ms) is raced at once',
    async ms => {
      const { ahead, signatures, clock, waits } = await underWay()
      clock.now += ms
      const taking = ahead.take(AUD)
      await settled()
      expect([waits.length, signatures.length]).toEqual([0, 2])
      await signatures[1]!.done()
      expect((await taking).jti).toBe('jti-2')
    },
  )

  test('and is too old when it comes, is not used', async () => {
    const { ahead, signatures, clock } = await underWay()
    clock.now += USABLE_MS
    const taking = ahead.take(AUD)
    await signatures[0]!.done()
    await signatures[1]!.done()
    expect((await taking).jti).toBe('jti-2')
    expect((await Promise.all([ahead.take(AUD), signatures[2]?.done()]))[0].jti).toBe('jti-3')
  })

  test('and fails, is signed again; only where that fails too, the request does', async () => {
    const { ahead, signatures, clock } = await underWay()
    clock.now += 10
    const taking = ahead.take(AUD)
    await signatures[0]!.fail()
    expect(signatures).toHaveLength(2)
    await signatures[1]!.done()
    expect((await taking).jti).toBe('jti-2')

    const other = await underWay()
    const failing = rejection(other.ahead.take(AUD))
    await other.signatures[0]!.fail()
    await other.signatures[1]!.fail(new Error('now'))
    expect(await failing).toMatchObject({ message: 'now' })
  })
})

describe('the cold start', () => {
  test('ends without an assertion where none can be signed, and that is forgotten', async () => {
    const { ahead, signatures, reported } = setup({ manual: true })
    const preparing = ahead.prepare()
    const error = new Error('no')
    await signatures[0]!.fail(error)
    await preparing
    expect(reported).toEqual([error])
    const taking = ahead.take(AUD)
    await signatures[1]!.done()
    expect(await taking).toMatchObject({ jti: 'jti-2', ahead: false })
  })
})
