import type { Client } from './client.ts'
import { type Raw, rawItems } from './members.ts'
import { type Preset, presetOf } from './presets.ts'
import type { Problem } from './problems.ts'
import { authorizationServer } from './providers.ts'
import { canBeSameSite } from './urls.ts'

/**
 * What a delivery with a session needs beside its own members. Reads the document unchecked, because its problems are
 * listed together with those of the shape; what does not have the right type is passed over here.
 */
export function sessionProblems(document: Raw): Problem[] {
  const clients = rawItems(document.clients).flatMap(([client, index]) =>
    client.delivery === 'mediated' || client.delivery === 'session'
      ? [{ client, path: `clients[${index}]` }]
      : [],
  )
  return clients.flatMap(({ client, path }) => [
    ...endpointProblems(client, path),
    ...siteProblems(client, path),
    ...scopeProblems(client, path),
    ...mixUpProblems(
      client,
      clients.map(one => one.client),
      path,
    ),
  ])
}

/**
 * RFC 9700 section 4.4.2: where the answers of several issuers come to one address, each has to say whose it is (RFC 9207), or
 * the code of one could be sent to another.
 */
function mixUpProblems(client: Raw, all: readonly Raw[], path: string): Problem[] {
  const mixed = all.some(
    ({ public_url, issuer }) => public_url === client.public_url && issuer !== client.issuer,
  )
  const says = client.authorization_response_iss_parameter_supported ?? presetOf(client.provider)?.iss
  return mixed && says !== true
    ? [
        {
          path: `${path}.authorization_response_iss_parameter_supported`,
          message:
            'must be true where clients of several issuers share one public_url (RFC 9700 section 4.4.2)',
        },
      ]
    : []
}

/** The sign-in is begun here and its ID token checked here (OpenID Connect Core 3.1.2.1 and 3.1.3.7). */
function endpointProblems(client: Raw, path: string): Problem[] {
  const preset: Preset | undefined = presetOf(client.provider)
  if (preset === undefined || typeof client.issuer !== 'string') return []
  const as = authorizationServer(preset, client as Raw & { issuer: string })
  return (['authorization_endpoint', 'jwks_uri'] as const)
    .filter(name => as[name] === undefined)
    .map(name => ({ path: `${path}.${name}`, message: 'is required in this delivery' }))
}

/** Requirement COOKIE-1: a cookie of another site than the app's is a third-party cookie, which browsers block. */
function siteProblems({ public_url, allowed_origins }: Raw, path: string): Problem[] {
  if (!isUrl(public_url) || !Array.isArray(allowed_origins)) return []
  return allowed_origins.flatMap((origin: unknown, k) =>
    isUrl(origin) && !canBeSameSite(public_url, origin)
      ? [
          {
            path: `${path}.allowed_origins[${k}]`,
            message: 'is of another site than public_url, so its browser would not send the cookie',
          },
        ]
      : [],
  )
}

/** Without it there is no ID token, and so no nonce that ties the answer to the browser that began. */
function scopeProblems({ scope }: Raw, path: string): Problem[] {
  return typeof scope === 'string' && !scope.split(' ').includes('openid')
    ? [{ path: `${path}.scope`, message: 'must contain openid in this delivery' }]
    : []
}

/** What is allowed, and means that a logout is less than it could be (RFC 7009). */
export function sessionNotices({ delivery, as }: Client, path: string): string[] {
  return delivery !== 'tokens' && as.revocation_endpoint === undefined
    ? [`${path}.revocation_endpoint: is absent: after a logout the tokens are good until they run out`]
    : []
}

function isUrl(value: unknown): value is string {
  return typeof value === 'string' && URL.canParse(value)
}
