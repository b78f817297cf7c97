import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process'
import { once } from 'node:events'
import type { Answer } from './answering.ts'

// Every process that a run starts. None outlives it: each is ended here, whatever way the run ends.

/** A process that answers questions. */
export interface Process {
  /** What it said when it was ready. */
  ready: unknown
  ask<Value>(name: string, argument?: unknown): Promise<Value>
  end(): void
}

const running = new Set<ChildProcess>()

/** Ends every process at once. */
export function endProcesses(): void {
  for (const child of running) child.kill('SIGKILL')
  running.clear()
}

/** Spawns a process that is ended with the run. */
export function spawnChild([command = '', ...args]: readonly string[], options: SpawnOptions): ChildProcess {
  const child = spawn(command, args, options)
  running.add(child)
  child.once('close', () => running.delete(child))
  return child
}

/** Longest that one question may take: every measurement is asked for in pieces that are far shorter. */
const QUESTION_MS = 60_000

/** Starts a module in a Node of its own, with `env` as its whole environment. Resolves once it says that it is ready. */
export async function startProcess(
  module: string,
  { env = {}, args = [] }: { env?: Record<string, string>; args?: readonly string[] } = {},
): Promise<Process> {
  const child = spawnChild([process.execPath, module, ...args], {
    env,
    // What it logs costs it what logging costs, and is then dropped.
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  })
  const waiting = new Map<number, { resolve(value: unknown): void; reject(error: Error): void }>()
  const ended = once(child, 'close').then(([code, signal]) => {
    const error = new Error(`${module} ended (${signal ?? `exit code ${code}`})`)
    for (const { reject } of waiting.values()) reject(error)
    throw error
  })
  ended.catch(() => {})
  const [{ ready }] = (await Promise.race([once(child, 'message'), ended])) as [{ ready: unknown }]
  child.on('message', (answer: Answer) => {
    const asked = waiting.get(answer.id)
    waiting.delete(answer.id)
    if ('error' in answer) asked?.reject(new Error(answer.error))
    else asked?.resolve(answer.value)
  })
  let last = 0
  return {
    ready,
    end() {
      child.kill('SIGKILL')
    },
    ask<Value>(name: string, argument?: unknown) {
      return new Promise<Value>((resolve, reject) => {
        const id = ++last
        const timer = setTimeout(() => {
          waiting.delete(id)
          reject(new Error(`${module} did not answer ${name} within ${QUESTION_MS} ms`))
        }, QUESTION_MS)
        waiting.set(id, {
          resolve(value) {
            clearTimeout(timer)
            resolve(value as Value)
          },
          reject(error) {
            clearTimeout(timer)
            reject(error)
          },
        })
        child.send({ id, name, argument }, error => {
          if (error) waiting.get(id)?.reject(error)
        })
      })
    },
  }
}
