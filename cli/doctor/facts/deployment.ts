import { randomBytes } from 'node:crypto'
import type { Client } from '../../../lib/config/client.ts'
import { KEY_SET_CONFIG_MS } from '../../../lib/limits.ts'
import { remembered } from './attempt.ts'
import { type Ask, type Heard, isAnswered } from './http.ts'

/** Nobody can have it: RFC 6761 section 6.4. */
export const FOREIGN_ORIGIN = 'https://countersign-doctor.invalid'

/** What the deployed functions answer. */
export interface DeploymentFacts {
  keySet(): Promise<Heard>
  /** Once more, when a change of the configuration just now has been taken up. */
  keySetLater(): Promise<Heard>
  preflight(origin: string): Promise<Heard>
  /** A token request that says nothing. */
  empty(origin: string): Promise<Heard>
  /** Token requests with a made-up code, one after the other, until one answers otherwise than by the provider's refusal of the code. */
  exchange(client: Client, origin: string | undefined): Promise<Heard>
  /** A request that succeeds without anybody having signed in. Undefined: the client has none. */
  success(client: Client, origin: string): Promise<Heard | undefined>
}

export function deploymentFacts(
  url: string,
  asking: Ask,
  wait: (ms: number) => Promise<void>,
): DeploymentFacts {
  const ask = patient(asking, wait)
  const post = (path: string, origin: string | undefined, form: Record<string, string>) =>
    ask(`${url}${path}`, { method: 'POST', form, headers: origin === undefined ? {} : { origin } })
  const readKeySet = () => ask(`${url}/.well-known/jwks.json`)
  const keySet = remembered(readKeySet)
  const later = remembered(() => wait(KEY_SET_CONFIG_MS + 500).then(readKeySet))
  const exchanges = remembered((key: string) => {
    const [origin, form] = JSON.parse(key) as [string | null, Record<string, string>]
    const once = () => post('/token', origin ?? undefined, { ...form, ...madeUpCode() })
    // The first may be sent with an assertion that was signed ahead, when the function could still sign.
    return once().then(first => (isRefusedCode(first) ? once() : first))
  })
  return {
    keySet: () => keySet(''),
    keySetLater: () => later(''),
    preflight: remembered(origin =>
      ask(`${url}/token`, {
        method: 'OPTIONS',
        headers: {
          origin,
          'access-control-request-method': 'POST',
          'access-control-request-headers': 'content-type',
        },
      }),
    ),
    empty: remembered(origin => post('/token', origin, {})),
    exchange: (client, origin) => exchanges(JSON.stringify([origin ?? null, exchangeForm(client)])),
    async success({ client_id, as, redirect_uris: [redirect_uri = ''] }, origin) {
      if (as.revocation_endpoint !== undefined) {
        // RFC 7009 section 2.2: 200, also for a token that is not known.
        return post('/revoke', origin, { client_id, token: madeUp() })
      }
      if (as.pushed_authorization_request_endpoint === undefined) return undefined
      return post('/par', origin, {
        client_id,
        redirect_uri,
        response_type: 'code',
        scope: 'openid',
        code_challenge: randomBytes(32).toString('base64url'),
        code_challenge_method: 'S256',
      })
    },
  }
}

/** Many clients and origins are many requests at once: where the gateway has had enough of them, a little later. */
function patient(ask: Ask, wait: (ms: number) => Promise<void>): Ask {
  return async (url, asking) => {
    for (const pause of PAUSES_MS) {
      const heard = await ask(url, asking)
      if (!isAnswered(heard) || heard.status !== 429) return heard
      await wait(pause)
    }
    return ask(url, asking)
  }
}

const PAUSES_MS = [1_000, 3_000]

/** A whole token request but for what only a sign-in gives. */
export function exchangeForm({
  client_id,
  redirect_uris: [redirect_uri = ''],
}: Client): Record<string, string> {
  return { grant_type: 'authorization_code', client_id, redirect_uri }
}

/** Harmless: no provider can have given it out, and no two requests have the same. */
export function madeUpCode(): Record<string, string> {
  return { code: madeUp(), code_verifier: randomBytes(32).toString('base64url') }
}

function madeUp(): string {
  return `countersign-doctor-${randomBytes(16).toString('base64url')}`
}

function isRefusedCode(heard: Heard): boolean {
  return isAnswered(heard) && heard.json.error === 'invalid_grant'
}
