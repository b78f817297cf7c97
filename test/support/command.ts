import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { ROOT } from './deployment.ts'

/** A command of package.json, run as a person runs it: by npm. */
export interface Command {
  /** The first line of standard output that `test` takes; rejects where the command ends before. */
  line(test: (line: string) => boolean): Promise<string>
  stdout(): string
  stderr(): string
  /** Sends the signal to npm alone and resolves with npm's exit code once it has ended. */
  end(signal: NodeJS.Signals): Promise<number | null>
  ended: Promise<number | null>
  /** Processes that the command has left behind. */
  left(): Promise<number[]>
}

/** `env` is added to this process's own, less the AWS_* and COUNTERSIGN_* variables that it may have. */
export function npm(args: string[], env: Record<string, string> = {}): Command {
  const clean = Object.entries(process.env).filter(
    ([name]) => !/^(AWS|COUNTERSIGN|npm|VITEST)_|^(PORT|NODE_ENV|NODE_OPTIONS)$/.test(name),
  )
  const child = spawn('npm', args, {
    cwd: ROOT,
    env: { ...Object.fromEntries(clean), ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    // A process group of its own, so that what is left of it can be found.
    detached: true,
  })
  let stdout = ''
  let stderr = ''
  child.stdout.on('data', chunk => {
    stdout += chunk
  })
  child.stderr.on('data', chunk => {
    stderr += chunk
  })
  const ended = once(child, 'close').then(([code]) => code as number | null)
  return {
    stdout: () => stdout,
    stderr: () => stderr,
    ended,
    line: test =>
      firstLine(
        child,
        () => stdout,
        test,
        () => stderr,
      ),
    end(signal) {
      child.kill(signal)
      return ended
    },
    left: async () => groupMembers(child.pid!),
  }
}

async function firstLine(
  child: ChildProcess,
  stdout: () => string,
  test: (line: string) => boolean,
  stderr: () => string,
): Promise<string> {
  for (;;) {
    const found = stdout().split('\n').slice(0, -1).find(test)
    if (found !== undefined) return found
    if (child.exitCode !== null) throw new Error(`ended with ${child.exitCode}: ${stderr()}`)
    await new Promise(resolve => setTimeout(resolve, 20))
  }
}

async function groupMembers(group: number): Promise<number[]> {
  const ps = spawn('ps', ['-e', '-o', 'pid=,pgid=,stat='], { stdio: ['ignore', 'pipe', 'ignore'] })
  let text = ''
  ps.stdout.on('data', chunk => {
    text += chunk
  })
  await once(ps, 'close')
  return (
    text
      .split('\n')
      .map(line => line.trim().split(/\s+/))
      // What has ended and only waits to be noticed by its parent (Z) is not there any more.
      .filter(([, pgid, stat = '']) => Number(pgid) === group && !stat.startsWith('Z'))
      .map(([pid]) => Number(pid))
  )
}
