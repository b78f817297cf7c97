import { constants, generateKeyPairSync, type KeyObject, randomUUID, sign } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:https'
import { setTimeout as sleep } from 'node:timers/promises'
import { answerQuestions } from '../answering.ts'
import { readBody } from './body.ts'
import { listen } from './listen.ts'

// KMS as far as a benchmark needs it: Sign with real keys, over TLS as the real one, after a set latency. Far lighter
// than local/aws, which checks policies and keeps records: what it costs is taken from the same two processors.

export interface Key {
  kms_key_arn: string
  alg: 'RS256' | 'ES256'
  public_jwk: Record<string, unknown>
}

export interface KmsReady {
  url: string
  keys: Record<Key['alg'], Key>
}

const PAIRS = {
  RS256: generateKeyPairSync('rsa', { modulusLength: 2048 }),
  ES256: generateKeyPairSync('ec', { namedCurve: 'P-256' }),
}
const arn = (alg: string) =>
  `arn:aws:kms:eu-central-1:000000000000:key/00000000-0000-4000-8000-00000000${alg === 'RS256' ? '2048' : '0256'}`
const privateKeys = new Map<string, KeyObject>()
const keys = {} as KmsReady['keys']
for (const alg of ['RS256', 'ES256'] as const) {
  const { privateKey, publicKey } = PAIRS[alg]
  privateKeys.set(arn(alg), privateKey)
  keys[alg] = { kms_key_arn: arn(alg), alg, public_jwk: { ...publicKey.export({ format: 'jwk' }), kid: alg } }
}

let latency_ms = 0
/** Sign calls by the access key id that asked: every variant has its own. */
const calls: Record<string, number> = {}

const [keyFile = '', certificateFile = ''] = process.argv.slice(2)
const tls = { key: readFileSync(keyFile), cert: readFileSync(certificateFile) }
const server = createServer(tls, async (request, response) => {
  const arrived = performance.now()
  const { KeyId, Message } = JSON.parse((await readBody(request)).toString('utf8'))
  const caller = /Credential=([^/]+)\//.exec(request.headers.authorization ?? '')?.[1] ?? ''
  const key = privateKeys.get(KeyId)
  if (request.headers['x-amz-target'] !== 'TrentService.Sign' || !key) {
    response.writeHead(400).end('{"__type":"NotFoundException"}')
    return
  }
  calls[caller] = (calls[caller] ?? 0) + 1
  const signature = await signRaw(key, Buffer.from(Message, 'base64'))
  // The latency is that of the whole answer: the signature is made within it, not on top of it.
  const left = latency_ms - (performance.now() - arrived)
  if (left > 0) await sleep(left)
  const body = JSON.stringify({ KeyId, Signature: signature.toString('base64') })
  response.writeHead(200, {
    'content-type': 'application/x-amz-json-1.1',
    'content-length': Buffer.byteLength(body),
    'x-amzn-requestid': randomUUID(),
  })
  response.end(body)
})

/** As KMS encodes it: RSA as it is, ECDSA in DER. */
function signRaw(key: KeyObject, message: Buffer): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    sign('sha256', message, { key, padding: constants.RSA_PKCS1_PADDING }, (error, signature) =>
      error ? reject(error) : resolve(signature),
    )
  })
}

const url = `https://127.0.0.1:${await listen(server)}`
answerQuestions({ url, keys } satisfies KmsReady, {
  latency: (ms: number) => {
    latency_ms = ms
  },
  calls: (access_key_id: string) => calls[access_key_id] ?? 0,
})
