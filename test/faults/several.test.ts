import { describe, expect, test } from 'vitest'
import type { Fault } from '../../local/aws/control.ts'
import { json } from '../support/fake-provider.ts'
import { keysOf, type Stage, tokens } from './stage.ts'
import { line, play, type Row, written } from './table.ts'

// More than one thing at a time: the first that the request meets is what it is refused for, and nothing behind it is asked.

const MINUTE_MS = 60_000
const down: Fault = { kind: 'error', name: 'InternalServiceError' }

const kms = (fault: Fault, times?: number) => (stage: Stage) => stage.kms.fault('Sign', fault, times)
const secrets = (fault: Fault) => (stage: Stage) => stage.secrets.fault('GetSecretValue', fault)
const later = (ms: number) => (stage: Stage) => stage.container().setClock(ms)
const provider = (behaviour: Stage['behave']) => (stage: Stage) => {
  stage.behave = behaviour
}
const all =
  (...parts: ((stage: Stage) => unknown)[]) =>
  async (stage: Stage) => {
    for (const part of parts) await part(stage)
  }
const answersAfter = (ms: number) =>
  provider((response, request, nth) => void setTimeout(() => tokens(response, request, nth), ms))
const resets = provider(response => response.socket?.resetAndDestroy())

const ahead = { client: { assertion: { ahead: true } } }
/** The second of two exchanges close together has a third signed ahead. */
async function withSpare(stage: Stage): Promise<void> {
  const signed = await stage.kms.calls('Sign')
  await stage.exchange()
  while ((await stage.kms.calls('Sign')) === signed) await new Promise(resolve => setTimeout(resolve, 5))
}

const WELL = { status: 200, signed: 1, sent: 1, reason: 'tokens' }
const LOST = { status: 502, error: 'exchange_outcome_unknown', sent: 1 }
const LATER = { status: 503, error: 'temporarily_unavailable', sent: 0 }

const rows: Row[] = [
  {
    fault: 'KMS fails once, and the provider answers after 3 s',
    breaks: all(kms({ kind: 'error', name: 'KMSInternalException' }, 1), answersAfter(3_000)),
    ...WELL,
    signed: 2,
  },
  {
    fault: 'KMS fails once, and the provider resets the connection',
    breaks: all(kms({ kind: 'error', name: 'KMSInternalException' }, 1), resets),
    ...LOST,
    signed: 2,
    reason: 'upstream_lost: ECONNRESET',
  },
  {
    fault: 'KMS is throttled, and the provider is down',
    breaks: all(kms({ kind: 'error', name: 'ThrottlingException' }), resets),
    ...LATER,
    signed: 2,
    reason: 'signer_unavailable: ThrottlingException',
  },
  {
    fault: 'Secrets Manager is down for ten minutes, and KMS is throttled',
    breaks: all(later(10 * MINUTE_MS), secrets(down), kms({ kind: 'error', name: 'ThrottlingException' })),
    mends: later(0),
    ...LATER,
    signed: 2,
    reason: 'signer_unavailable: ThrottlingException',
  },
  {
    fault: 'Secrets Manager is down for ten minutes, and the provider answers 429',
    breaks: all(
      later(10 * MINUTE_MS),
      secrets(down),
      provider(response => json(response, 429, {})),
    ),
    mends: later(0),
    status: 429,
    error: 'temporarily_unavailable',
    signed: 1,
    sent: 1,
    reason: 'upstream_rate_limited',
  },
  {
    fault: 'Secrets Manager is down for longer than an hour, KMS and the provider as well',
    breaks: all(later(61 * MINUTE_MS), secrets(down), kms({ kind: 'reset' }), resets),
    mends: later(62 * MINUTE_MS),
    ...LATER,
    signed: 0,
    reason: 'configuration_expired',
  },
  {
    fault: 'Secrets Manager, KMS and the provider are each a second late',
    breaks: all(
      later(10 * MINUTE_MS),
      secrets({ kind: 'delay', ms: 1_000 }),
      kms({ kind: 'delay', ms: 1_000 }),
      answersAfter(1_000),
    ),
    mends: later(0),
    ...WELL,
  },
  {
    fault: 'KMS does not answer, an assertion signed ahead',
    setting: ahead,
    breaks: all(withSpare, kms({ kind: 'hang' })),
    ...WELL,
  },
  {
    fault: 'KMS is disabled, an assertion signed ahead, and the provider resets the connection',
    setting: ahead,
    breaks: all(withSpare, kms({ kind: 'error', name: 'DisabledException' }), resets),
    ...LOST,
    signed: 1,
    reason: 'upstream_lost: ECONNRESET',
  },
  {
    fault: 'KMS is disabled, and the assertion signed ahead has been used up',
    setting: ahead,
    breaks: all(withSpare, kms({ kind: 'error', name: 'DisabledException' }), stage => stage.exchange()),
    status: 500,
    error: 'server_error',
    signed: 1,
    sent: 0,
    reason: 'signer_misconfigured: DisabledException',
  },
  {
    fault: "KMS is a second late, the provider's keys cannot be read, as a container starts",
    setting: { idTokens: true },
    cold: true,
    breaks: all(kms({ kind: 'delay', ms: 1_000 }), stage => {
      stage.jwks = response => json(response, 503, {})
    }),
    ...LOST,
    signed: 1,
    reason: 'id_token_unverifiable: JWKS_STATUS',
  },
  {
    fault: 'the provider does not answer, and its keys are empty',
    setting: { idTokens: true },
    breaks: stage => Object.assign(stage, { behave: () => {}, jwks: keysOf() }),
    ...LOST,
    status: 504,
    signed: 1,
    reason: 'upstream_timeout',
  },
]

describe.concurrent('Several at once', () => {
  test.for(rows)('$fault', row => play(row))
})

test('docs/faults.md has these rows and no others', () => {
  expect(written('Several at once')).toEqual(rows.map(line))
})
