import { parentPort, workerData } from 'node:worker_threads'
import { type LocalAwsOptions, startLocalAws } from './server.ts'

// The inside of the thread that worker.ts starts: one message says where the services are, or why they are not.

/** What the thread tells its parent, once. An Error's `code` and `port` would not survive the way between threads by itself. */
export type Started =
  | { kms: string; secrets_manager: string }
  | { message: string; code: string | undefined; port: number | undefined }

startLocalAws(workerData as LocalAwsOptions).then(
  ({ kms, secrets_manager }) => parentPort?.postMessage({ kms, secrets_manager } satisfies Started),
  ({ message, code, port }: NodeJS.ErrnoException & { port?: number }) =>
    parentPort?.postMessage({ message, code, port } satisfies Started),
)
