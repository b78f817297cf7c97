import { randomBytes } from 'node:crypto'
import type { Client } from '../../../lib/config/client.ts'
import type { Signer } from '../../../lib/jose/signer.ts'
import { signedInTime } from '../../../lib/oauth/client-assertion.ts'
import { privateKeyJwt } from '../../../lib/oauth/client-auth.ts'
import { exchangeForm, madeUpCode } from './deployment.ts'
import { type Ask, type Heard, isAnswered } from './http.ts'

/** A provider's metadata (OpenID Connect Discovery 1.0, RFC 8414), or why there is none. */
export type Discovery =
  | { url: string; document: Readonly<Record<string, unknown>>; heard: Heard }
  | { url: string; reason: string; heard: Heard }

/** By the issuer of the configuration, at the two places where it may stand. */
export async function discover(issuer: string, ask: Ask): Promise<Discovery> {
  const first = await discoverAt(`${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`, ask)
  if ('document' in first || !isAnswered(first.heard)) return first
  const { origin, pathname } = new URL(issuer)
  const second = await discoverAt(
    `${origin}/.well-known/oauth-authorization-server${pathname.replace(/\/$/, '')}`,
    ask,
  )
  return 'document' in second ? second : first
}

async function discoverAt(url: string, ask: Ask): Promise<Discovery> {
  const heard = await ask(url)
  if (!isAnswered(heard)) return { url, reason: heard.error, heard }
  if (heard.status !== 200) return { url, reason: `HTTP ${heard.status}`, heard }
  if (typeof heard.json.issuer !== 'string') return { url, reason: 'no metadata', heard }
  return { url, document: heard.json, heard }
}

/** A token request with a made-up code and an assertion as the function makes them, but for `aud`. Rejects as `Signer.sign` does. */
export async function probe(
  client: Client,
  aud: string,
  ask: Ask,
  signer: Signer,
  now: () => number,
): Promise<Heard> {
  const { client_id, signing_key, as } = client
  const { typ, lifetime, nbf, kid } = client.assertion
  const source = signedInTime(signer, {
    client_id,
    typ,
    lifetime,
    nbf,
    header: { kid, 'x5t#S256': signing_key['x5t#S256'] },
    now,
    randomId: () => randomBytes(16).toString('base64url'),
  })
  const form = new URLSearchParams({ ...exchangeForm(client), ...madeUpCode() })
  await privateKeyJwt(source, { aud })(as, client, form)
  return ask(as.token_endpoint, { method: 'POST', form, headers: { accept: 'application/json' } })
}
