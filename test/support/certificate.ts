import { generateKeyPairSync, randomBytes, sign } from 'node:crypto'
import { isIPv4 } from 'node:net'

// X.690 tags, those that a certificate needs.
const BOOLEAN = 0x01
const INTEGER = 0x02
const BIT_STRING = 0x03
const OCTET_STRING = 0x04
const UTF8_STRING = 0x0c
const UTC_TIME = 0x17
const SEQUENCE = 0x30
const SET = 0x31

// Object identifiers, already in DER.
const ECDSA_WITH_SHA256 = Buffer.from('06082a8648ce3d040302', 'hex')
const COMMON_NAME = Buffer.from('0603550403', 'hex')
const BASIC_CONSTRAINTS = Buffer.from('0603551d13', 'hex')
const SUBJECT_ALT_NAME = Buffer.from('0603551d11', 'hex')

const HOUR_MS = 3_600_000

function der(tag: number, ...parts: Buffer[]): Buffer {
  const content = Buffer.concat(parts)
  const { length } = content
  // X.690 section 8.1.3: short form below 128 bytes, then one or two length bytes; a certificate needs no more.
  const size = length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff]
  return Buffer.concat([Buffer.from([tag, ...size]), content])
}

/** RFC 5280 section 4.1.2.5.1: YYMMDDHHMMSSZ, for all dates before 2050. */
function time(at: number): Buffer {
  const digits = new Date(at).toISOString().replace(/\D/g, '')
  return der(UTC_TIME, Buffer.from(`${digits.slice(2, 14)}Z`))
}

/** RFC 5280 section 4.2.1.6: [2] dNSName, [7] iPAddress. */
function generalName(host: string): Buffer {
  return isIPv4(host) ? der(0x87, Buffer.from(host.split('.').map(Number))) : der(0x82, Buffer.from(host))
}

function extension(id: Buffer, value: Buffer, critical: boolean): Buffer {
  const flag = critical ? [der(BOOLEAN, Buffer.from([0xff]))] : []
  return der(SEQUENCE, id, ...flag, der(OCTET_STRING, value))
}

/**
 * A self-signed certificate (RFC 5280) for a TLS server on this machine, valid for a day, with a fresh P-256 key.
 * `hosts` are DNS names and IPv4 addresses. Returns key and certificate as PEM; the certificate is its own
 * authority, so it is also what a client has to trust (`ca`, NODE_EXTRA_CA_CERTS). Made by hand because Node
 * reads certificates but makes none, and a fresh machine may have no openssl.
 */
export function selfSignedCertificate(hosts: string[], now = Date.now()): { key: string; cert: string } {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const algorithm = der(SEQUENCE, ECDSA_WITH_SHA256)
  const name = der(
    SEQUENCE,
    der(SET, der(SEQUENCE, COMMON_NAME, der(UTF8_STRING, Buffer.from('Local identity provider')))),
  )
  const serial = randomBytes(16)
  // RFC 5280 section 4.1.2.2: positive, and in DER without a leading zero byte.
  serial[0] = (serial[0]! & 0x3f) | 0x40

  const tbsCertificate = der(
    SEQUENCE,
    der(0xa0, der(INTEGER, Buffer.from([2]))), // version 3
    der(INTEGER, serial),
    algorithm,
    name, // issuer
    der(SEQUENCE, time(now - HOUR_MS), time(now + 24 * HOUR_MS)),
    name, // subject
    publicKey.export({ type: 'spki', format: 'der' }),
    der(
      0xa3,
      der(
        SEQUENCE,
        extension(BASIC_CONSTRAINTS, der(SEQUENCE, der(BOOLEAN, Buffer.from([0xff]))), true),
        extension(SUBJECT_ALT_NAME, der(SEQUENCE, ...hosts.map(generalName)), false),
      ),
    ),
  )
  const signature = sign('sha256', tbsCertificate, privateKey)
  const unusedBits = Buffer.from([0])
  const certificate = der(SEQUENCE, tbsCertificate, algorithm, der(BIT_STRING, unusedBits, signature))

  const lines = certificate.toString('base64').match(/.{1,64}/g)!
  return {
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    cert: `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`,
  }
}
