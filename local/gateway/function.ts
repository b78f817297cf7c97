import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import type { Span } from '../clock.ts'
import type { FunctionData, Invocation, Outcome } from './function-worker.ts'

/** What the handler returned, and when it ran. */
export interface Invoked {
  result: unknown
  span: Span
}

/** What a function threw. */
export class FunctionError extends Error {
  /** The message that it threw with, which a REST API looks at. */
  readonly reported: string

  constructor(name: string, reported: string) {
    super(`the function threw ${name}`)
    this.reported = reported
  }
}

/** A function that runs. */
export interface RunningFunction {
  /** Rejects where the function throws or its thread ends, as Lambda reports a function error. */
  invoke(event: unknown): Promise<Invoked>
  close(): Promise<void>
}

/** Starts the built function in a thread with `env` as its whole environment; its output goes to `log`. Resolves after its init. */
export async function startFunction(
  data: FunctionData,
  env: Record<string, string | undefined>,
  log: NodeJS.WritableStream,
): Promise<RunningFunction> {
  const worker = new Worker(new URL('./function-worker.ts', import.meta.url), {
    workerData: data,
    env,
    stdout: true,
    stderr: true,
  })
  // Not piped: every pipe is five listeners to the log, and there are many functions.
  for (const output of [worker.stdout, worker.stderr]) output.on('data', chunk => log.write(chunk))
  await once(worker, 'message')

  const waiting = new Map<number, { resolve(invoked: Invoked): void; reject(error: Error): void }>()
  let last = 0
  worker.on('message', (outcome: Outcome) => {
    const caller = waiting.get(outcome.id)
    waiting.delete(outcome.id)
    if ('error' in outcome) caller?.reject(new FunctionError(outcome.error, outcome.message))
    else caller?.resolve(outcome)
  })
  const endAll = () => {
    for (const { reject } of waiting.values()) reject(new Error('the function ended'))
    waiting.clear()
  }
  worker.on('error', endAll)
  worker.on('exit', endAll)

  return {
    invoke(event) {
      return new Promise((resolve, reject) => {
        const id = ++last
        waiting.set(id, { resolve, reject })
        worker.postMessage({ id, event } satisfies Invocation)
      })
    },
    async close() {
      await worker.terminate()
    },
  }
}

/** The same function `count` times over, as Lambda's containers. They take turns, by method and path. */
export async function startInstances(
  count: number,
  ...parts: Parameters<typeof startFunction>
): Promise<RunningFunction> {
  const instances = await Promise.all(Array.from({ length: count }, () => startFunction(...parts)))
  // A preflight goes before many a request: counted together, one instance would get these and the other all else.
  const turns = new Map<string, number>()
  return {
    invoke(event) {
      const { method, path } = (event as HttpEvent).requestContext?.http ?? {}
      const turn = turns.get(`${method} ${path}`) ?? 0
      turns.set(`${method} ${path}`, turn + 1)
      return instances[turn % count]!.invoke(event)
    },
    async close() {
      await Promise.all(instances.map(one => one.close()))
    },
  }
}

interface HttpEvent {
  requestContext?: { http?: { method: string; path: string } }
}
