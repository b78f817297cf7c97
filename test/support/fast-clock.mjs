import { getEnvironmentData, isMainThread, setEnvironmentData } from 'node:worker_threads'

// Loaded by `--import` before anything else: the clock of the process, and of its threads, runs FAST_CLOCK times as fast
// from FAST_CLOCK_FROM on. What lasts a minute by the clock (how long a document or a key set is kept, how long an assertion
// lives) lasts seconds; timers are as slow as ever. Every process of a test has to have it, or their clocks disagree.

const KEY = 'fast-clock'
// A thread may have an environment of its own, so it is told.
if (isMainThread) {
  const { FAST_CLOCK = 1, FAST_CLOCK_FROM = 0 } = process.env
  setEnvironmentData(KEY, { factor: Number(FAST_CLOCK), from: Number(FAST_CLOCK_FROM) })
}
const { factor, from } = getEnvironmentData(KEY)
const RealDate = globalThis.Date
const now = () => Math.floor(from + (RealDate.now() - from) * factor)

if (factor !== 1) {
  globalThis.Date = class extends RealDate {
    constructor(...parts) {
      if (parts.length === 0) super(now())
      else super(...parts)
    }
    static now() {
      return now()
    }
  }
}
