import { describe, expect, test } from 'vitest'
import type { Answer } from '../../../lib/http/post.ts'
import { POLL_EARLY_MS, POLL_INTERVAL_S, POLLS_MAX } from '../../../lib/limits.ts'
import { deviceParameters, readDeviceResponse } from '../../../lib/oauth/device.ts'
import { DEVICE_CODE } from '../../../lib/oauth/grants.ts'
import { pollIntervals } from '../../../lib/oauth/poll-intervals.ts'
import { client } from '../../support/client.ts'
import { form } from '../../support/code-request.ts'

const tv = client({ grant_types: ['authorization_code', DEVICE_CODE], scope: ['openid'] })

describe('DEV-1: a device authorization', () => {
  test('asks for the scope that the client may have', () => {
    expect([...deviceParameters(form({ scope: 'openid', client_id: 'tv', x: 'y' }), tv)]).toEqual([
      ['scope', 'openid'],
    ])
    expect(() => deviceParameters(form({ scope: 'admin' }), tv)).toThrow('scope_refused')
  })

  test('is refused unless the client has the grant', () => {
    expect(() => deviceParameters(form({}), client())).toThrow('grant_refused')
  })

  const BODY = {
    device_code: 'dc',
    user_code: 'A-B',
    verification_uri: 'https://as.example/d',
    expires_in: 600,
  }
  const answer = (status: number, body: unknown) => ({
    status,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
  const NO_DEVICE_CODE = {
    reason: 'upstream_malformed',
    upstream: { status: 200 },
    cause: { code: 'NO_DEVICE_CODE' },
  }
  const refusal = (of: Answer): unknown => {
    try {
      return readDeviceResponse(of)
    } catch (error) {
      return error
    }
  }

  test('is answered member by member', () => {
    const optional = { verification_uri_complete: 'https://as.example/d?c=A-B', interval: 7 }
    expect(readDeviceResponse(answer(200, { ...BODY, ...optional, other: 1 }))).toEqual({
      ...BODY,
      ...optional,
    })
  })

  test.each([
    { interval: 'x' },
    { interval: 0 },
    { interval: -5 },
    { verification_uri_complete: 7 },
    { verification_uri_complete: ['https://as.example/d'] },
  ])('without %j, which is of no use', optional => {
    expect(readDeviceResponse(answer(200, { ...BODY, ...optional }))).toStrictEqual(BODY)
  })

  test.each([
    {},
    { ...BODY, device_code: '' },
    { ...BODY, user_code: 7 },
    { ...BODY, verification_uri: ['https://as.example/d'] },
    { ...BODY, expires_in: '600' },
    { ...BODY, expires_in: 0 },
    { ...BODY, expires_in: -1 },
  ])('%j is no answer, and the log says so', body => {
    expect(refusal(answer(200, body))).toMatchObject(NO_DEVICE_CODE)
  })

  test('nor is one whose life has no end: JSON could not say it to the app', () => {
    const endless = { ...answer(200, ''), body: JSON.stringify(BODY).replace('600', '1e400') }
    expect(refusal(endless)).toMatchObject(NO_DEVICE_CODE)
  })

  test('an error of the provider is told as it is', () => {
    expect(refusal(answer(400, { error: 'invalid_scope' }))).toMatchObject({ reason: 'upstream_refused' })
  })
})

describe('DEV-1: how fast a device may ask', () => {
  const setup = () => {
    const clock = { now: 1_790_000_000_000 }
    const seen = new Set<string>()
    const polls = pollIntervals(
      () => clock.now,
      code => {
        seen.add(code)
        return `digest of ${code}`
      },
    )
    return { clock, polls, seen }
  }

  test('at once for the first time, then not before the interval is over, a moment less apart', () => {
    const { clock, polls } = setup()
    polls.name('dc', 7)
    expect(polls.isTime('dc')).toBe(true)
    clock.now += 7_000 - POLL_EARLY_MS - 1
    expect(polls.isTime('dc')).toBe(false)
    clock.now += 1
    expect(polls.isTime('dc')).toBe(true)
    expect(polls.isTime('dc')).toBe(false)
  })

  test('a poll that was too fast does not put the next one off', () => {
    const { clock, polls } = setup()
    polls.isTime('dc')
    clock.now += POLL_INTERVAL_S * 500
    expect(polls.isTime('dc')).toBe(false)
    clock.now += POLL_INTERVAL_S * 500
    expect(polls.isTime('dc')).toBe(true)
  })

  test('five seconds where none is named, also for a code that another container gave out', () => {
    const { clock, polls } = setup()
    polls.name('dc', undefined)
    for (const code of ['dc', 'unknown']) expect(polls.isTime(code)).toBe(true)
    clock.now += 4_000
    for (const code of ['dc', 'unknown']) expect(polls.isTime(code)).toBe(false)
    clock.now += 1_000
    for (const code of ['dc', 'unknown']) expect(polls.isTime(code)).toBe(true)
  })

  test('five seconds more each time that the provider says slow_down', () => {
    const { clock, polls } = setup()
    polls.isTime('dc')
    polls.slowDown('dc')
    clock.now += 9_000
    expect(polls.isTime('dc')).toBe(false)
    clock.now += 1_000
    expect(polls.isTime('dc')).toBe(true)
  })

  test('a clock that steps back locks nobody out', () => {
    const { clock, polls } = setup()
    polls.isTime('dc')
    clock.now -= 3_600_000
    expect(polls.isTime('dc')).toBe(true)
  })

  test('a poll that did not get to the provider leaves the interval as it was', () => {
    const { clock, polls } = setup()
    polls.name('dc', 7)
    expect(polls.isTime('dc')).toBe(true)
    polls.again('dc')
    expect(polls.isTime('dc')).toBe(true)
    clock.now += 6_000
    expect(polls.isTime('dc')).toBe(false)
    clock.now += 1_000
    expect(polls.isTime('dc')).toBe(true)
  })

  test('so many are kept, and whoever asks again is the last to be forgotten', () => {
    const { clock, polls } = setup()
    for (let n = 0; n < POLLS_MAX; n++) polls.isTime(`dc-${n}`)
    expect(polls.isTime('dc-0')).toBe(false)
    clock.now += POLL_INTERVAL_S * 1000
    expect(polls.isTime('dc-0')).toBe(true)
    polls.isTime('one more')
    // The second one has gone for it, and would be taken for new.
    expect(polls.isTime('dc-0')).toBe(false)
    clock.now -= POLL_INTERVAL_S * 1000
    expect([polls.isTime('dc-2'), polls.isTime('dc-1')]).toEqual([false, true])
  })

  test('devices do not slow each other down, and of very many the ones that ask least are forgotten', () => {
    const { polls } = setup()
    polls.isTime('first')
    for (let n = 0; n < POLLS_MAX; n++) expect(polls.isTime(`dc-${n}`)).toBe(true)
    expect(polls.isTime('first')).toBe(true)
    expect(polls.isTime(`dc-${POLLS_MAX - 1}`)).toBe(false)
  })
})
