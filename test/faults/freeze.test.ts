import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import http from 'node:http'
import https from 'node:https'
import type { AddressInfo, Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { KMSClient } from '@aws-sdk/client-kms'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { build } from '../../infra/build.ts'
import { type Control, control } from '../../local/aws/control.ts'
import type { LocalAws } from '../../local/aws/server.ts'
import { startLocalAwsWorker } from '../../local/aws/worker.ts'
import { createSigningKey } from '../../local/keys.ts'
import { ACCOUNT, credentials, PRINCIPALS, REGION } from '../../local/roles.ts'
import { selfSignedCertificate } from '../support/certificate.ts'
import { startContainer } from '../support/container.ts'
import { GOOD, ORIGIN, REDIRECT_URI } from '../support/deployment.ts'
import { event } from '../support/function.ts'

// A container is frozen between its invocations, and what it holds open is closed in the meantime by the other side.
// Everything goes over TLS here, to servers that close what has been idle for 5 s, as Node's do. The network of a container
// is frozen with it: that a connection was closed is not known when the next event comes. So it is closed here right
// behind the event that wakes the function up.

const FREEZES_MS = [3_500, 6_000, 9_000]
const KEPT_OPEN_MS = 5_000
/** Longer than a request takes, shorter than the function waits for it. */
const SIGN_MS = 200

let folder: string
let aws: LocalAws
let kms: Control
let front: https.Server
let provider: https.Server
/** Codes as they reached the provider. */
const codes: string[] = []
/** The provider's end of each trial's connection. */
const sockets = new Map<string, Socket>()
const trialOf = (code: string) => code.slice(0, code.lastIndexOf('-'))
let env: Record<string, string>
let handler: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'countersign-freeze-'))
  const tls = selfSignedCertificate(['127.0.0.1'])
  await writeFile(join(folder, 'ca.pem'), tls.cert)
  const { files } = await build({ outdir: join(folder, 'dist') })
  handler = files.find(file => file.endsWith('oauth.mjs'))!
  aws = await startLocalAwsWorker({
    kmsPort: 0,
    secretsManagerPort: 0,
    region: REGION,
    account: ACCOUNT,
    principals: PRINCIPALS,
  })
  kms = control(aws.kms)
  const operator = { region: REGION, credentials: credentials('operator') }
  const key = await createSigningKey(new KMSClient({ ...operator, endpoint: aws.kms }), 'ES256')

  front = https.createServer(tls, (request, response) => {
    const { method, headers, url } = request
    const behind = http.request(new URL(url ?? '/', aws.kms), { method, headers, agent: false }, answer => {
      response.writeHead(answer.statusCode ?? 502, answer.headers)
      answer.pipe(response)
    })
    request.pipe(behind)
  })
  provider = https.createServer(tls, async (request, response) => {
    let body = ''
    for await (const chunk of request) body += chunk
    const code = new URLSearchParams(body).get('code') ?? ''
    codes.push(code)
    sockets.set(trialOf(code), request.socket)
    response.writeHead(200, { 'content-type': 'application/json' })
    response.end(JSON.stringify({ access_token: 'at', token_type: 'Bearer' }))
  })
  // Closed by the trial, at its own time.
  provider.keepAliveTimeout = 60_000
  const [kmsUrl, providerUrl] = await Promise.all([front, provider].map(listening))
  const { accessKeyId, secretAccessKey } = credentials('oauth')
  const client = {
    client_id: 'app-1',
    provider: 'generic',
    issuer: providerUrl,
    token_endpoint: `${providerUrl}/token`,
    signing_keys: [{ ...key, state: 'active' }],
    allowed_origins: [ORIGIN],
    redirect_uris: [REDIRECT_URI],
  }
  env = {
    AWS_REGION: REGION,
    AWS_ENDPOINT_URL_KMS: kmsUrl!,
    AWS_ACCESS_KEY_ID: accessKeyId,
    AWS_SECRET_ACCESS_KEY: secretAccessKey,
    COUNTERSIGN_CONFIG: JSON.stringify({ version: 1, clients: [client] }),
    NODE_EXTRA_CA_CERTS: join(folder, 'ca.pem'),
  }
})

afterAll(async () => {
  for (const server of [front, provider]) {
    server?.close()
    server?.closeAllConnections()
  }
  await aws?.close()
  await rm(folder, { recursive: true, force: true })
})

async function listening(server: https.Server): Promise<string> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return `https://127.0.0.1:${(server.address() as AddressInfo).port}`
}

let trials = 0

/** Works for a while, is frozen, and then has one more code to exchange. Tells whether that worked, and how often it was sent. */
async function trial(freezeMs: number, beforeFreeze: () => Promise<unknown>) {
  const name = `trial-${++trials}`
  const fn = await startContainer(handler, env)
  try {
    const exchange = (code: string) =>
      fn.invoke(event({ ...GOOD, code: `${name}-${code}` }, { headers: { origin: ORIGIN } }))
    // From the second on the next assertion is signed ahead.
    for (const code of ['1', '2', '3']) expect((await exchange(code)).statusCode).toBe(200)
    await beforeFreeze()
    fn.freeze()
    await sleep(freezeMs)
    const last = exchange('last')
    await sleep(20)
    if (freezeMs >= KEPT_OPEN_MS) sockets.get(name)?.destroy()
    await sleep(20)
    fn.thaw()
    const { statusCode: status } = await last
    return { freezeMs, status, sent: codes.filter(code => code === `${name}-last`).length }
  } finally {
    fn.end()
  }
}

const runs = FREEZES_MS.flatMap(ms => [ms, ms, ms])
const good = runs.map(freezeMs => ({ freezeMs, status: 200, sent: 1 }))

test(`between requests, ${runs.length} times: the next exchange works at its first attempt`, async () => {
  expect(await Promise.all(runs.map(ms => trial(ms, () => sleep(50))))).toEqual(good)
})

test(`in the middle of a signature, ${runs.length} times: the same`, async () => {
  await kms.fault('Sign', { kind: 'delay', ms: SIGN_MS })
  const underWay = async () => {
    // The answer to the last exchange is there, and the next assertion is not.
    await sleep(SIGN_MS / 4)
  }
  expect(await Promise.all(runs.map(ms => trial(ms, underWay)))).toEqual(good)
  await kms.fault('Sign', null)
})
