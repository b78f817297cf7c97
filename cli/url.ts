import { isLoopback } from '../lib/config/urls.ts'
import type { Deployment } from './document.ts'
import { misuse } from './failure.ts'

/**
 * Where the functions are, without a trailing slash: as `given` by --url, else as the deployment's tag says. Codes are sent
 * there and keys read from there, so http is for loopback alone. Throws a usage Failure.
 */
export function deploymentUrl(
  given: string | undefined,
  deployment: Pick<Deployment, 'url'>,
): string | undefined {
  const text = given ?? deployment.url
  if (text === undefined) return undefined
  const from = given === undefined ? 'The tag countersign:url of the secret' : '--url'
  if (!URL.canParse(text)) throw misuse(`${from} takes a URL.`)
  const { protocol, hostname, username, password, search, hash } = new URL(text)
  if (protocol !== 'https:' && !(protocol === 'http:' && isLoopback(hostname))) {
    throw misuse(
      `${from} is ${text}: what is sent there could be read and changed on its way.`,
      'Give the https URL of the deployment by --url; http is for loopback hosts only.',
    )
  }
  if (username || password || search || hash)
    throw misuse(`${from} takes a URL without user, query and fragment.`)
  return text.replace(/\/+$/, '')
}
