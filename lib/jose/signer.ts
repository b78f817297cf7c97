import { compactVerify, type JWK } from 'jose'
import { ProxyError } from '../errors.ts'
import { type Alg, isExperimental } from './algorithms.ts'

/** A JOSE signature (RFC 7515 section 5.1, step 5), and the signing service's own id of the request that made it. */
export type Signature = Uint8Array & { readonly requestId?: string }

/**
 * What signs: one method, so that a decorator, a fake or another key service is a literal. `input` is the JWS
 * signing input; the result is in JOSE form (for ECDSA R || S, RFC 7518 section 3.4). Rejects with
 * ProxyError `signer_unavailable` (may work later) or `signer_misconfigured` (will not, until someone acts).
 */
export interface Signer {
  readonly alg: Alg
  readonly kid: string
  sign(input: Uint8Array): Promise<Signature>
}

/**
 * Holds the first signature of a container against the public key that the configuration publishes: a `kid` that
 * names another key than the one that signs is found here, not as an `invalid_client` that nobody can explain.
 * Fails closed: until one signature has verified, each is checked. The one exception is an experimental algorithm that
 * this runtime does not know (ML-DSA before Node 24.7): `unverifiable` is told once, and the signature passes.
 */
export function verifyingFirst(signer: Signer, publicJwk: JWK, unverifiable = () => {}): Signer {
  let verified = false
  return {
    alg: signer.alg,
    kid: signer.kid,
    async sign(input) {
      const signature = await signer.sign(input)
      if (!verified) {
        const jws = `${Buffer.from(input).toString('latin1')}.${Buffer.from(signature).toString('base64url')}`
        try {
          await compactVerify(jws, publicJwk, { algorithms: [signer.alg] })
        } catch (cause) {
          if (!(isExperimental(signer.alg) && isUnknownHere(cause))) {
            throw new ProxyError('signer_misconfigured', { cause, kmsRequestId: signature.requestId })
          }
          // Two signatures at once both come here; one notice is enough.
          if (!verified) unverifiable()
        }
        verified = true
      }
      return signature
    },
  }
}

/** What Web Cryptography rejects with where it does not know an algorithm's name ("normalize an algorithm"): no key causes it. */
function isUnknownHere(error: unknown): boolean {
  return error instanceof DOMException && error.name === 'NotSupportedError'
}
