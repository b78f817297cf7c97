import { createPublicKey, type JsonWebKey, type KeyObject, verify } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:https'
import { setTimeout as sleep } from 'node:timers/promises'
import { answerQuestions } from '../answering.ts'
import { readBody } from './body.ts'
import { listen } from './listen.ts'

// An identity provider's token endpoint: the same tokens for every form, over TLS, after a set latency.

export interface ProviderReady {
  url: string
}

/** What came in since the check was switched on. */
export interface Checked {
  requests: number
  /** Assertions whose signature holds. */
  verified: number
  /** Assertions whose `jti` had been there before. */
  repeated: number
}

// Of the size that a provider's are whose access tokens are JWTs. No ID token: who reads one would verify it.
const TOKENS = JSON.stringify({
  access_token: 'a'.repeat(900),
  token_type: 'Bearer',
  expires_in: 3600,
  scope: 'profile',
})
const HEADERS = {
  'content-type': 'application/json',
  'cache-control': 'no-store',
  'content-length': Buffer.byteLength(TOKENS),
}

let latency_ms = 0
/** Public keys by kid, where assertions are checked: not while something is measured. */
let keys: Map<string, KeyObject> | undefined
let checked: Checked = { requests: 0, verified: 0, repeated: 0 }
const jtis = new Set<string>()

function check(form: URLSearchParams): void {
  checked.requests++
  const [header = '', payload = '', signature = ''] = (form.get('client_assertion') ?? '').split('.')
  if (signature === '') return
  const read = (part: string) => JSON.parse(Buffer.from(part, 'base64url').toString('utf8'))
  const key = keys?.get(read(header).kid)
  const input = Buffer.from(`${header}.${payload}`)
  if (
    !key ||
    !verify('sha256', input, { key, dsaEncoding: 'ieee-p1363' }, Buffer.from(signature, 'base64url'))
  )
    return
  const { jti } = read(payload)
  if (jtis.has(jti)) checked.repeated++
  else checked.verified++
  jtis.add(jti)
}

const [keyFile = '', certificateFile = ''] = process.argv.slice(2)
const tls = { key: readFileSync(keyFile), cert: readFileSync(certificateFile) }
const server = createServer(tls, async (request, response) => {
  const body = await readBody(request)
  if (keys) check(new URLSearchParams(body.toString('utf8')))
  if (latency_ms > 0) await sleep(latency_ms)
  response.writeHead(200, HEADERS)
  response.end(TOKENS)
})

const url = `https://127.0.0.1:${await listen(server)}`
answerQuestions({ url } satisfies ProviderReady, {
  latency: (ms: number) => {
    latency_ms = ms
  },
  /** Checks from now on, with these public keys; with null not any more. */
  check: (jwks: JsonWebKey[] | null) => {
    checked = { requests: 0, verified: 0, repeated: 0 }
    keys = jwks
      ? new Map(jwks.map(jwk => [String(jwk.kid), createPublicKey({ key: jwk, format: 'jwk' })]))
      : undefined
  },
  checked: () => checked,
})
