import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import type { GatewayResult } from '../../functions/shell.ts'
import type { LogRecord } from '../../lib/log.ts'

// The built function in a process of its own, asked over IPC as Lambda asks over a pipe: it can be stopped as Lambda
// freezes a container, be killed, have a clock of its own, and be looked at from inside.

export interface Sample {
  /** Bytes, after a full collection. */
  heap: number
  /** Of buffers and of what C++ holds for objects. */
  external: number
  rss: number
  /** Open descriptors. */
  fds: number
}

export interface Container {
  invoke(event: unknown): Promise<GatewayResult>
  sample(): Promise<Sample>
  /** Moves its clock by so much from the real one, in milliseconds; timers stay as they are. */
  setClock(ahead_ms: number): Promise<void>
  /** What it has written so far, where `log` asks for it. */
  log(): LogRecord[]
  /** No timer runs and nothing is read, while the clock goes on. */
  freeze(): void
  thaw(): void
  end(): void
}

/** Imports the handler as Lambda does, its init awaited, and answers one message with one result. */
const PROGRAM = `
import { readdirSync } from 'node:fs'
const RealDate = Date
let ahead = Number(process.env.AHEAD_MS ?? 0)
globalThis.Date = class extends RealDate {
  constructor(...parts) {
    if (parts.length === 0) super(RealDate.now() + ahead)
    else super(...parts)
  }
  static now = () => RealDate.now() + ahead
}
const { handler } = await import(process.env.HANDLER)
process.on('message', async ({ id, event, ahead_ms }) => {
  if (event) return process.send({ id, value: await handler(event, { awsRequestId: String(id) }) })
  ahead = ahead_ms ?? ahead
  gc()
  const { heapUsed: heap, external, rss } = process.memoryUsage()
  process.send({ id, value: { heap, external, rss, fds: readdirSync('/proc/self/fd').length } })
})
process.send('ready')
`

/** @param handler the URL of the built module */
export async function startContainer(
  handler: string,
  env: Record<string, string>,
  { log = false, flags = [] as string[], ahead_ms = 0 } = {},
): Promise<Container> {
  const child = spawn(process.execPath, ['--expose-gc', ...flags, '--input-type=module', '-e', PROGRAM], {
    env: { ...env, HANDLER: handler, AHEAD_MS: String(ahead_ms) },
    // Lines that nobody reads go nowhere: what is kept of them would be this process's memory.
    stdio: ['ignore', log ? 'pipe' : 'ignore', 'inherit', 'ipc'],
  })
  let written = ''
  child.stdout?.setEncoding('utf8').on('data', chunk => {
    written += chunk
  })
  const ended = once(child, 'exit').then(() => {
    throw new Error('the function ended before it was ready')
  })
  // Nobody hears of it once the race is over.
  ended.catch(() => {})
  await Promise.race([once(child, 'message'), ended])
  const ask = asker(child)
  return {
    invoke: event => ask({ event }) as Promise<GatewayResult>,
    sample: () => ask({}) as Promise<Sample>,
    setClock: async ms => void (await ask({ ahead_ms: ms })),
    log: () => linesOf(written),
    freeze: () => void child.kill('SIGSTOP'),
    thaw: () => void child.kill('SIGCONT'),
    end: () => void child.kill('SIGKILL'),
  }
}

/** The last one may not be whole yet. */
function linesOf(text: string): LogRecord[] {
  return text
    .slice(0, text.lastIndexOf('\n') + 1)
    .split('\n')
    .filter(Boolean)
    .map(line => JSON.parse(line) as LogRecord)
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
