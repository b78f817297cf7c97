import { generateKeyPairSync } from 'node:crypto'

/**
 * Whether this Node makes ML-DSA keys (24.6 and later, where its OpenSSL has them) and knows them in Web Cryptography
 * too (24.7 and later). Web Cryptography itself is not asked: it would warn on standard error of every process.
 */
export const HAS_ML_DSA = knownToWebCrypto() && canGenerate()

function knownToWebCrypto(): boolean {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
  return major > 24 || (major === 24 && minor >= 7)
}

function canGenerate(): boolean {
  try {
    generateKeyPairSync('ml-dsa-44')
    return true
  } catch {
    return false
  }
}
