// What the app's own server tells it. None of this comes from the signing function.

export interface Configuration {
  issuer: string
  gateway: string
  /** The API that the tokens are for. */
  api: string
  clients: { client_id: string; redirect_uri: string; alg: string }[]
  /** A page of another origin, for the button that needs one. */
  foreign: string
}

export interface Span {
  start: number
  end: number
}

export interface Trace {
  request_id: string
  status: number
  spans: { gateway: Span; function: Span; kms?: Span; provider?: Span }
  log: { outcome?: string; kid?: string; jti?: string; [member: string]: unknown }
  assertion?: { header: object; claims: object }
  answered?: string[]
}

export async function readConfiguration(): Promise<Configuration> {
  return (await fetch('/configuration')).json()
}

/** The function's log line reaches the stack a moment after the answer reaches this page: so this asks again. */
export async function readTrace(query: Record<string, string>): Promise<Trace | undefined> {
  for (let tries = 0; tries < 20; tries++) {
    const response = await fetch(`/trace?${new URLSearchParams(query)}`)
    if (response.ok) return response.json()
    await new Promise(resolve => setTimeout(resolve, 50))
  }
  return undefined
}

export async function setKmsDown(down: boolean): Promise<void> {
  await fetch('/kms', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ down }),
  })
}
