import { once } from 'node:events'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import type { Budget } from './budget.ts'
import type { Throttle } from './cgroup.ts'
import type { HandlerMarks } from './hosting/cold-handler.ts'
import { newContext, toEvent } from './hosting/event.ts'
import type { ServerMarks } from './hosting/run-server.ts'
import { spawnChild } from './processes.ts'
import { inRounds } from './rounds.ts'
import type { Stage } from './stage.ts'
import type { Round } from './statistics.ts'
import { FORM, HEADERS, handlerOf, serverOf, type Variant } from './variants/variants.ts'

// Cold starts, a new process each: from the start of the process to the first answer.

/** Milliseconds. */
export interface ColdStart {
  /** From the import of the handler file to its end, what it awaits included; of a server until it listens. */
  init: number
  /** From the call of the handler, or the request's arrival, to the answer. */
  first: number
  /** From the start of the process to the first answer. */
  process: number
}

/** A throttled one takes about a second. */
const COLD_MS = 30_000

export const EVENT = JSON.stringify(toEvent(HEADERS, Buffer.from(FORM)))
const CONTEXT = JSON.stringify(newContext())

/** Starts a process and reads what it writes on file descriptor 3, a JSON value a line. */
async function* marksOf(command: readonly string[], env: Record<string, string>): AsyncGenerator<unknown> {
  const child = spawnChild(command, { env, stdio: ['ignore', 'ignore', 'inherit', 'pipe'] })
  const timer = setTimeout(() => child.kill('SIGKILL'), COLD_MS)
  const closed = once(child, 'close')
  let lines = 0
  try {
    for await (const line of createInterface({ input: child.stdio[3] as Readable })) {
      lines++
      yield JSON.parse(line)
    }
    const [code, signal] = await closed
    if (code !== 0 || lines === 0)
      throw new Error(`${command.join(' ')} ended (${signal ?? `exit code ${code}`})`)
  } finally {
    clearTimeout(timer)
  }
}

async function coldStart(stage: Stage, variant: Variant, throttle: Throttle | undefined): Promise<ColdStart> {
  const handler = handlerOf(variant, stage.files)
  const environment = stage.environment(variant, `COLD-${variant}`)
  const module = handler
    ? [stage.files.module('hosting/cold-handler'), handler]
    : [serverOf(variant, stage.files)]
  const command = [process.execPath, ...module]
  const env = handler ? { ...environment, BENCH_EVENT: EVENT, BENCH_CONTEXT: CONTEXT } : environment
  let sent: Promise<unknown> | undefined
  let marks: HandlerMarks | ServerMarks | undefined
  const group = throttle?.newGroup()
  for await (const value of marksOf(group?.wrap(command) ?? command, env)) {
    if ((value as { url?: string }).url) sent = stage.load(`${(value as { url: string }).url}/token`, 1, 1)
    else marks = value as HandlerMarks | ServerMarks
  }
  group?.remove()
  await sent
  if (marks?.status !== 200) throw new Error(`a cold start of ${variant} answered ${marks?.status}`)
  return 'ready' in marks
    ? { init: marks.ready - marks.started, first: marks.answered - marks.ready, process: marks.answered }
    : { init: marks.listening, first: marks.answered - marks.requested, process: marks.answered }
}

/** A cold start of each variant a round; a round's numbers are named `<variant>.init` and so on. */
export function measureCold(
  stage: Stage,
  variants: readonly Variant[],
  budget: Budget,
  { throttle, atOnce }: { throttle?: Throttle; atOnce: number },
): Promise<Round[]> {
  return inRounds(
    budget,
    variants,
    async (variant, round) => {
      const { init, first, process } = await coldStart(stage, variant, throttle)
      round[`${variant}.init`] = init
      round[`${variant}.first`] = first
      round[`${variant}.total`] = init + first
      round[`${variant}.process`] = process
    },
    atOnce,
  )
}

/** The loading of the code alone, at full speed: until its evaluation is done, with nothing of init waited for. */
export function measureLoad(stage: Stage, budget: Budget): Promise<Round[]> {
  const code = { ours: stage.files.oursCode, naive: stage.files.naive }
  return inRounds(budget, ['ours', 'naive'] as const, async (variant, round) => {
    const command = [process.execPath, stage.files.module('hosting/load-code'), code[variant]]
    for await (const value of marksOf(command, stage.environment(variant, `LOAD-${variant}`))) {
      round[variant] = (value as { load_ms: number }).load_ms
    }
  })
}
