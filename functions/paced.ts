import { ProxyError, type Reason } from '../lib/errors.ts'
import type { PollIntervals } from '../lib/oauth/poll-intervals.ts'

const NOTHING_SENT: ReadonlySet<Reason> = new Set(['signer_unavailable', 'upstream_unreachable'])

/** A device's poll, no faster than it may come (RFC 8628 section 3.5). Throws ProxyError `poll_too_fast`; rejects as `poll` does. */
export async function paced<Result>(
  polls: PollIntervals,
  device_code: string,
  poll: () => Promise<Result>,
): Promise<Result> {
  if (!polls.isTime(device_code)) throw new ProxyError('poll_too_fast')
  try {
    return await poll()
  } catch (error) {
    if (error instanceof ProxyError && error.upstream?.error === 'slow_down') polls.slowDown(device_code)
    // Nothing was sent, and the device may be told to try again in a moment: then it must be let in.
    if (error instanceof ProxyError && NOTHING_SENT.has(error.reason)) polls.again(device_code)
    throw error
  }
}
