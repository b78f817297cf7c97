import { PRESETS, type Provider, presetOf } from '../../lib/config/presets.ts'
import {
  endpointProblem,
  issuerProblem,
  nativeRedirectProblem,
  webRedirectProblem,
} from '../../lib/config/urls.ts'
import { misuse } from '../failure.ts'
import type { Terminal } from '../terminal.ts'
import {
  type DeliveryAnswers,
  deliveryAnswers,
  deliveryMissing,
  deliveryProblem,
  deliveryWrong,
  hasCookie,
  pageOriginProblem,
  publicProblem,
  routesIn,
} from './delivery.ts'
import type { Flags } from './options.ts'

/** What has to be known before anything is read or written. */
export interface Answers extends DeliveryAnswers {
  provider: Provider
  issuer: string
  client_id: string
  application_type: 'web' | 'native'
  redirect_uris: string[]
  /** Of a native client: none. */
  allowed_origins: string[]
  x5t: string | undefined
}

const PROVIDERS = Object.keys(PRESETS) as Provider[]

/**
 * Takes the flags, and asks `terminal` for the rest where there is one. Throws a usage Failure that names all that is
 * missing or wrong. `homeless`: neither flags nor environment say where the document is.
 */
export async function answersOf(
  flags: Flags,
  terminal: Terminal | undefined,
  homeless: boolean,
): Promise<Answers> {
  const given = terminal === undefined ? flags : await askedFor(flags, terminal)
  const problems = [...missing(given, homeless), ...wrong(given)]
  if (problems.length > 0) throw misuse(problems.join('\n'))
  const application_type = typeOf(given)
  const redirect_uris = given['redirect-uri'] ?? []
  return {
    ...deliveryAnswers(given),
    provider: given.provider as Provider,
    issuer: given.issuer!,
    client_id: given['client-id']!,
    application_type,
    redirect_uris,
    allowed_origins:
      application_type === 'native' ? (given.origin ?? []) : (given.origin ?? originsOf(redirect_uris)),
    x5t: given.x5t,
  }
}

function typeOf(flags: Flags): 'web' | 'native' {
  return flags['application-type'] === 'native' ? 'native' : 'web'
}

/** What a browser would send from where the sign-in ends. */
function originsOf(redirect_uris: readonly string[]): string[] {
  const origins = redirect_uris.flatMap(uri =>
    /^https?:/.test(uri) && URL.canParse(uri) ? [new URL(uri).origin] : [],
  )
  return [...new Set(origins)]
}

function missing(flags: Flags, homeless: boolean): string[] {
  const preset = presetOf(flags.provider)
  const needed = [
    ...(homeless ? ['--secret-id (or --out)'] : []),
    ...(flags.provider === undefined ? ['--provider'] : []),
    ...(flags.issuer === undefined ? ['--issuer'] : []),
    ...(flags['client-id'] === undefined ? ['--client-id'] : []),
    ...(flags['redirect-uri'] === undefined && !signsInHere(flags) ? ['--redirect-uri'] : []),
    ...deliveryMissing(flags),
    ...(preset?.certificate && flags.x5t === undefined ? ['--x5t'] : []),
    ...(flags['no-discovery'] &&
    preset &&
    !preset.paths.token_endpoint &&
    flags['token-endpoint'] === undefined
      ? ['--token-endpoint']
      : []),
  ]
  return needed.length === 0 ? [] : [`There is missing: ${needed.join(', ')}`]
}

/** What can be told without the provider; the whole document is checked again before it is written. */
function wrong(flags: Flags): string[] {
  const { provider, issuer } = flags
  const type = flags['application-type']
  const problems: [string, string | undefined][] = [
    ['--provider', provider === undefined ? undefined : providerProblem(provider)],
    ['--issuer', issuer === undefined ? undefined : issuerProblem(issuer, false)],
    ['--application-type', type === undefined ? undefined : typeProblem(type)],
    ...deliveryWrong(flags),
    ...(flags['redirect-uri'] ?? []).map(
      uri => ['--redirect-uri', redirectProblem(typeOf(flags), uri)] as [string, string | undefined],
    ),
    ...(['authorization-endpoint', 'token-endpoint', 'jwks-uri'] as const).map(name => {
      const url = flags[name]
      return [`--${name}`, url === undefined ? undefined : endpointProblem(url, false)] as [
        string,
        string | undefined,
      ]
    }),
  ]
  return problems.flatMap(([name, problem]) => (problem === undefined ? [] : [`${name} ${problem}`]))
}

