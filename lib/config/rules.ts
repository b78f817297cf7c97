import { isRaw, type Raw, rawItems } from './members.ts'
import type { Problem } from './problems.ts'

/**
 * The rules that join several members of the document. They read it unchecked, because their problems are listed
 * together with those of its shape; what does not have the right type is passed over here.
 */
export function crossProblems(document: Raw): Problem[] {
  const clients = rawItems(document.clients).map(([client, index]) => {
    const path = `clients[${index}]`
    const keys = rawItems(client.signing_keys).map(([key, k]) => keyAt(key, `${path}.signing_keys[${k}]`))
    return { path, client, keys }
  })
  const keys = clients.flatMap(({ client, keys }) =>
    keys.map(key => ({ ...key, domain: trustDomain(client) })),
  )
  return [
    ...repeats(
      clients.map(({ path, client }) => ({ path: `${path}.client_id`, value: client.client_id })),
      'is the client_id of an earlier client too',
    ),
    ...clients.flatMap(({ keys }) =>
      repeats(
        keys.map(({ path, arn }) => ({ path: `${path}.kms_key_arn`, value: arn })),
        'is the ARN of an earlier key of this client too',
      ),
    ),
    ...clients.flatMap(({ keys }) =>
      repeats(
        // Of an ARN that is repeated it has been said already.
        keys
          .filter(({ arn }, index) => keys.findIndex(other => other.arn === arn) === index)
          .map(({ path, material }) => ({ path: `${path}.public_jwk`, value: material })),
        'is the public key of an earlier key of this client too: name replicas under one key',
      ),
    ),
    ...sharedKeys(keys),
    ...ambiguousKids(keys),
    ...ambiguousAlgs(keys),
  ]
}

interface KeyAt {
  path: string
  arn: string | undefined
  alg: unknown
  kid: unknown
  kidPath: string
  /** What makes the public key this one and no other: under two ARNs it is still one key (a multi-Region replica). */
  material: string | undefined
}

function keyAt(key: Raw, path: string): KeyAt {
  const jwk: Raw = isRaw(key.public_jwk) ? key.public_jwk : {}
  const { n, crv, x, y, pub } = jwk
  const arn = key.kms_key_arn
  return {
    path,
    arn: typeof arn === 'string' ? arn : undefined,
    alg: key.alg,
    kid: key.kid ?? jwk.kid,
    kidPath: key.kid === undefined ? `${path}.public_jwk.kid` : `${path}.kid`,
    material: (n ?? x ?? pub) === undefined ? undefined : JSON.stringify([n, crv, x, y, pub]),
  }
}

function repeats(values: { path: string; value: unknown }[], message: string): Problem[] {
  const seen = new Set<string>()
  return values.flatMap(({ path, value }) => {
    if (typeof value !== 'string') return []
    const repeated = seen.has(value)
    seen.add(value)
    return repeated ? [{ path, message }] : []
  })
}

/** Where assertions go beside the token endpoint. */
const POSTED_TO = [
  'revocation_endpoint',
  'pushed_authorization_request_endpoint',
  'device_authorization_endpoint',
] as const

/**
 * Who gets the assertions of a client, and so could use them elsewhere: the issuer, and the hosts that they are posted to
 * where the registration names them.
 */
function trustDomain({ issuer, token_endpoint, ...client }: Raw): string {
  const hostOf = (url: unknown) => (typeof url === 'string' && URL.canParse(url) ? [new URL(url).host] : [])
  const token = hostOf(token_endpoint)
  const hosts = new Set([
    ...(token.length > 0 ? token : hostOf(issuer)),
    ...POSTED_TO.flatMap(name => hostOf(client[name])),
  ])
  return JSON.stringify([issuer, ...[...hosts].sort()])
}

/** One key, one trust domain: an assertion made for one server must not verify at another (RFC 9700 section 4.4). */
function sharedKeys(keys: (KeyAt & { domain: string })[]): Problem[] {
  return keys.flatMap(({ path, arn, material, domain }, index) => {
    const foreign = keys.slice(0, index).filter(other => other.domain !== domain)
    if (arn !== undefined && foreign.some(other => other.arn === arn)) {
      return [
        {
          path: `${path}.kms_key_arn`,
          message: 'is the key of a client of another issuer or endpoint host too',
        },
      ]
    }
    if (material !== undefined && foreign.some(other => other.material === material)) {
      return [
        {
          path: `${path}.public_jwk`,
          message: 'is the public key of a client of another issuer or endpoint host too',
        },
      ]
    }
    return []
  })
}

/** All keys are published in one set, in which a `kid` has to name one key (RFC 7517 section 4.5). */
function ambiguousKids(keys: KeyAt[]): Problem[] {
  return keys.flatMap(({ kid, kidPath, material }, index) => {
    const taken = keys.slice(0, index).some(other => other.kid === kid && other.material !== material)
    return typeof kid === 'string' && taken ? [{ path: kidPath, message: 'names another key already' }] : []
  })
}

/** A key of several clients is published once, with the one `alg` that it is for (RFC 7517 section 4.4). */
function ambiguousAlgs(keys: KeyAt[]): Problem[] {
  return keys.flatMap(({ path, kid, material, alg }, index) => {
    const other = keys.slice(0, index).find(one => one.kid === kid && one.material === material)
    return material !== undefined && other && other.alg !== alg
      ? [
          {
            path: `${path}.alg`,
            message: 'is another one than the same key has for an earlier client: give it a kid of its own',
          },
        ]
      : []
  })
}
