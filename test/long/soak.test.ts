import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { pathToFileURL } from 'node:url'
import { KMSClient } from '@aws-sdk/client-kms'
import { CreateSecretCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { GatewayResult } from '../../functions/shell.ts'
import { build } from '../../infra/build.ts'
import { type Control, control } from '../../local/aws/control.ts'
import { startLocalAwsWorker } from '../../local/aws/worker.ts'
import { createSigningKey } from '../../local/keys.ts'
import { ACCOUNT, CONFIG_SECRET, credentials, PRINCIPALS, REGION, SESSION_SECRET } from '../../local/roles.ts'
import { selfSignedCertificate } from '../support/certificate.ts'
import { type Container, type Sample, startContainer } from '../support/container.ts'
import { event, GOOD, ORIGIN, REDIRECT_URI } from '../support/function.ts'
import { startTlsFront, startUpstream, type Upstream } from './upstream.ts'
import { isWell, VISITED, visit } from './visitor.ts'
import { change, forecast, type Weather } from './weather.ts'

// One container for minutes, as busy as this machine can keep it, while what it depends on fails and comes back. All of it
// over TLS: the provider, KMS and Secrets Manager.

/** Two minutes at least: each kind of weather has to come, and to last, and what the allocator keeps has to settle. */
const SECONDS = Math.max(120, Number(process.env.COUNTERSIGN_SOAK_S ?? 600))
/** Requests under way at once: a closed loop, so the rate is the highest that is answered. */
const AT_ONCE = 16
/** So many of them are users with sessions; the others are single exchanges. */
const VISITORS = 4
/** Before the first sample: what is compiled and kept once is no leak. */
const WARM_UP_S = Math.min(60, SECONDS / 4)
/** The minute at the beginning, and that at the end. */
const WINDOW_S = Math.min(60, SECONDS / 4)
/** A request that was under way when the weather changed may have had some of each. */
const AFTERMATH_MS = 3_500

let folder: string
let container: Container
let upstream: Upstream
let kms: Control
let secrets: Control
const ends: (() => unknown)[] = []

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'countersign-soak-'))
  const certificate = selfSignedCertificate(['127.0.0.1'])
  await writeFile(join(folder, 'ca.pem'), certificate.cert)
  await build({ outdir: folder })
  const aws = await startLocalAwsWorker({
    kmsPort: 0,
    secretsManagerPort: 0,
    region: REGION,
    account: ACCOUNT,
    principals: PRINCIPALS,
  })
  const fronts = await Promise.all([aws.kms, aws.secrets_manager].map(url => startTlsFront(url, certificate)))
  upstream = await startUpstream(certificate)
  ends.push(() => aws.close(), ...fronts.map(front => front.close), upstream.close)
  kms = control(aws.kms)
  secrets = control(aws.secrets_manager)

  const operator = { region: REGION, credentials: credentials('operator') }
  const key = await createSigningKey(new KMSClient({ ...operator, endpoint: aws.kms }), 'ES256')
  const common = {
    provider: 'generic',
    issuer: upstream.url,
    token_endpoint: `${upstream.url}/token`,
    signing_keys: [{ ...key, state: 'active' }],
    allowed_origins: [ORIGIN],
  }
  const clients = [
    { ...common, client_id: GOOD.client_id, redirect_uris: [REDIRECT_URI] },
    {
      ...common,
      client_id: VISITED,
      delivery: 'mediated',
      public_url: 'https://auth.example.com',
      scope: 'openid offline_access',
      authorization_endpoint: `${upstream.url}/authorize`,
      revocation_endpoint: `${upstream.url}/revoke`,
      jwks_uri: `${upstream.url}/jwks`,
    },
  ]
  const secretsManager = new SecretsManagerClient({ ...operator, endpoint: aws.secrets_manager })
  for (const [Name, value] of [
    [CONFIG_SECRET, { version: 1, clients }],
    [SESSION_SECRET, { write: 'k1', k1: 'a-master-of-sessions'.repeat(3) }],
  ] as const) {
    await secretsManager.send(new CreateSecretCommand({ Name, SecretString: JSON.stringify(value) }))
  }
  const { accessKeyId, secretAccessKey } = credentials('oauth')
  container = await startContainer(pathToFileURL(join(folder, 'oauth.mjs')).href, {
    AWS_REGION: REGION,
    AWS_ENDPOINT_URL_KMS: fronts[0]!.url,
    AWS_ENDPOINT_URL_SECRETS_MANAGER: fronts[1]!.url,
    AWS_ACCESS_KEY_ID: accessKeyId,
    AWS_SECRET_ACCESS_KEY: secretAccessKey,
    COUNTERSIGN_SECRET_ID: CONFIG_SECRET,
    COUNTERSIGN_SESSION_SECRET_ID: SESSION_SECRET,
    NODE_EXTRA_CA_CERTS: join(folder, 'ca.pem'),
  })
  ends.push(container.end)
})

afterAll(async () => {
  for (const end of ends.reverse()) await end()
  await rm(folder, { recursive: true, force: true })
})

const median = (numbers: number[]) => numbers.sort((a, b) => a - b)[numbers.length >> 1] ?? Number.NaN
const mib = (bytes: number) => (bytes / 2 ** 20).toFixed(1)

/** The median in each tenth of the time. */
function course(samples: Sample[], name: keyof Sample): number[] {
  const size = samples.length / 10
  return Array.from({ length: 10 }, (_, i) =>
    median(samples.slice(Math.floor(i * size), Math.floor((i + 1) * size)).map(one => one[name])),
  )
}

interface Tally {
  started: number
  answered: number
  codes: number
  visits: number
  /** By weather, then by status. */
  statuses: Map<string, Map<number, number>>
  /** Answers that do not fit the weather. */
  unexpected: string[]
}

