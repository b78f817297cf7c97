import { randomBytes } from 'node:crypto'
import { type Client, hasSession, type SessionClient } from '../../../lib/config/client.ts'
import { KEY_SET_CONFIG_MS } from '../../../lib/limits.ts'
import { appHeaders } from '../../../lib/oauth/made-up.ts'
import { remembered } from './attempt.ts'
import { type Ask, type Heard, isAnswered } from './http.ts'
import { type Begun, beginSignIn } from './session.ts'

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
  /**
   * Requests with a made-up code, one after the other, until one answers otherwise than by the provider's refusal of the code;
   * where the client has a session, with a made-up token to revoke, until one is not revoked. Undefined: there is no endpoint for that.
   */
  exchange(client: Client, origin: string | undefined): Promise<Heard | undefined>
  /** A request that succeeds without anybody having signed in. Undefined: the client has none. */
  success(client: Client, origin: string): Promise<Heard | undefined>
  signIn(client: SessionClient): Promise<Begun>
}

export function deploymentFacts(
  url: string,
  asking: Ask,
  wait: (ms: number) => Promise<void>,
): DeploymentFacts {
  const ask = patient(asking, wait)
  const post = (path: string, headers: Record<string, string>, form: Record<string, string>) =>
    ask(`${url}${path}`, { method: 'POST', form, headers })
  const readKeySet = () => ask(`${url}/.well-known/jwks.json`)
  const keySet = remembered(readKeySet)
  const later = remembered(() => wait(KEY_SET_CONFIG_MS + 500).then(readKeySet))
  const exchanges = remembered((key: string) => {
    const { path, headers, form } = JSON.parse(key) as ReturnType<typeof proofOf>
    const once = () =>
      post(path, headers, { ...form, ...(path === '/token' ? madeUpCode() : { token: madeUp() }) })
    // The first may be sent with an assertion that was signed ahead, when the function could still sign.
    return once().then(first => (isTaken(first) ? once() : first))
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
    // With the header of an app that has a session: it is known by its origin alone, and the other apps' requests may have it.
    empty: remembered(origin => post('/token', { origin, 'x-csrf': '1' }, {})),
    async exchange(client, origin) {
      if (hasSession(client) && client.as.revocation_endpoint === undefined) return undefined
      return exchanges(JSON.stringify(proofOf(client, origin)))
    },
    async success(client, origin) {
      const { client_id, as } = client
      const [redirect_uri = ''] = client.redirect_uris
      const headers = appHeaders(client, origin)
      // Without a session there is nothing to end, and it is a success.
      if (hasSession(client)) return post('/logout', headers, { client_id })
      if (as.revocation_endpoint !== undefined) {
        // RFC 7009 section 2.2: 200, also for a token that is not known.
        return post('/revoke', headers, { client_id, token: madeUp() })
      }
      if (as.pushed_authorization_request_endpoint === undefined) return undefined
      return post('/par', headers, {
        client_id,
        redirect_uri,
        response_type: 'code',
        scope: 'openid',
        code_challenge: randomBytes(32).toString('base64url'),
        code_challenge_method: 'S256',
      })
    },
    signIn: client => beginSignIn(url, client, ask),
  }
}

/** What shows that the provider takes the function for the client; the same as the scheduled probe's. */
function proofOf(client: Client, origin: string | undefined) {
  const [path, form] = hasSession(client)
    ? (['/revoke', { client_id: client.client_id }] as const)
    : (['/token', exchangeForm(client)] as const)
  return { path, headers: appHeaders(client, origin), form }
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

/** A whole token request but for what only a sign-in gives. Where the back end signs in, the redirect URI is its own. */
export function exchangeForm(client: Client): Record<string, string> {
  const { client_id, redirect_uris, public_url } = client
  const redirect_uri = hasSession(client) ? `${public_url}/callback` : (redirect_uris[0] ?? '')
  return { grant_type: 'authorization_code', client_id, redirect_uri }
}

/** Harmless: no provider can have given it out, and no two requests have the same. */
export function madeUpCode(): Record<string, string> {
  return { code: madeUp(), code_verifier: randomBytes(32).toString('base64url') }
}

function madeUp(): string {
  return `countersign-doctor-${randomBytes(16).toString('base64url')}`
}

function isTaken(heard: Heard): boolean {
  return isAnswered(heard) && (heard.status === 200 || heard.json.error === 'invalid_grant')
}
