import { generateKeyPairSync, randomBytes, sign } from 'node:crypto'
import { isIPv4 } from 'node:net'
import { certificate, extension, toBeSigned } from '../../cli/kms/certificate.ts'
import { der, pem, sequence, TAG } from '../../cli/kms/der.ts'

const HOUR_MS = 3_600_000
const BASIC_CONSTRAINTS = '2.5.29.19'
const SUBJECT_ALT_NAME = '2.5.29.17'

/** RFC 5280 section 4.2.1.6: [2] dNSName, [7] iPAddress. */
function generalName(host: string): Buffer {
  return isIPv4(host) ? der(0x87, Buffer.from(host.split('.').map(Number))) : der(0x82, Buffer.from(host))
}

/**
 * A self-signed certificate (RFC 5280) for a TLS server on this machine, valid for a day, with a fresh P-256 key.
 * `hosts` are DNS names and IPv4 addresses. Returns key and certificate as PEM; the certificate is its own
 * authority, so it is also what a client has to trust (`ca`, NODE_EXTRA_CA_CERTS).
 */
export function selfSignedCertificate(hosts: string[], now = Date.now()): { key: string; cert: string } {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const tbsCertificate = toBeSigned({
    alg: 'ES256',
    publicKey: publicKey.export({ type: 'spki', format: 'der' }),
    name: 'Local identity provider',
    notBefore: now - HOUR_MS,
    notAfter: now + 24 * HOUR_MS,
    serial: randomBytes(16),
    extensions: [
      extension(BASIC_CONSTRAINTS, true, sequence(der(TAG.boolean, Buffer.from([0xff])))),
      extension(SUBJECT_ALT_NAME, false, sequence(...hosts.map(generalName))),
    ],
  })
  return {
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    cert: pem(
      'CERTIFICATE',
      certificate(tbsCertificate, 'ES256', sign('sha256', tbsCertificate, privateKey)),
    ),
  }
}
