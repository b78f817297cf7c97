import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { ROOT } from './deployment.ts'

export interface Spawned {
  /** The first line of standard error that `test` takes; rejects where the command ends before. */
  noted(test: (line: string) => boolean): Promise<string>
  /** What the command had said when it ended. */
  ended: Promise<{ code: number | null; out: string; err: string }>
  kill(signal: NodeJS.Signals): void
}

/** The operator's command as a process of its own: by the file that npm links, and whatever Node runs that. */
export function spawned(args: string[], env: Record<string, string> = {}, node = 'node'): Spawned {
  const { PATH = '', HOME = '' } = process.env
  const child = spawn(node, [join(ROOT, 'cli/countersign.cjs'), ...args], {
    env: { PATH, HOME, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let out = ''
  let err = ''
  const waiting: (() => void)[] = []
  child.stdout.on('data', chunk => {
    out += chunk
  })
  child.stderr.on('data', chunk => {
    err += chunk
    for (const look of waiting) look()
  })
  const ended = once(child, 'close').then(([code]) => ({ code: code as number | null, out, err }))
  return {
    ended,
    kill: signal => child.kill(signal),
    noted: test =>
      new Promise((resolve, reject) => {
        const look = () => {
          const found = err.split('\n').slice(0, -1).find(test)
          if (found !== undefined) resolve(found)
        }
        waiting.push(look)
        look()
        void ended.then(({ code }) => reject(new Error(`ended with ${code}: ${err}${out}`)))
      }),
  }
}
