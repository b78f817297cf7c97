import { execFileSync, spawnSync } from 'node:child_process'
import { X509Certificate } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { certificate, toBeSigned, x5tS256 } from '../../../cli/kms/certificate.ts'
import { oid, pem, time } from '../../../cli/kms/der.ts'
import { ALGS_HERE, testKey } from '../../support/keys.ts'

const NOW = Date.UTC(2026, 10, 24, 12)
const YEAR = 365 * 86_400_000
const folder = mkdtempSync(join(tmpdir(), 'countersign-certificate-'))
afterAll(() => rmSync(folder, { recursive: true }))
const openssl = spawnSync('openssl', ['version']).status === 0

function made(alg: (typeof ALGS_HERE)[number], notAfter = NOW + YEAR): Buffer {
  const key = testKey(alg, 'certificate')
  const publicKey = key.publicKey.export({ type: 'spki', format: 'der' })
  const tbs = toBeSigned({
    alg,
    publicKey,
    name: 'app-1',
    notBefore: NOW,
    notAfter,
    serial: Buffer.alloc(16, 0xff),
  })
  return certificate(tbs, alg, key.sign(tbs, 'der'))
}

describe.each(ALGS_HERE)('JWKS-5: a certificate of a key for %s', alg => {
  test('verifies under its own key', () => {
    const read = new X509Certificate(made(alg))
    expect(read.verify(read.publicKey)).toBe(true)
    expect(read.publicKey.equals(testKey(alg, 'certificate').publicKey)).toBe(true)
    expect([read.subject, read.issuer]).toEqual(['CN=app-1', 'CN=app-1'])
    expect([read.validFromDate.getTime(), read.validToDate.getTime()]).toEqual([NOW, NOW + YEAR])
    expect(read.serialNumber).toMatch(/^7F(FF){15}$/)
  })

  // openssl before 3.5 does not know ML-DSA.
  if (!alg.startsWith('ML-DSA'))
    test.skipIf(!openssl)('is read and verified by openssl', () => {
      const file = join(folder, `${alg}.pem`)
      writeFileSync(file, pem('CERTIFICATE', made(alg)))
      const run = (...args: string[]) => execFileSync('openssl', args, { encoding: 'utf8' })
      expect(run('x509', '-in', file, '-noout', '-subject')).toMatch(/CN ?= ?app-1/)
      expect(run('x509', '-in', file, '-noout', '-ext', 'keyUsage')).toMatch(/critical\s+Digital Signature/)
      expect(run('verify', '-no_check_time', '-CAfile', file, file)).toMatch(/OK/)
    })

  test('does not verify when a byte of it is changed', () => {
    const bytes = made(alg)
    bytes[40]! ^= 1
    let verified = false
    try {
      const read = new X509Certificate(bytes)
      verified = read.verify(read.publicKey)
    } catch {}
    expect(verified).toBe(false)
  })
})

test('x5t#S256 is the fingerprint that Node computes', () => {
  const bytes = made('ES256')
  const fingerprint = new X509Certificate(bytes).fingerprint256.replaceAll(':', '')
  expect(x5tS256(bytes)).toBe(Buffer.from(fingerprint, 'hex').toString('base64url'))
})

test('times before 2050 have two digits for the year, later ones four', () => {
  expect(time(Date.UTC(2049, 11, 31)).toString('latin1')).toContain('491231000000Z')
  expect(time(Date.UTC(2050, 0, 1)).toString('latin1')).toContain('20500101000000Z')
  expect(new X509Certificate(made('ES256', Date.UTC(2050, 0, 1))).validToDate.getTime()).toBe(
    Date.UTC(2050, 0, 1),
  )
})

test('an object identifier of several bytes an arc', () => {
  // X.690 section 8.19.5 has this one for its example.
  expect(oid('2.999.3').toString('hex')).toBe('0603883703')
  expect(oid('1.2.840.10045.4.3.2').toString('hex')).toBe('06082a8648ce3d040302')
})