/** A web app whose sign-in begins at the functions: the redirect URI is theirs. */
function signsInHere(flags: Flags): boolean {
  return hasCookie(flags) && typeOf(flags) === 'web'
}

function providerProblem(name: string): string | undefined {
  return presetOf(name) ? undefined : `must be one of ${PROVIDERS.join(', ')}`
}

function typeProblem(type: string): string | undefined {
  return type === 'web' || type === 'native' ? undefined : 'must be web or native'
}

function redirectProblem(type: 'web' | 'native', uri: string): string | undefined {
  return type === 'native' ? nativeRedirectProblem(uri) : webRedirectProblem(uri, false)
}

/** Asks for what the flags leave open, each until the answer can be right. */
async function askedFor(flags: Flags, terminal: Terminal): Promise<Flags> {
  const ask = async (
    question: string,
    fallback: string | undefined,
    problem: (answer: string) => string | undefined,
  ) => {
    for (;;) {
      const answer = await terminal.ask(question, fallback)
      const found = answer === '' ? 'is needed' : problem(answer)
      if (found === undefined) return answer
      terminal.note(`This ${found}.`)
    }
  }
  const words = (text: string) => text.split(/[\s,]+/).filter(Boolean)
  const anything = () => undefined

  const provider = flags.provider ?? (await ask('Provider', 'pingone', providerProblem))
  const issuer =
    flags.issuer ?? (await ask("The provider's issuer", undefined, url => issuerProblem(url, false)))
  const client_id = flags['client-id'] ?? (await ask('The client_id there', undefined, anything))
  const type = flags['application-type'] ?? (await ask('Is the app web or native?', 'web', typeProblem))
  const delivery =
    flags.delivery ??
    (await ask('What does the app get: tokens, mediated or session?', 'tokens', deliveryProblem))
  const chosen = { ...flags, 'application-type': type, delivery }
  const public_url =
    flags['public-url'] ??
    (hasCookie(chosen)
      ? await ask('The origin under which it reaches the functions', undefined, publicProblem)
      : undefined)
  const api_routes =
    flags['api-routes'] ??
    (delivery === 'session'
      ? routesIn([await ask('What of the API it may call (GET /orders, * /me)', undefined, anything)])
      : undefined)
  const redirectsProblem = (text: string) =>
    words(text)
      .map(uri => redirectProblem(type === 'native' ? 'native' : 'web', uri))
      .find(problem => problem !== undefined)
  const redirect_uris =
    flags['redirect-uri'] ??
    (signsInHere(chosen) ? [] : words(await ask('Its redirect URIs', undefined, redirectsProblem)))
  const originsProblem = (text: string) =>
    words(text)
      .map(pageOriginProblem)
      .find(problem => problem !== undefined)
  const origins =
    flags.origin ??
    (type === 'native'
      ? undefined
      : words(
          await ask(
            'The origins of its pages',
            originsOf(redirect_uris).join(' ') || undefined,
            originsProblem,
          ),
        ))
  const x5t =
    flags.x5t ??
    (presetOf(provider)?.certificate
      ? await ask("x5t#S256 of the key's certificate", undefined, anything)
      : undefined)
  return {
    ...flags,
    provider,
    issuer,
    'client-id': client_id,
    'application-type': type,
    delivery,
    ...(public_url !== undefined && { 'public-url': public_url }),
    ...(api_routes !== undefined && { 'api-routes': api_routes }),
    'redirect-uri': redirect_uris,
    origin: origins,
    x5t,
  }
}
