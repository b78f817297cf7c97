import { createPublicKey } from 'node:crypto'
import type { SigningKey } from '../../lib/config/client.ts'
import { keySet, kidOf } from '../../lib/jose/jwks.ts'
import { command } from '../command.ts'
import type { Context } from '../context.ts'
import { clientIn, type RawClient, readDocument } from '../document.ts'
import { misuse } from '../failure.ts'
import { pem } from '../kms/der.ts'
import { publicKeyDer } from '../kms/keys.ts'
import { CERTIFICATE, certificateOf, daysOf } from './certificate.ts'
import { keyIn } from './lifecycle.ts'
import { CLIENT, KID } from './options.ts'

const FORMATS = ['jwks', 'pingone', 'pem', 'certificate'] as const

export const keysExport = command({
  name: 'keys export',
  summary: 'the public keys in the form that a provider takes',
  details: `  --format jwks         a JSON Web Key Set of all the client's keys (the default)
  --format pingone      the same as PingOne's property "jwks" takes it: one line, escaped, with its quotes
  --format pem          one key as SubjectPublicKeyInfo: the active one, or --kid
  --format certificate  one key as a self-signed X.509 certificate, signed by the key itself in KMS

A provider that reads /.well-known/jwks.json of the deployment needs none of these.`,
  options: {
    ...CLIENT,
    ...KID,
    format: { type: 'string', value: 'FORMAT', help: FORMATS.join(', ') },
    name: {
      type: 'string',
      value: 'NAME',
      help: 'of a certificate: its common name (default: the client id)',
    },
    ...CERTIFICATE,
  },
  async run(context, values) {
    const format = FORMATS.find(one => one === (values.format ?? 'jwks'))
    if (format === undefined) throw misuse(`--format takes ${FORMATS.join(', ')}.`)
    const { document } = await readDocument(context)
    const client = clientIn(document.clients, values.client)
    const { client_id } = client
    switch (format) {
      case 'jwks':
      case 'pingone': {
        const jwks = await keySet(
          values.kid === undefined ? client.signing_keys : [await keyIn(client, { kid: values.kid })],
        )
        const text = JSON.stringify(JSON.stringify(jwks))
        return format === 'jwks'
          ? { json: { client_id, jwks }, lines: [JSON.stringify(jwks, null, 2)] }
          : { json: { client_id, jwks: JSON.stringify(jwks) }, lines: [text] }
      }
      case 'pem': {
        const key = await one(client, values.kid)
        const text = await pemOf(context, key)
        return { json: { client_id, kid: await kidOf(key), pem: text }, lines: [text.trimEnd()] }
      }
      case 'certificate': {
        const key = await one(client, values.kid)
        const { days, name = client_id } = values
        const certificate = await certificateOf(context, key, {
          name,
          days: daysOf(days),
          openPolicy: values['open-policy'] ?? false,
        })
        context.terminal.note(`x5t#S256 ${certificate.x5t}`)
        return {
          json: {
            client_id,
            kid: await kidOf(key),
            certificate: certificate.pem,
            'x5t#S256': certificate.x5t,
          },
          lines: [certificate.pem.trimEnd()],
        }
      }
    }
  },
})

function one(client: RawClient, kid: string | undefined): Promise<SigningKey> {
  return keyIn(client, { kid, state: 'active' })
}

/** The public key of the document; an ML-DSA key, which not every Node reads as a JWK, as KMS has it. */
async function pemOf(context: Context, { kms_key_arn, public_jwk }: SigningKey): Promise<string> {
  if (public_jwk.kty === 'AKP') {
    return pem('PUBLIC KEY', await publicKeyDer(context.kms(kms_key_arn), kms_key_arn))
  }
  const key = createPublicKey({ key: { ...public_jwk }, format: 'jwk' })
  return key.export({ type: 'spki', format: 'pem' }).toString()
}
