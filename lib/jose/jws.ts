import { ProxyError } from '../errors.ts'
import { SIGNING_INPUT_MAX_B } from '../limits.ts'
import type { Signer } from './signer.ts'

/** A compact JWS (RFC 7515 section 7.1) and the signing service's request id, for the log. */
export interface SignedJws {
  jws: string
  requestId: string | undefined
}

/** Where a provider wants the header otherwise. */
export interface HeaderRules {
  /** False: without `kid`. */
  kid?: boolean | undefined
  /** RFC 7515 section 4.1.8: by this the verifier finds the certificate of the key. */
  'x5t#S256'?: string | undefined
}

/**
 * Signs `claims` as a JWT. The header is `alg`, `kid` and `typ`, and by `rules` `x5t#S256`, nothing else: no `jwk`,
 * `x5u` or `crit` for a verifier to trip over (RFC 8725 section 3). Rejects as `Signer.sign` does, and with `signer_misconfigured`
 * where the input is larger than KMS signs in one piece.
 */
export async function signJws(
  typ: string,
  claims: Record<string, string | number>,
  signer: Signer,
  { kid = true, 'x5t#S256': certificate }: HeaderRules = {},
): Promise<SignedJws> {
  const header = {
    alg: signer.alg,
    ...(kid && { kid: signer.kid }),
    typ,
    // JSON leaves out what is undefined.
    'x5t#S256': certificate,
  }
  const signingInput = `${encode(header)}.${encode(claims)}`
  const bytes = Buffer.from(signingInput, 'latin1')
  // The message is signed RAW (KMS hashes it), which takes 4096 bytes; a digest would need a second code path.
  if (bytes.length > SIGNING_INPUT_MAX_B) {
    throw new ProxyError('signer_misconfigured', {
      cause: new Error(`signing input of ${bytes.length} bytes`),
    })
  }
  const signature = await signer.sign(bytes)
  return {
    jws: `${signingInput}.${Buffer.from(signature).toString('base64url')}`,
    requestId: signature.requestId,
  }
}

// RFC 7515 section 2: base64url without padding, over the UTF-8 of compact JSON.
function encode(value: object): string {
  return Buffer.from(JSON.stringify(value), 'utf8').toString('base64url')
}
