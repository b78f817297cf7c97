import { answerQuestions } from '../answering.ts'
import { poissonGaps, random } from '../statistics.ts'
import { type HandlerModule, newContext } from './event.ts'

// Calls a handler in this process, with time going by between the calls that nobody has to wait for: Date.now jumps.
// Timers and connections stay in real time, and nothing runs in a gap, as in a container that is frozen between requests.

export interface Arrivals {
  count: number
  /** Mean gap of a Poisson process in seconds; 0 for one right after the other. */
  mean_gap_s: number
  /** Calls at a time. */
  connections: number
}

let skipped_ms = 0
const { now } = Date
Date.now = () => now() + skipped_ms

const { BENCH_EVENT = '', BENCH_SEED = '1' } = process.env
const event: unknown = JSON.parse(BENCH_EVENT)
const chance = random(Number(BENCH_SEED))
const { handler } = (await import(process.argv[2] ?? '')) as HandlerModule

answerQuestions(null, {
  /** Returns how many failed. */
  async run({ count, mean_gap_s, connections }: Arrivals): Promise<number> {
    const gaps = poissonGaps(chance, count, mean_gap_s * 1000)
    let failed = 0
    const call = async () => {
      for (let gap = gaps.pop(); gap !== undefined; gap = gaps.pop()) {
        skipped_ms += Math.round(gap)
        const { statusCode } = await handler(event, newContext())
        if (statusCode !== 200) failed++
      }
    }
    await Promise.all(Array.from({ length: connections }, call))
    return failed
  },
})
