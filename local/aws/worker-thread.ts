import { parentPort, workerData } from 'node:worker_threads'
import { type LocalAwsOptions, startLocalAws } from './server.ts'

// The inside of the thread that worker.ts starts: one message says where the services are, or why they are not.

/** What the thread tells its parent, once. An Error's `code` would not survive the way between threads by itself. */
export type Started = { kms: string; secrets_manager: string } | { message: string; code: string | undefined }

startLocalAws(workerData as LocalAwsOptions).then(
  ({ kms, secrets_manager }) => parentPort?.postMessage({ kms, secrets_manager } satisfies Started),
  (error: NodeJS.ErrnoException) =>
    parentPort?.postMessage({ message: error.message, code: error.code } satisfies Started),
)
