import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { CHECKS } from '../../../cli/doctor/checks.ts'
import { type Bench, reportOf, startBench } from './bench.ts'
import { CONFIGURATION_FAULTS } from './faults/configuration.ts'
import { DEPLOYMENT_FAULTS } from './faults/deployment.ts'
import { KEYS_FAULTS } from './faults/keys.ts'
import { PROVIDER_FAULTS } from './faults/provider.ts'
import { SESSION_FAULTS } from './faults/session.ts'

// One thing is wrong with the local stack: the one check says so, and no other.

let bench: Bench
beforeAll(async () => {
  bench = await startBench()
})
afterEach(() => bench.undo())
afterAll(() => bench?.close())

const FAULTS = [
  ...CONFIGURATION_FAULTS,
  ...KEYS_FAULTS,
  ...PROVIDER_FAULTS,
  ...DEPLOYMENT_FAULTS,
  ...SESSION_FAULTS,
]

/** What there is nothing to look at for, whatever is wrong: most faults are planted for a client without a session. */
const NOTHING_THERE = /a client of the delivery tokens: there is no session$/

describe.each(FAULTS)('$name', ({ id, says, plant }) => {
  test(`is a failure of ${id} alone`, async () => {
    const { secret, args = [], env = {}, after } = await plant(bench)
    const run = await bench.run(
      ['--json', ...(secret === undefined ? [] : ['--secret-id', secret]), ...args],
      env,
    )
    const { ok, checks } = reportOf(run)
    const failed = checks.filter(({ status }) => status === 'fail')
    expect(failed.map(check => check.id)).toEqual([id])
    expect(`${failed[0]!.detail}\n${failed[0]!.fix}`).toMatch(says)
    expect(failed[0]!.fix).not.toBe('')
    expect([ok, run.code]).toEqual([false, 1])
    expect(checks.map(check => check.id)).toEqual(CHECKS.map(check => check.id))
    // What is not looked at says whom it waits for.
    for (const { status, detail } of checks) {
      if (status === 'skip' && !NOTHING_THERE.test(detail))
        expect(detail).toMatch(new RegExp(`rests on ${id}$`))
    }
    await after?.()
  })
})
