import { generateKeyPairSync, type JsonWebKey } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { selfSignedCertificate } from '../test/support/certificate.ts'
import type { Files } from './bundles.ts'
import type { Latency } from './plan.ts'
import { type Process, startProcess } from './processes.ts'
import type { KmsReady } from './servers/kms.ts'
import type { Checked, ProviderReady } from './servers/provider.ts'
import {
  environmentOf,
  FORM,
  HEADERS,
  handlerOf,
  type Surroundings,
  serverOf,
  type Variant,
} from './variants/variants.ts'

/** A variant that runs as a server. */
export interface RunningVariant {
  url: string
  process: Process
}

/** What every measurement needs: KMS, the provider and the load generator, each in a process of its own. */
export interface Stage {
  files: Files
  provider: Process
  providerUrl: string
  latencies(latency: Latency): Promise<void>
  environment(variant: Variant, id: string, options?: { slowKms?: boolean }): Record<string, string>
  start(variant: Variant, options?: { slowKms?: boolean }): Promise<RunningVariant>
  /** Sign calls so far that were made with this access key id. */
  kmsCalls(id: string): Promise<number>
  load(url: string, count: number, connections: number): Promise<number[]>
  /** Has the provider check every assertion while `work` runs; tells what it found. */
  checking(work: () => Promise<unknown>): Promise<Checked>
}

/** Milliseconds of the second KMS, which is there to show what a slower one changes. */
export const SLOW_KMS_MS = 50

export async function setStage(files: Files): Promise<Stage> {
  const { key, cert } = selfSignedCertificate(['127.0.0.1'])
  const [keyFile, certificateFile] = [join(files.dir, 'tls.key'), join(files.dir, 'tls.crt')]
  writeFileSync(keyFile, key, { mode: 0o600 })
  writeFileSync(certificateFile, cert)
  const args = [keyFile, certificateFile]
  const [kms, slowKms, provider, load] = await Promise.all([
    startProcess(files.module('servers/kms'), { args }),
    startProcess(files.module('servers/kms'), { args }),
    startProcess(files.module('servers/provider'), { args }),
    startProcess(files.module('load'), { env: { NODE_EXTRA_CA_CERTS: certificateFile } }),
  ])
  await slowKms.ask('latency', SLOW_KMS_MS)
  const memoryKeys = { RS256: memoryKey('RS256'), ES256: memoryKey('ES256') }
  const { url: providerUrl } = provider.ready as ProviderReady
  const around = (options: { slowKms?: boolean }): Surroundings => {
    const { url, keys } = (options.slowKms ? slowKms : kms).ready as KmsReady
    return { provider: providerUrl, kms: url, keys, memoryKeys, certificateFile }
  }
  // The two KMS have keys of their own under the same ids, so only those of the first are ever checked.
  const publicKeys = [
    ...Object.values((kms.ready as KmsReady).keys).map(({ public_jwk }) => public_jwk as JsonWebKey),
    ...Object.values(memoryKeys).map(({ kty, n, e, crv, x, y, kid }) => ({ kty, n, e, crv, x, y, kid })),
  ]
  const environment: Stage['environment'] = (variant, id, options = {}) =>
    environmentOf(variant, id, around(options))

  return {
    files,
    provider,
    providerUrl,
    async latencies(latency) {
      await Promise.all([kms.ask('latency', latency.kms), provider.ask('latency', latency.provider)])
    },
    environment,
    async start(variant, options = {}) {
      const env = environment(variant, `WARM-${variant}`, options)
      const handler = handlerOf(variant, files)
      const process = await (handler
        ? startProcess(files.module('hosting/host'), { env, args: [handler] })
        : startProcess(serverOf(variant, files), { env }))
      return { url: `${(process.ready as { url: string }).url}/token`, process }
    },
    kmsCalls: id => kms.ask<number>('calls', id),
    load: (url, count, connections) =>
      load.ask<number[]>('run', { url, headers: HEADERS, body: FORM, count, connections }),
    async checking(work) {
      await provider.ask('check', publicKeys)
      await work()
      const checked = await provider.ask<Checked>('checked')
      await provider.ask('check', null)
      return checked
    },
  }
}

function memoryKey(alg: 'RS256' | 'ES256'): JsonWebKey {
  const { privateKey } =
    alg === 'RS256'
      ? generateKeyPairSync('rsa', { modulusLength: 2048 })
      : generateKeyPairSync('ec', { namedCurve: 'P-256' })
  return { ...privateKey.export({ format: 'jwk' }), alg, kid: `memory-${alg}` }
}
