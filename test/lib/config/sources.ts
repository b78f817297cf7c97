import type { Environment } from '../../../lib/config/environment.ts'
import type { RefreshFailure } from '../../../lib/config/kept-secret.ts'
import { createSource } from '../../../lib/config/source.ts'
import { document, nativeClient, webClient } from './documents.ts'

export type Secret = { text: string; revision: string }
export type Answer = Secret | Error | Promise<Secret>

export const environment = (source: Environment['source']): Environment => ({
  source,
  onLambda: false,
  credentials: { accessKeyId: 'a', secretAccessKey: 'b' },
})

const good = (revision: string, ...clients: unknown[]): Secret => ({
  text: JSON.stringify(document(...clients)),
  revision,
})
export const v1 = good('v1', webClient())
export const v2 = good('v2', webClient(), nativeClient())
export const invalid = {
  text: JSON.stringify(document(webClient({ client_id: 'sentinel\n' }))),
  revision: 'v3',
}

/** A source over a literal clock and reader: `secret.answer` is what it gives now, `clock.ms` the time. */
export function setUp(answer: Answer = v1) {
  const clock = { ms: 1_700_000_000_000 }
  const secret = { answer, reads: 0, ids: [] as string[], signals: [] as AbortSignal[] }
  const failures: RefreshFailure[] = []
  const source = createSource(environment({ secret_id: 'countersign/config' }), {
    now: () => clock.ms,
    report: failure => failures.push(failure),
    async readSecret(id, signal) {
      secret.reads++
      secret.ids.push(id)
      secret.signals.push(signal)
      if (secret.answer instanceof Error) throw secret.answer
      return secret.answer
    },
  })
  return { clock, secret, failures, source }
}

/** A secret that answers when told to. */
export function held() {
  let settle: { resolve(secret: Secret): void; reject(error: Error): void } | undefined
  const answer = new Promise<Secret>((resolve, reject) => {
    settle = { resolve, reject }
  })
  return { answer, ...settle! }
}

/** Lets a background refresh finish: its reader answers at once, so a turn of the event loop is enough. */
export const settled = () => new Promise(resolve => setImmediate(resolve))
