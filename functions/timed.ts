import type { LogRecord } from '../lib/log.ts'

/** The same function, whose duration in whole milliseconds goes into the log, also where it fails. */
export function timed<Arguments extends unknown[], Result>(
  record: LogRecord,
  member: 'configuration_ms' | 'kms_ms' | 'provider_ms' | 'id_token_ms',
  work: (...args: Arguments) => Promise<Result>,
): (...args: Arguments) => Promise<Result> {
  return async (...args) => {
    const started = performance.now()
    try {
      return await work(...args)
    } finally {
      record[member] = Math.round(performance.now() - started)
    }
  }
}
