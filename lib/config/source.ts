import { createHash } from 'node:crypto'
import { ProxyError } from '../errors.ts'
import type { Registrations } from './client.ts'
import type { Environment } from './environment.ts'
import { keptSecret, type SecretDeps } from './kept-secret.ts'
import { parseRegistrations } from './registrations.ts'

export interface Configuration {
  registrations: Registrations
  /** They were last confirmed too long ago: nothing may be signed by them, but CORS headers can still be made. */
  expired: boolean
}

export interface ConfigurationSource {
  /**
   * The configuration in force. Rejects with ProxyError `configuration_unavailable` where there never was one that
   * could be read, and with ConfigurationError where the only one is invalid. From the second on, a
   * rejection is remembered for CONFIG_FIRST_RETRY_MS.
   */
  get(): Promise<Configuration>
}

/** The registrations to act by. Throws ProxyError `configuration_expired` where they are too old for that. */
export function inForce({ registrations, expired }: Configuration): Registrations {
  if (expired) throw new ProxyError('configuration_expired')
  return registrations
}

/** Where the document comes from. Reads nothing before the first `get`. */
export function createSource({ source, onLambda }: Environment, deps: SecretDeps): ConfigurationSource {
  if ('inline' in source) return inlineSource(source.inline, onLambda)
  const kept = keptSecret(
    source.secret_id,
    (text, revision) => parseRegistrations(text, { revision, onLambda }),
    deps,
  )
  return {
    async get() {
      const { value, expired } = await kept.get()
      return { registrations: value, expired }
    },
  }
}

function inlineSource(text: string, onLambda: boolean): ConfigurationSource {
  let registrations: Registrations | undefined
  return {
    async get() {
      registrations ??= parseRegistrations(text, { revision: hashOf(text), onLambda })
      return { registrations, expired: false }
    },
  }
}

function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('base64url')
}
