import { createHash, randomUUID } from 'node:crypto'
import { exportJWK, generateKeyPair, SignJWT } from 'jose'

/** An app's own key, and the proofs that it makes with it (RFC 9449 section 4.2). */
export async function dpopKey() {
  const { privateKey, publicKey } = await generateKeyPair('ES256')
  const jwk = await exportJWK(publicKey)
  return {
    proof(
      htu: string,
      { nonce, htm = 'POST', access_token }: { nonce?: string; htm?: string; access_token?: string } = {},
    ) {
      const ath = access_token && createHash('sha256').update(access_token).digest('base64url')
      return new SignJWT({ htm, htu, ...(nonce && { nonce }), ...(ath && { ath }) })
        .setProtectedHeader({ typ: 'dpop+jwt', alg: 'ES256', jwk })
        .setJti(randomUUID())
        .setIssuedAt()
        .sign(privateKey)
    },
  }
}
