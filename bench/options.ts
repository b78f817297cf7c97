import { parseArgs } from 'node:util'
import { fullPlan, type Plan, quickPlan } from './plan.ts'

export const HELP = `npm run bench -- [options]

Measures Countersign against a naive handler, against openid-client on node:http and on express with a key in memory,
and against plain forwarding. KMS, the provider, the load and every variant run in processes of their own, on loopback.

  (none)       everything, about ten minutes. Writes bench/results.json and draws the pictures of docs/performance.md.
               Exit code 1 where a bar is not met.
  --quick      what the bars need, within a minute. Writes nothing. Exit code 0 where it ran, whatever it found.
  --n N        rounds, and cold starts, of each figure: 25, with --quick 20. Below 20 no bar counts as met.
  --out FILE   writes the results there, and draws nothing.
  --help       this.

The last line of the output is one JSON object of the ratios; null is what could not be measured here.

Throttled cold starts need a cgroup, and so mostly root. Nothing else should run on the machine.
`

export interface Options {
  plan: Plan
  /** Where to; undefined for the project's own place. */
  out: string | undefined
}

/** Reads the command line; `help` where that is asked for. Throws an Error whose message says what is wrong with it. */
export function readOptions(args: readonly string[]): Options | 'help' {
  const { values } = parseArgs({
    args: [...args],
    options: {
      quick: { type: 'boolean', default: false },
      n: { type: 'string' },
      out: { type: 'string' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  })
  if (values.help) return 'help'
  const n = values.n === undefined ? undefined : Number(values.n)
  if (n !== undefined && !(Number.isInteger(n) && n >= 1 && n <= 1000)) {
    throw new Error('--n takes a whole number from 1 to 1000')
  }
  return { plan: values.quick ? quickPlan(n) : fullPlan(n), out: values.out }
}
