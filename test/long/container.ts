import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'

// The built function in a process of its own, asked over IPC as Lambda asks over a pipe, and looked at from inside.

export interface Sample {
  /** Bytes, after a full collection. */
  heap: number
  /** Of buffers and of what C++ holds for objects. */
  external: number
  rss: number
  /** Open descriptors. */
  fds: number
}

export interface Result {
  statusCode: number
  headers?: Record<string, string>
  body?: string
}

export interface Container {
  invoke(event: unknown): Promise<Result>
  sample(): Promise<Sample>
  end(): void
}

const PROGRAM = `
import { readdirSync } from 'node:fs'
const { handler } = await import(process.env.HANDLER)
process.on('message', async ({ id, event }) => {
  if (event) return process.send({ id, value: await handler(event, { awsRequestId: String(id) }) })
  gc()
  const { heapUsed: heap, external, rss } = process.memoryUsage()
  process.send({ id, value: { heap, external, rss, fds: readdirSync('/proc/self/fd').length } })
})
process.send('ready')
`

export async function startContainer(handler: string, env: Record<string, string>): Promise<Container> {
  const child = spawn(process.execPath, ['--expose-gc', '--input-type=module', '-e', PROGRAM], {
    env: { ...env, HANDLER: handler },
    // The log lines go nowhere: what is kept of them would be this process's memory.
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  })
  await once(child, 'message')
  const ask = asker(child)
  return {
    invoke: event => ask({ event }) as Promise<Result>,
    sample: () => ask({}) as Promise<Sample>,
    end: () => void child.kill('SIGKILL'),
  }
}

function asker(child: ChildProcess): (question: object) => Promise<unknown> {
  const waiting = new Map<number, { resolve(value: unknown): void; reject(error: Error): void }>()
  let last = 0
  child.on('message', ({ id, value }: { id: number; value: unknown }) => {
    waiting.get(id)?.resolve(value)
    waiting.delete(id)
  })
  child.on('exit', () => {
    for (const { reject } of waiting.values()) reject(new Error('the function ended'))
  })
  return question =>
    new Promise((resolve, reject) => {
      const id = ++last
      waiting.set(id, { resolve, reject })
      child.send({ id, ...question })
    })
}
