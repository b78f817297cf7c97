import { describe, expect, test } from 'vitest'
import type { Fault } from '../../local/aws/control.ts'
import { json } from '../support/fake-provider.ts'
import { keysOf, SECOND, type Stage, signedBy } from './stage.ts'
import { line, play, type Row, written } from './table.ts'

// The clock of a container: it jumps over a freeze, steps, or is wrong.

const MINUTE_MS = 60_000
const WELL = { status: 200, signed: 1, sent: 1, reason: 'tokens' }

const clock = (ms: number) => (stage: Stage) => stage.container().setClock(ms)
const signing = (fault: Fault, times?: number) => (stage: Stage) => stage.kms.fault('Sign', fault, times)
const ahead = { client: { assertion: { ahead: true } } }
/** The second of two exchanges close together has a third signed ahead. */
async function withSpare(stage: Stage): Promise<void> {
  const signed = await stage.kms.calls('Sign')
  await stage.exchange()
  while ((await stage.kms.calls('Sign')) === signed) await new Promise(resolve => setTimeout(resolve, 5))
}
const jwksDown = (stage: Stage) =>
  Object.assign(stage, { jwks: (response => json(response, 500, {})) as Stage['jwks'] })

const rows: Row[] = [
  { fault: 'frozen for two minutes', breaks: clock(2 * MINUTE_MS), ...WELL, read: 1 },
  { fault: 'frozen for a day', breaks: clock(24 * 60 * MINUTE_MS), ...WELL, read: 1 },
  { fault: 'the clock steps back by ten minutes', breaks: clock(-10 * MINUTE_MS), ...WELL },
  {
    fault: 'frozen for ten minutes, an assertion signed ahead',
    setting: ahead,
    async breaks(stage) {
      await withSpare(stage)
      await clock(10 * MINUTE_MS)(stage)
    },
    ...WELL,
  },
  {
    fault: 'the clock steps back by ten minutes, an assertion signed ahead',
    setting: ahead,
    async breaks(stage) {
      await withSpare(stage)
      await clock(-10 * MINUTE_MS)(stage)
    },
    ...WELL,
  },
  {
    fault: 'the clock is ten minutes slow, and AWS refuses requests of that time',
    async breaks(stage) {
      await clock(-10 * MINUTE_MS)(stage)
      await signing({ kind: 'error', name: 'RequestTimeTooSkewed', status: 403 }, 1)(stage)
    },
    ...WELL,
    signed: 2,
  },
  {
    fault: 'AWS refuses the signature of every request',
    breaks: signing({ kind: 'error', name: 'InvalidSignatureException' }),
    status: 500,
    error: 'server_error',
    signed: 1,
    sent: 0,
    reason: 'signer_misconfigured: InvalidSignatureException',
  },
  {
    fault: 'the clock is half a minute slow, and ID tokens are validated',
    setting: { idTokens: true },
    breaks: clock(-MINUTE_MS / 2),
    ...WELL,
  },
  {
    fault: 'the clock is ten minutes slow, and ID tokens are validated',
    setting: { idTokens: true },
    breaks: clock(-10 * MINUTE_MS),
    mends: clock(0),
    ...WELL,
    status: 502,
    error: 'server_error',
    reason: 'id_token_invalid: ID_TOKEN_IAT',
  },
  {
    fault: 'the clock is ten minutes fast, and ID tokens are validated',
    setting: { idTokens: true },
    breaks: clock(10 * MINUTE_MS),
    mends: clock(0),
    ...WELL,
    status: 502,
    error: 'server_error',
    reason: 'id_token_invalid: ID_TOKEN_EXP',
  },
  {
    fault: "the provider's keys cannot be read for eleven minutes",
    setting: { idTokens: true },
    async breaks(stage) {
      jwksDown(stage)
      // The clock goes on at the provider as well.
      stage.behave = signedBy(undefined, 11 * MINUTE_MS)
      await clock(11 * MINUTE_MS)(stage)
    },
    mends: clock(0),
    ...WELL,
    alsoLogged: 'refresh_failed: JWKS_STATUS',
  },
  {
    fault: "the provider's keys cannot be read for longer than an hour",
    setting: { idTokens: true },
    async breaks(stage) {
      jwksDown(stage)
      await clock(61 * MINUTE_MS)(stage)
    },
    mends: clock(0),
    ...WELL,
    status: 502,
    error: 'exchange_outcome_unknown',
    reason: 'id_token_unverifiable: JWKS_STATUS',
  },
  {
    fault: "frozen for a day, and the provider's keys are others",
    setting: { idTokens: true },
    async breaks(stage) {
      Object.assign(stage, { behave: signedBy(SECOND, 24 * 60 * MINUTE_MS), jwks: keysOf(SECOND) })
      await clock(24 * 60 * MINUTE_MS)(stage)
    },
    mends: stage =>
      Object.assign(stage, { behave: signedBy(SECOND, 24 * 60 * MINUTE_MS), jwks: keysOf(SECOND) }),
    ...WELL,
  },
]

describe.concurrent('Clock', () => {
  test.for(rows)('$fault', row => play(row))
})

test('docs/faults.md has these rows and no others', () => {
  expect(written('Clock')).toEqual(rows.map(line))
})
