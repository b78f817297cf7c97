import { describe, expect, test } from 'vitest'
import type { Fault } from '../../local/aws/control.ts'
import type { Stage } from './stage.ts'
import { line, play, type Row, written } from './table.ts'

// Secrets Manager, where the configuration is: what is held goes on serving, for an hour at most.

const MINUTE_MS = 60_000

const read =
  (fault: Fault, times?: number) =>
  ({ secrets }: Stage) =>
    secrets.fault('GetSecretValue', fault, times)
/** So much later it is wrong. */
const after = (ms: number, fault: Fault) => async (stage: Stage) => {
  await stage.container().setClock(ms)
  await read(fault)(stage)
}
const onTime = (stage: Stage) => stage.container().setClock(0)
/** One read a second where there never was a document. */
const aSecondLater = () => new Promise(resolve => setTimeout(resolve, 1_000))

const unavailable: Fault = { kind: 'error', name: 'InternalServiceError' }
/** Without a document nobody knows which origins are allowed. */
const NEVER_READ = { readable: false, status: 503, error: 'temporarily_unavailable', signed: 0, sent: 0 }
const SERVED = { status: 200, signed: 1, sent: 1, reason: 'tokens' }

const rows: Row[] = [
  {
    fault: 'Secrets Manager is down as a container starts',
    cold: true,
    breaks: read(unavailable),
    mends: aSecondLater,
    ...NEVER_READ,
    reason: 'configuration_unavailable: InternalServiceError',
  },
  {
    fault: 'Secrets Manager fails once as a container starts',
    cold: true,
    breaks: read(unavailable, 1),
    ...SERVED,
    read: 2,
  },
  {
    fault: 'Secrets Manager is down for the init alone',
    cold: true,
    breaks: read(unavailable, 2),
    ...SERVED,
    read: 3,
  },
  {
    fault: 'Secrets Manager does not answer as a container starts',
    cold: true,
    breaks: read({ kind: 'hang' }),
    mends: aSecondLater,
    ...NEVER_READ,
    reason: 'configuration_unavailable: READ_TIMEOUT',
  },
  {
    fault: 'the function may not read the secret',
    cold: true,
    breaks: read({ kind: 'error', name: 'AccessDeniedException' }),
    mends: aSecondLater,
    ...NEVER_READ,
    reason: 'configuration_unavailable: AccessDeniedException',
  },
  {
    fault: 'the secret is not there',
    cold: true,
    breaks: read({ kind: 'error', name: 'ResourceNotFoundException' }),
    mends: aSecondLater,
    ...NEVER_READ,
    reason: 'configuration_unavailable: ResourceNotFoundException',
  },
  {
    fault: 'the document is no JSON as a container starts',
    cold: true,
    breaks: stage => stage.configure('{'),
    mends: false,
    ...NEVER_READ,
    reason: 'configuration_unavailable',
  },
  {
    fault: 'Secrets Manager is down for ten minutes',
    breaks: after(10 * MINUTE_MS, unavailable),
    mends: onTime,
    ...SERVED,
    read: 2,
    alsoLogged: 'configuration_refresh_failed: unreadable: InternalServiceError',
  },
  {
    fault: 'Secrets Manager does not answer for ten minutes',
    breaks: after(10 * MINUTE_MS, { kind: 'hang' }),
    mends: onTime,
    ...SERVED,
    alsoLogged: 'configuration_refresh_failed: unreadable: READ_TIMEOUT',
  },
  {
    fault: 'Secrets Manager resets every connection for ten minutes',
    breaks: after(10 * MINUTE_MS, { kind: 'reset' }),
    mends: onTime,
    ...SERVED,
    alsoLogged: 'configuration_refresh_failed: unreadable: ECONNRESET',
  },
  {
    fault: 'Secrets Manager answers what is not JSON for ten minutes',
    breaks: after(10 * MINUTE_MS, { kind: 'garbage' }),
    mends: onTime,
    ...SERVED,
    alsoLogged: 'configuration_refresh_failed: unreadable: SyntaxError',
  },
  {
    fault: 'the document becomes invalid',
    async breaks(stage) {
      await stage.configure('{"version":2}')
      await stage.container().setClock(10 * MINUTE_MS)
    },
    mends: onTime,
    ...SERVED,
    alsoLogged: 'configuration_refresh_failed: invalid',
  },
  {
    fault: 'Secrets Manager is down for longer than an hour',
    breaks: after(61 * MINUTE_MS, unavailable),
    mends: stage => stage.container().setClock(62 * MINUTE_MS),
    ...NEVER_READ,
    readable: true,
    reason: 'configuration_expired',
    read: 2,
  },
]

describe.concurrent('Secrets Manager', () => {
  test.for(rows)('$fault', row => play(row))
})

test('docs/faults.md has these rows and no others', () => {
  expect(written('Secrets Manager')).toEqual(rows.map(line))
})
