import type { SigningKey } from '../../lib/config/client.ts'
import { PRESETS } from '../../lib/config/presets.ts'
import { quoted } from '../quoted.ts'
import type { Answers } from './answers.ts'
import { deliverySteps } from './delivery.ts'

/** What is left to do, in order. */
export function nextSteps(
  answers: Answers,
  url: string | undefined,
  waiting: Waiting | undefined,
  scope: string | undefined,
): string[] {
  const { provider, client_id, application_type, delivery } = answers
  const jwks = `${url ?? 'https://<where the functions are>'}/.well-known/jwks.json`
  return [
    registerKey(provider, jwks),
    ...(waiting ? changeOver(client_id, waiting) : []),
    ...deliverySteps(answers, { client_id, native: application_type === 'native', scope }),
    'countersign doctor checks provider, key and configuration',
    ...(delivery === 'tokens'
      ? [`countersign try --client ${quoted(client_id)} signs in, from the redirect to the tokens`]
      : []),
  ]
}

/** A key that was given, and does not sign yet. */
export interface Waiting {
  kid: string
  state: Exclude<SigningKey['state'], 'active'>
}

function changeOver(client_id: string, { kid, state }: Waiting): string[] {
  const which = `--client ${quoted(client_id)} --kid ${quoted(kid)}`
  if (state === 'retired')
    return [`countersign keys activate ${which} --force has the key sign again: it is retired, and stays so`]
  return [
    `countersign keys publish ${which} sees that the new key is published; until the next step the former one signs`,
    `countersign keys activate ${which} has it sign, after 24 h or what the provider needs`,
  ]
}

function registerKey(provider: Answers['provider'], jwks: string): string {
  if (provider === 'pingone')
    return `In PingOne, set the application's tokenEndpointAuthMethod to PRIVATE_KEY_JWT and its jwksUrl to ${jwks}`
  return 'certificate' in PRESETS[provider]
    ? 'At the provider, upload the certificate of the key to the application'
    : `At the provider, set the application's authentication to private_key_jwt and its JWKS URL to ${jwks}`
}
