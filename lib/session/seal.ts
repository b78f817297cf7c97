import { CompactEncrypt, compactDecrypt, decodeProtectedHeader } from 'jose'
import type { Owner, Purpose, SealKeys } from './keys.ts'

// RFC 7516, by `jose`. One algorithm each, both fixed here and never taken from what comes in (RFC 8725 section 3.1).
const ALG = 'dir'
const ENC = 'A256GCM'

const typeOf = (purpose: Purpose) => `countersign-${purpose}`

/** What is in a sealed text: whose it is and until when, beside what it holds. */
export interface Sealed {
  client_id: string
  issuer: string
  /** Seconds since the epoch. */
  iat: number
  exp: number
}

/** A JWE in compact form, with a fresh 96-bit IV (RFC 7518 section 5.3). Rejects as SealKeys do. */
export async function seal<Content extends object>(
  keys: SealKeys,
  purpose: Purpose,
  owner: Owner,
  { iat, exp, ...content }: Content & Pick<Sealed, 'iat' | 'exp'>,
): Promise<string> {
  const { kid, key } = await keys.toSeal(purpose, owner)
  const payload = { client_id: owner.client_id, issuer: owner.as.issuer, iat, exp, ...content }
  return new CompactEncrypt(new TextEncoder().encode(JSON.stringify(payload)))
    .setProtectedHeader({ alg: ALG, enc: ENC, kid, typ: typeOf(purpose) })
    .encrypt(key)
}

/**
 * What such a text holds; undefined where it is none of ours, or not whole, or another purpose's or client's, or has run
 * out. Which of these it was makes no difference to anybody. Rejects as SealKeys do.
 *
 * @param now_s seconds since the epoch
 */
export async function open<Content extends object>(
  keys: SealKeys,
  purpose: Purpose,
  owner: Owner,
  text: string,
  now_s: number,
): Promise<(Content & Sealed) | undefined> {
  const kid = kidOf(text, purpose)
  const found = kid === undefined ? undefined : await keys.toOpen(purpose, owner, kid)
  if (!found) return undefined
  const payload = await decrypt(text, found.key)
  if (!payload) return undefined
  const ours = payload.client_id === owner.client_id && payload.issuer === owner.as.issuer
  return ours && payload.exp > now_s ? (payload as Content & Sealed) : undefined
}

/** Looked at before any key is: the header as we write it, member for member. So no `zip`, and nothing to inflate. */
function kidOf(text: string, purpose: Purpose): string | undefined {
  if (!isAsWritten(text)) return undefined
  try {
    const { alg, enc, kid, typ, ...others } = decodeProtectedHeader(text)
    const plain = alg === ALG && enc === ENC && typ === typeOf(purpose) && Object.keys(others).length === 0
    return plain && typeof kid === 'string' ? kid : undefined
  } catch {
    return undefined
  }
}

/** The tag is over bytes, and base64url has several spellings of some of them (RFC 4648 section 3.5): one of them is ours. */
function isAsWritten(text: string): boolean {
  return text.split('.').every(part => Buffer.from(part, 'base64url').toString('base64url') === part)
}

async function decrypt(text: string, key: Uint8Array): Promise<Sealed | undefined> {
  try {
    const { plaintext } = await compactDecrypt(text, key, {
      keyManagementAlgorithms: [ALG],
      contentEncryptionAlgorithms: [ENC],
    })
    return JSON.parse(new TextDecoder().decode(plaintext)) as Sealed
  } catch {
    return undefined
  }
}
