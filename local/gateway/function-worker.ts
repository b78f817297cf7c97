import { randomUUID } from 'node:crypto'
import { parentPort, workerData } from 'node:worker_threads'
import { epochMs, type Span } from '../clock.ts'

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

/** `span` is that of the handler itself. Of an error Lambda reports type and message. */
export type Outcome = { id: number; span: Span } & ({ result: unknown } | { error: string; message: string })

type Handler = (event: unknown, context: object) => Promise<unknown>

const { module, exportName, functionName, timeoutSeconds } = workerData as FunctionData
const handler = ((await import(module)) as Record<string, Handler>)[exportName]
if (!parentPort || !handler) throw new Error(`no export ${exportName} in the built function`)
const port = parentPort

port.on('message', async ({ id, event }: Invocation) => {
  const start = epochMs()
  const span = () => ({ start, end: epochMs() })
  const deadline = Date.now() + timeoutSeconds * 1000
  const context = {
    awsRequestId: randomUUID(),
    functionName,
    functionVersion: '$LATEST',
    getRemainingTimeInMillis: () => deadline - Date.now(),
  }
  try {
    const result = await handler(event, context)
    port.postMessage({ id, result, span: span() } satisfies Outcome)
  } catch (error) {
    const { name, message } = error instanceof Error ? error : new Error(String(error))
    port.postMessage({ id, error: name, message, span: span() } satisfies Outcome)
  }
})
port.postMessage('ready')
