import type { KMSClient } from '@aws-sdk/client-kms'
import type { SecretsManagerClient } from '@aws-sdk/client-secrets-manager'

/** A server's Date, and our own clock when the request left and when the answer was there. All in milliseconds. */
export interface ClockReading {
  date: number
  start: number
  end: number
}

/** Takes down the Date of every answer of an AWS client, errors included. */
export function watchClock(
  client: KMSClient | SecretsManagerClient,
  now: () => number,
  note: (reading: ClockReading) => void,
): void {
  const stack = client.middlewareStack as unknown as {
    add(
      middleware: (next: Next) => Next,
      options: { step: 'deserialize'; priority: 'low'; name: string },
    ): void
  }
  const watching = (next: Next): Next => {
    return async args => {
      const start = now()
      const result = await next(args)
      const date = Date.parse(result.response?.headers?.date ?? '')
      if (!Number.isNaN(date)) note({ date, start, end: now() })
      return result
    }
  }
  // Innermost: before the answer is read, and found to be an error.
  stack.add(watching, { step: 'deserialize', priority: 'low', name: 'watchClock' })
}

type Next = (args: unknown) => Promise<{ response?: { headers?: Record<string, string | undefined> } }>