type Now = () => Weather & { since: number }

/** One request, counted, and held against the weather. A redirect is a step of a sign-in that goes well, or has failed. */
async function count(tally: Tally, now: Now, ask: () => Promise<GatewayResult>): Promise<GatewayResult> {
  tally.started++
  const before = now()
  const result = await ask()
  tally.answered++
  const { name, since, statuses } = now()
  const status = isWell(result) ? 200 : result.statusCode
  const by = tally.statuses.get(name) ?? new Map<number, number>()
  tally.statuses.set(name, by.set(status, (by.get(status) ?? 0) + 1))
  const settled = before.since === since && performance.now() - since > AFTERMATH_MS
  const fits = statuses.includes(status) || (status === 303 && statuses.length > 1)
  if (settled && !fits) tally.unexpected.push(`${name}: ${status} ${result.body}`)
  return result
}

/** One exchange after the other until `over`. */
async function keepAsking(tally: Tally, now: Now, over: () => boolean) {
  while (!over()) {
    const code = `c${tally.codes++}`
    const { statusCode, headers, body } = await count(tally, now, () =>
      container.invoke(event({ ...GOOD, code })),
    )
    const whole = typeof JSON.parse(body)[statusCode === 200 ? 'access_token' : 'error'] === 'string'
    if (!whole || headers['access-control-allow-origin'] !== ORIGIN) tally.unexpected.push(body)
    const sent = upstream.codes.get(code) ?? 0
    if (sent > 1 || (statusCode === 200 && sent !== 1))
      tally.unexpected.push(`${code} was sent ${sent} times`)
  }
}

/** One visit after the other until `over`. */
async function keepVisiting(tally: Tally, now: Now, over: () => boolean) {
  while (!over()) {
    tally.visits++
    await visit(
      event => container.invoke(event),
      `v${tally.codes++}`,
      ask => count(tally, now, ask),
    )
  }
}

test(
  `${SECONDS} s of it: every request answered, no code sent twice, memory and descriptors as they were`,
  async () => {
    const tally: Tally = { started: 0, answered: 0, codes: 0, visits: 0, statuses: new Map(), unexpected: [] }
    const calmRates: number[] = []
    const samples: (Sample & { at: number })[] = []
    let over = false
    let weather = { ...forecast(SECONDS)[0]!.weather, since: performance.now() }
    const begun = performance.now()
    const elapsed = () => (performance.now() - begun) / 1000

    const asking = Array.from({ length: AT_ONCE }, (_, i) =>
      (i < VISITORS ? keepVisiting : keepAsking)(
        tally,
        () => weather,
        () => over,
      ),
    )
    const sampling = (async () => {
      await sleep(WARM_UP_S * 1000)
      while (!over) {
        samples.push({ ...(await container.sample()), at: elapsed() })
        await sleep(1000)
      }
    })()
    for (const { from, weather: next } of forecast(SECONDS)) {
      await sleep(Math.max(0, (from - elapsed()) * 1000))
      // Announced before it comes: what it brings is never taken for the earlier one's.
      weather = { ...next, since: performance.now() }
      await change(next, { kms, secrets, upstream })
      if (next.name !== 'calm') continue
      const answered = tally.answered
      await sleep(1000)
      calmRates.push(tally.answered - answered)
    }
    await sleep(Math.max(0, (SECONDS - elapsed()) * 1000))
    over = true
    await Promise.all([...asking, sampling])

    const end = samples.at(-1)!.at
    const first = samples.filter(({ at }) => at < samples[0]!.at + WINDOW_S)
    const last = samples.filter(({ at }) => at > end - WINDOW_S)
    const of = (some: Sample[], name: keyof Sample) => median(some.map(one => one[name]))
    const [signed, read] = await Promise.all([kms.calls('Sign'), secrets.calls('GetSecretValue')])
    let most = 0
    for (const times of upstream.codes.values()) most = Math.max(most, times)
    console.log(
      [
        `soak: ${elapsed().toFixed(0)} s, ${tally.answered} of ${tally.started} requests answered, ${AT_ONCE} at once; calm ${median(calmRates)} a second; ${tally.visits} of them sign-ins with a session`,
        ...[...tally.statuses].map(
          ([name, by]) => `  ${name}: ${[...by].map(([status, n]) => `${n} × ${status}`).join(', ')}`,
        ),
        `  sent upstream: ${upstream.codes.size} codes and refresh tokens, ${most} time at most; KMS Sign ${signed}, GetSecretValue ${read}`,
        ...(['heap', 'external', 'rss'] as const).map(
          name => `  ${name}: ${course(samples, name).map(mib).join(' ')} MiB`,
        ),
        `  descriptors: ${course(samples, 'fds').join(' ')} (ten stretches of equal length, ${samples.length} samples)`,
      ].join('\n'),
    )

    expect(tally.unexpected.slice(0, 20)).toEqual([])
    expect(tally.answered).toBe(tally.started)
    expect(most).toBe(1)
    const names = new Set(forecast(SECONDS).map(one => one.weather.name))
    expect([...tally.statuses.keys()].sort()).toEqual([...names].sort())
    // Flat: what one request leaves behind, were it 100 bytes, would be more than this in ten minutes.
    expect(of(last, 'heap')).toBeLessThan(of(first, 'heap') * 1.05 + 2 ** 20)
    // The collector keeps what it once had; a leak outside the heap goes on growing.
    expect(of(last, 'rss')).toBeLessThan(of(first, 'rss') * 1.1 + 8 * 2 ** 20)
    // A connection for each request under way, to the provider and to KMS.
    expect(of(last, 'fds')).toBeLessThanOrEqual(of(first, 'fds') + 2 * AT_ONCE)
  },
  (SECONDS + 120) * 1000,
)
