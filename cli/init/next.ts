import { PRESETS } from '../../lib/config/presets.ts'
import type { Answers } from './answers.ts'

/** What is left to do, in order. */
export function nextSteps({ provider, client_id }: Answers, url: string | undefined): string[] {
  const jwks = `${url ?? 'https://<where the functions are>'}/.well-known/jwks.json`
  return [
    registerKey(provider, jwks),
    'countersign doctor checks provider, key and configuration',
    `countersign try --client ${quoted(client_id)} signs in, from the redirect to the tokens`,
  ]
}

function registerKey(provider: Answers['provider'], jwks: string): string {
  if (provider === 'pingone')
    return `In PingOne, set the application's tokenEndpointAuthMethod to PRIVATE_KEY_JWT and its jwksUrl to ${jwks}`
  return 'certificate' in PRESETS[provider]
    ? 'At the provider, upload the certificate of the key to the application'
    : `At the provider, set the application's authentication to private_key_jwt and its JWKS URL to ${jwks}`
}

/** As a POSIX shell takes it. */
function quoted(word: string): string {
  return /^[\w.@:/-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`
}
