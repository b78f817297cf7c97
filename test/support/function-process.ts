import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { event } from './function.ts'

// The built function in a process of its own, which can be stopped and continued as Lambda freezes a container.

export interface FunctionProcess {
  /** Invokes the handler with a token request of `code`. */
  exchange(parameters: Record<string, string>, origin: string): Promise<{ status: number; body: string }>
  /** Stops it: no timer runs and nothing is read, while the clock goes on. */
  freeze(): void
  thaw(): void
  end(): void
}

/** Imports the handler as Lambda does, its init awaited, and answers one message with one result. */
const PROGRAM = `
const { handler } = await import(process.env.HANDLER)
process.on('message', async ({ id, event }) => {
  const { statusCode, body } = await handler(event, { awsRequestId: String(id) })
  process.send({ id, status: statusCode, body })
})
process.send('ready')
`

export async function startFunctionProcess(
  handler: string,
  env: Record<string, string>,
): Promise<FunctionProcess> {
  const child = spawn(process.execPath, ['--input-type=module', '-e', PROGRAM], {
    env: { ...env, HANDLER: handler },
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  })
  await once(child, 'message')
  let ids = 0
  return {
    exchange(parameters, origin) {
      const id = ++ids
      const answer = answerTo(child, id)
      child.send({ id, event: event(parameters, { headers: { origin } }) })
      return answer
    },
    freeze: () => void child.kill('SIGSTOP'),
    thaw: () => void child.kill('SIGCONT'),
    end: () => void child.kill('SIGKILL'),
  }
}

function answerTo(child: ChildProcess, id: number): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    const onMessage = (message: { id: number; status: number; body: string }) => {
      if (message.id !== id) return
      child.off('message', onMessage)
      resolve(message)
    }
    child.on('message', onMessage)
    child.once('exit', () => reject(new Error('the function ended')))
  })
}
