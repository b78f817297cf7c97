import { shown } from '../../plain.ts'
import type { Heard } from '../facts/http.ts'
import { isAnswered } from '../facts/http.ts'
import { type Finding, fail, ok, skip } from '../finding.ts'
import { meaningOf } from './function-answer.ts'

/** One assertion that was shown to the provider. `rule`: what assertion.aud would have to be. */
export interface Tried {
  rule: string
  aud: string
  heard: Heard
}

const NOT_THE_AUDIENCE =
  'Is the public key registered with the provider for this client, with this kid and alg, and private_key_jwt chosen? Has the provider read the key set again? Its own log knows why it refused.'

/** RFC 6749 section 5.2: the one error by which a provider refuses the client itself. */
export function isRefused(heard: Heard): boolean {
  return (
    isAnswered(heard) &&
    (heard.json.error === 'invalid_client' || (heard.status === 401 && !challenges(heard)))
  )
}

/** RFC 9449 section 8: the client is not the matter then. */
function challenges(heard: Heard): boolean {
  return isAnswered(heard) && ['use_dpop_nonce', 'invalid_dpop_proof'].includes(heard.json.error as string)
}

/** The provider takes the assertion. The first of `tried` is the client's own audience. */
export function audience([own, ...others]: readonly Tried[]): Finding {
  const { aud, heard } = own!
  if (!isAnswered(heard)) {
    return fail(
      `the token endpoint gives no answer that can be read: ${heard.error}`,
      'Check token_endpoint, and whether the provider can be reached.',
    )
  }
  const { error } = heard.json
  if (isRefused(heard)) {
    const taken = others.find(other => isAccepted(other.heard))
    return taken
      ? fail(
          `the provider refuses the audience ${aud} and takes ${taken.aud}`,
          `Set assertion.aud to "${taken.rule}".`,
        )
      : fail(
          `the provider refuses the assertion (invalid_client), with the audience ${aud} and every other of ours`,
          NOT_THE_AUDIENCE,
        )
  }
  if (isAccepted(heard)) return ok(`the provider takes the assertion (audience ${aud})`)
  // RFC 6749 section 5.2: an error has a name. What has none is no answer of a token endpoint.
  return typeof error === 'string' || heard.status === 429
    ? skip(`cannot be told: the provider answers HTTP ${heard.status} (${shown(error)}) to a made-up code`)
    : fail(
        `the token endpoint answers HTTP ${heard.status} and no error of OAuth`,
        'Check token_endpoint: is it the one that the provider documents?',
      )
}

/** These come once the client is known: RFC 6749 section 5.2, RFC 9449 section 8. */
function isAccepted(heard: Heard): boolean {
  const after = [
    'invalid_grant',
    'unauthorized_client',
    'use_dpop_nonce',
    'invalid_dpop_proof',
    'invalid_scope',
    'invalid_target',
  ]
  return isAnswered(heard) && after.includes(heard.json.error as string)
}

/** The same as the deployed function was answered, where it is left to the function to sign. `rules`: what else could be tried. */
export function audienceOfFunction(aud: string, rules: readonly string[], heard: Heard): Finding {
  const { kind, said } = meaningOf(heard)
  switch (kind) {
    case 'accepted':
      return ok(`the provider takes the function's assertion (audience ${aud})`)
    case 'not_the_client':
      return fail(
        `the provider refuses the function's assertion (invalid_client), with the audience ${aud}`,
        `${rules.length > 0 ? `Try assertion.aud ${rules.map(rule => `"${rule}"`).join(' or ')}. ` : ''}${NOT_THE_AUDIENCE}`,
      )
    case 'provider_failed':
      return fail(
        `the provider does not answer the function as it should: ${said}`,
        "Look at the function's log: upstream_status and error_name say why.",
      )
    default:
      return skip(`cannot be told: the function answers ${said}`)
  }
}
