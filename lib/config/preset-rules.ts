import { ALGORITHMS } from '../jose/algorithms.ts'
import type { Client } from './client.ts'
import { isRaw, type Raw, rawItems } from './members.ts'
import { type Preset, presetOf } from './presets.ts'
import type { Problem } from './problems.ts'

/**
 * What a client's provider asks of its registration. Reads the document unchecked, because its problems are listed
 * together with those of the shape; what does not have the right type is passed over here.
 */
export function presetProblems(document: Raw): Problem[] {
  return rawItems(document.clients).flatMap(([client, index]) => {
    const preset = presetOf(client.provider)
    if (preset === undefined) return []
    const path = `clients[${index}]`
    const keys = rawItems(client.signing_keys).flatMap(([key, k]) =>
      // A retired key signs nothing any more.
      key.state === 'retired' ? [] : keyProblems(preset, key, `${path}.signing_keys[${k}]`),
    )
    return [
      ...keys,
      ...fixedProblems(preset, client.assertion, path),
      ...pkceProblems(preset, client, path),
      ...issProblems(preset, client, path),
    ]
  })
}

function keyProblems({ algs, certificate }: Preset, key: Raw, path: string): Problem[] {
  const { alg } = key
  const known = typeof alg === 'string' && Object.hasOwn(ALGORITHMS, alg)
  return [
    ...(known && algs !== undefined && !algs.some(taken => taken === alg)
      ? [{ path: `${path}.alg`, message: `must be one that this provider takes: ${algs.join(', ')}` }]
      : []),
    ...(certificate && key['x5t#S256'] === undefined
      ? [{ path: `${path}.x5t#S256`, message: 'is required: this provider finds the key by its certificate' }]
      : []),
  ]
}

function fixedProblems({ fixed = [], assertion }: Preset, own: unknown, path: string): Problem[] {
  if (!isRaw(own)) return []
  return fixed
    .filter(member => typeof own[member] === 'string' && own[member] !== assertion[member])
    .map(member => ({
      path: `${path}.assertion.${member}`,
      message: `must be "${assertion[member]}" for this provider`,
    }))
}

function pkceProblems({ pkce }: Preset, { require_pkce }: Raw, path: string): Problem[] {
  return pkce && require_pkce === false
    ? [{ path: `${path}.require_pkce`, message: 'must be true for this provider' }]
    : []
}

function issProblems({ iss }: Preset, client: Raw, path: string): Problem[] {
  const member = 'authorization_response_iss_parameter_supported'
  return iss && client[member] === false
    ? [{ path: `${path}.${member}`, message: 'must be true for this provider' }]
    : []
}

/** What is not known for sure of the client's provider (requirement PRESET-2), and what looks unlike it. */
export function presetNotices(
  { provider, as, assertion, signing_keys }: Pick<Client, 'provider' | 'as' | 'assertion' | 'signing_keys'>,
  path: string,
): string[] {
  const preset = presetOf(provider)
  if (preset === undefined) return []
  const { issuer_end, confirmed_algs, unconfirmed_aud } = preset
  const ends = issuer_end === undefined || [issuer_end, `${issuer_end}/`].some(end => as.issuer.endsWith(end))
  return [
    // No error: a custom domain may do otherwise. But without it the derived endpoints, or the audience, are wrong.
    ...(ends ? [] : [`${path}.issuer: does not end in ${issuer_end}, as this provider's issuers do`]),
    ...signing_keys.flatMap(({ alg, state }, k) =>
      state === 'retired' || !confirmed_algs || confirmed_algs.includes(alg)
        ? []
        : [
            `${path}.signing_keys[${k}].alg: is unconfirmed for this provider, unlike ${confirmed_algs.join(', ')}`,
          ],
    ),
    ...(unconfirmed_aud !== undefined && assertion.aud === preset.assertion.aud
      ? [`${path}.assertion.aud: is unconfirmed for this provider: ${unconfirmed_aud}`]
      : []),
  ]
}
