import { randomUUID } from 'node:crypto'
import { parentPort, workerData } from 'node:worker_threads'

// One function in a thread of its own, with an environment of its own: what a Lambda container is to it.

export interface FunctionData {
  /** URL of the built module. */
  module: string
  exportName: string
  functionName: string
  timeoutSeconds: number
}

export interface Invocation {
  id: number
  event: unknown
}

export type Outcome = { id: number; result: unknown } | { id: number; error: string }

type Handler = (event: unknown, context: object) => Promise<unknown>

const { module, exportName, functionName, timeoutSeconds } = workerData as FunctionData
const handler = ((await import(module)) as Record<string, Handler>)[exportName]
if (!parentPort || !handler) throw new Error(`no export ${exportName} in the built function`)
const port = parentPort

port.on('message', async ({ id, event }: Invocation) => {
  const deadline = Date.now() + timeoutSeconds * 1000
  const context = {
    awsRequestId: randomUUID(),
    functionName,
    functionVersion: '$LATEST',
    getRemainingTimeInMillis: () => deadline - Date.now(),
  }
  try {
    port.postMessage({ id, result: await handler(event, context) } satisfies Outcome)
  } catch (error) {
    port.postMessage({ id, error: error instanceof Error ? error.name : 'Error' } satisfies Outcome)
  }
})
port.postMessage('ready')
