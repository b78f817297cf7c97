import { createHash } from 'node:crypto'
import { inForce } from '../lib/config/source.ts'
import { publicReply, type Reply } from '../lib/http/reply.ts'
import { keySet } from '../lib/jose/jwks.ts'
import { KEY_SET_CONFIG_MS, KEY_SET_MAX_AGE_S } from '../lib/limits.ts'
import { createReader } from '../lib/reader.ts'
import type { Call } from './call.ts'
import { publicDocument } from './shell.ts'

/**
 * `GET /.well-known/jwks.json` (RFC 7517 section 5): the public keys of every client, in all three states, for a
 * provider's `jwks_uri`. Made of the configuration alone: its role may do nothing on KMS, and no request costs a call
 * there (requirement JWKS-4).
 */
export async function jwks({ configuration, headers, record }: JwksCall): Promise<Reply> {
  const { clients } = inForce(configuration)
  const body = JSON.stringify(await keySet(clients.flatMap(({ signing_keys }) => signing_keys)))
  const etag = `"${createHash('sha256').update(body).digest('base64url')}"`
  const known = matches(headers['if-none-match'], etag)
  record.outcome = known ? 'not_modified' : 'keys'
  return publicReply(known ? 304 : 200, known ? undefined : body, {
    // RFC 7517 section 8.5.1.
    'content-type': 'application/jwk-set+json',
    'cache-control': `public, max-age=${KEY_SET_MAX_AGE_S}`,
    etag,
  })
}

const PATH = '/.well-known/jwks.json'

type JwksCall = Pick<Call, 'headers' | 'record'> & Required<Pick<Call, 'configuration'>>

/** RFC 9110 section 13.1.2: a list, `*`, and by the weak comparison, so that a tag weakened on the way still fits. */
function matches(ifNoneMatch: string | undefined, etag: string): boolean {
  const tags = (ifNoneMatch ?? '').split(',').map(tag => tag.trim().replace(/^W\//, ''))
  return tags.includes(etag) || tags.includes('*')
}

// A provider may keep for a day what it reads here, so it is made of a copy that is as good as new.
const ages = { fresh_ms: KEY_SET_CONFIG_MS, wait_ms: KEY_SET_CONFIG_MS }
export const { handler, ready } = publicDocument(PATH, jwks, () => createReader(ages))
