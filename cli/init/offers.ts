import { presetOf } from '../../lib/config/presets.ts'
import type { Alg } from '../../lib/jose/algorithms.ts'
import { Failure, misuse } from '../failure.ts'
import { ALGS } from '../kms/spec.ts'
import { plain } from '../plain.ts'
import type { Terminal } from '../terminal.ts'

type Metadata = Readonly<Record<string, unknown>>

const METHOD = 'private_key_jwt'
const METHODS = 'token_endpoint_auth_methods_supported'
const SIGNING_ALGS = 'token_endpoint_auth_signing_alg_values_supported'

function listIn(metadata: Metadata, name: string): string[] | undefined {
  const list = metadata[name]
  return Array.isArray(list) ? list.filter(item => typeof item === 'string') : undefined
}

/** Throws Failure where the provider does not offer private_key_jwt, unless forced; returns what to say then. */
export function methodNotices(metadata: Metadata, force = false): string[] {
  const methods = listIn(metadata, METHODS)
  if (methods?.includes(METHOD)) return []
  const message =
    methods === undefined
      ? // RFC 8414 section 2.
        `discovery has no ${METHODS}, which stands for client_secret_basic alone`
      : `discovery does not offer ${METHOD}, but ${plain(methods.join(', ')) || 'nothing'}`
  if (force) return [message]
  throw new Failure('method_not_offered', `The provider's ${message}.`, {
    fix: 'Without private_key_jwt Countersign is of no use there. If you know that it is taken all the same: --force.',
  })
}

export interface AlgChoice {
  provider: string
  /** Absent: nothing was read. */
  metadata: Metadata | undefined
  wanted: string | undefined
  force: boolean | undefined
  /** Asks there where nothing is wanted. */
  terminal: Terminal | undefined
}

/** The algorithm that assertions are signed with, and what to say of it. Throws Failure where it is not offered. */
export async function chooseAlg({
  provider,
  metadata,
  wanted,
  force,
  terminal,
}: AlgChoice): Promise<{ alg: Alg; notices: string[] }> {
  const offered = metadata && listIn(metadata, SIGNING_ALGS)
  const presetAlgs: readonly string[] | undefined = presetOf(provider)?.algs
  const fits = (alg: string) => (offered?.includes(alg) ?? true) && (presetAlgs?.includes(alg) ?? true)
  const candidates = ALGS.filter(fits)
  const unsaid =
    metadata && !offered ? [`discovery has no ${SIGNING_ALGS}: ask the provider what it takes`] : []

  if (wanted === undefined && terminal !== undefined && candidates.length > 0) {
    const alg = await asked(terminal, candidates)
    return { alg, notices: unsaid }
  }
  const alg = wanted ?? 'RS256'
  if (!isAlg(alg)) throw misuse(`--alg must be one of ${ALGS.join(', ')}`)
  if (fits(alg)) return { alg, notices: unsaid }
  // What the preset rules out, the configuration would not hold.
  if (force && (presetAlgs?.includes(alg) ?? true))
    return { alg, notices: [`discovery does not offer ${alg}`] }
  throw new Failure(
    'alg_not_offered',
    `The provider does not take ${alg}, but: ${candidates.join(', ') || 'none of ours'}`,
    {
      fix: 'Choose one by --alg.',
    },
  )
}

function isAlg(alg: string): alg is Alg {
  return (ALGS as string[]).includes(alg)
}

async function asked(terminal: Terminal, candidates: Alg[]): Promise<Alg> {
  const fallback = candidates.includes('RS256') ? 'RS256' : candidates[0]
  terminal.note(`Algorithms: ${candidates.join(', ')}`)
  for (;;) {
    const answer = await terminal.ask('Sign with', fallback)
    const found = candidates.find(alg => alg === answer)
    if (found) return found
    terminal.note(`This is none of ${candidates.join(', ')}.`)
  }
}
