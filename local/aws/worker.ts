import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import type { LocalAws, LocalAwsOptions } from './server.ts'
import type { Started } from './worker-thread.ts'

/**
 * `startLocalAws` in a thread of its own, so that its work does not take time from what is measured or tested beside
 * it. Same options, same result, same errors (with their `code`).
 */
export async function startLocalAwsWorker(options: LocalAwsOptions): Promise<LocalAws> {
  // The parent's flags (a test runner's loaders, say) are not for this thread: it needs nothing but Node.
  const worker = new Worker(new URL('./worker-thread.ts', import.meta.url), {
    workerData: options,
    execArgv: [],
  })
  const [started] = (await once(worker, 'message')) as [Started] // rejects when the thread itself fails
  // With no port open the thread has nothing left to do and ends by itself.
  if ('message' in started) {
    const { message, code, port } = started
    throw Object.assign(new Error(message), { code, port })
  }
  return {
    ...started,
    close: async () => {
      await worker.terminate()
    },
  }
}
