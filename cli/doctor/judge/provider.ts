import type { AuthorizationServer, SigningKey } from '../../../lib/config/client.ts'
import type { Discovery } from '../facts/provider.ts'
import { type Finding, fail, ok, skip } from '../finding.ts'

const ENDPOINTS = [
  'token_endpoint',
  'revocation_endpoint',
  'pushed_authorization_request_endpoint',
  'device_authorization_endpoint',
  'authorization_endpoint',
  'end_session_endpoint',
  'jwks_uri',
] as const satisfies (keyof AuthorizationServer)[]

/** What is pinned here is what the provider says of itself, to the letter. */
export function endpoints(as: AuthorizationServer, discovery: Discovery): Finding {
  if (!('document' in discovery)) {
    return skip(`the provider's metadata cannot be had: ${discovery.url}: ${discovery.reason}`)
  }
  const { document } = discovery
  if (document.issuer !== as.issuer) {
    return fail(
      `issuer is ${as.issuer} here and ${document.issuer} at ${discovery.url}`,
      'Spell issuer as the provider does, to the letter: a slash at the end counts. If it is another host, do not follow it: find out who answers there.',
    )
  }
  const told = ENDPOINTS.filter(name => as[name] !== undefined && typeof document[name] === 'string')
  const other = told.filter(name => as[name] !== document[name])
  if (other.length > 0) {
    return fail(
      other
        .map(name => `${name} is ${as[name]} here and ${document[name]} in the provider's metadata`)
        .join('; '),
      "Hold both against the provider's documentation. If the pinned one is wrong, correct the registration; if the metadata is, somebody else may be answering for the provider.",
    )
  }
  return ok(`${told.length} endpoints as at ${discovery.url}`)
}

/** The provider takes private_key_jwt, and this algorithm. What it does not say is no fault. */
export function providerAlg({ alg }: SigningKey, discovery: Discovery): Finding {
  if (!('document' in discovery)) return skip("not known: the provider's metadata cannot be had")
  const {
    token_endpoint_auth_methods_supported: methods,
    token_endpoint_auth_signing_alg_values_supported: algs,
  } = discovery.document
  if (Array.isArray(methods) && !methods.includes('private_key_jwt')) {
    return fail(
      'the provider does not offer private_key_jwt',
      'Switch private_key_jwt on at the provider; where it has none, it cannot be used with Countersign.',
    )
  }
  if (!Array.isArray(algs)) return ok(`${alg}: the provider does not say which algorithms it takes`)
  return algs.includes(alg)
    ? ok(alg)
    : fail(
        `the provider does not offer ${alg}`,
        `Use a key of one of its algorithms: ${algs.filter(other => typeof other === 'string').join(', ')}.`,
      )
}
