import type { ControlState, Fault, RequestRecord } from './faults.ts'

export type { Fault, RequestRecord } from './faults.ts'

/** Where the switches are: on the service's own port, so that any process that reaches the one reaches the other. */
export const CONTROL_PATH = '/__control'

/** The switches and counters of one service, for tests. */
export interface Control {
  /** What happens to the next `times` requests of the operation (`*`: of any), or to all until null lifts it. */
  fault(operation: string, fault: Fault | null, times?: number): Promise<void>
  /** How often an operation was asked for, refused and faulted requests included. */
  calls(operation: string): Promise<number>
  /** The requests so far, oldest first, without what was signed or kept secret. */
  requests(): Promise<RequestRecord[]>
  /** No faults, no counts, no requests. */
  reset(): Promise<void>
}

/** A client for the switches of the service at `url` (`LocalAws.kms` or `LocalAws.secrets_manager`). */
export function control(url: string): Control {
  const address = new URL(CONTROL_PATH, url)

  async function send(method: string, body?: object): Promise<ControlState> {
    const init = body
      ? { method, body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }
      : { method }
    const response = await fetch(address, init)
    const text = await response.text()
    if (!response.ok) throw new Error(`${method} ${CONTROL_PATH}: ${response.status} ${text}`)
    return JSON.parse(text) as ControlState
  }

  return {
    async fault(operation, fault, times) {
      await send('POST', { operation, fault, ...(times === undefined ? {} : { times }) })
    },
    async calls(operation) {
      return (await send('GET')).calls[operation] ?? 0
    },
    async requests() {
      return (await send('GET')).requests
    },
    async reset() {
      await send('DELETE')
    },
  }
}
