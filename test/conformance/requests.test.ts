import { describe, expect, test } from 'vitest'
import { REDIRECT_URI } from '../support/function.ts'
import { decode } from '../support/keys.ts'
import { trial } from './one-of-each.ts'
import { startRelyingParty } from './relying-party.ts'
import { startServer } from './server.ts'

// What the suite holds a client's requests to beside their authentication: a pushed request, the exchange of a code, and the
// DPoP proofs of both.

const trials = trial()
const { holds } = trials

describe('a pushed authorization request', () => {
  const PAR = ['par']

  test('EnsurePAREndpointRequestDoesNotContainRequestUriParameter: no request_uri goes there, whoever sends one', async () => {
    holds('EnsurePAREndpointRequestDoesNotContainRequestUriParameter', PAR)
    expect(await pushedWith({ request_uri: 'urn:x' })).toEqual([400, 0])
  })

  test('EnsureAuthorizationRequestContainsPkceCodeChallenge: S256, and nothing is pushed without', async () => {
    holds('EnsureAuthorizationRequestContainsPkceCodeChallenge', PAR)
    expect(await pushedWith({ code_challenge: '' })).toEqual([400, 0])
    expect(await pushedWith({ code_challenge_method: 'plain' })).toEqual([400, 0])
  })

  test('EnsureResponseTypeIsCode: and nothing else is pushed', async () => {
    holds('EnsureResponseTypeIsCode', PAR)
    expect(await pushedWith({ response_type: 'code id_token' })).toEqual([400, 0])
  })

  test('EnsureMatchingClientId: client_id is that of the client that authenticates', () =>
    holds('EnsureMatchingClientId', PAR))

  test('EnsureOpenIDInScopeRequest: the app’s scope arrives', () => holds('EnsureOpenIDInScopeRequest', PAR))

  test('EnsureAuthorizationRequestContainsStateParameter: the app’s state arrives', () =>
    holds('EnsureAuthorizationRequestContainsStateParameter', PAR))

  /** Status, and requests at the server. */
  async function pushedWith(changes: Record<string, string>): Promise<[number, number]> {
    const server = await startServer()
    const party = await startRelyingParty(server)
    const good = {
      response_type: 'code',
      redirect_uri: REDIRECT_URI,
      code_challenge: 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM',
      code_challenge_method: 'S256',
    }
    const { statusCode } = await party.post('/par', { ...good, ...changes })
    return [statusCode, server.requests.length]
  }
})

describe('the exchange of a code', () => {
  const TOKEN = ['token']

  test('ValidateRedirectUri: the one that is registered', () => holds('ValidateRedirectUri', TOKEN))

  test('ValidateCodeVerifierWithS256: the verifier of the challenge that was pushed', () =>
    holds('ValidateCodeVerifierWithS256', TOKEN))

  test('EnsureMinimumPkceCodeVerifierLength: 43 characters at least', () =>
    holds('EnsureMinimumPkceCodeVerifierLength', TOKEN))
})

describe('a DPoP proof of the app’s, on its way through', () => {
  const PROVEN = ['par', 'token']

  test('ValidateDpopProofTokenRequest: htm and htu are of the server’s own endpoint', () =>
    holds('ValidateDpopProofTokenRequest', PROVEN))

  test('ValidateDpopProofIat: it arrives while it is new', () => holds('ValidateDpopProofIat', PROVEN))

  test('EnsureDpopProofJtiNotAlreadyUsed: none is sent twice', () =>
    holds('EnsureDpopProofJtiNotAlreadyUsed', PROVEN))

  test('ValidateDpopProofSignature: it arrives as it was signed', () =>
    holds('ValidateDpopProofSignature', PROVEN))

  test('ValidateParEndpointDpopProofNonce: the nonce goes to the app, and back in its next proof', () =>
    nonces('/par', 1))

  test('ValidateTokenEndpointDpopProofNonce: the same at the token endpoint, for a code and for a refresh token', () =>
    nonces('/token', 2))

  /** So many requests in vain, and as many that came back with the nonce. */
  function nonces(path: string, count: number): void {
    for (const { requests } of trials.servers) {
      const proofs = requests
        .filter(one => one.path === path)
        .map(({ headers }) => headers.find(([name]) => name.toLowerCase() === 'dpop')![1])
        .map(jws => decode(jws).claims.nonce)
      expect(proofs.filter(nonce => nonce === undefined)).toHaveLength(count)
      expect(new Set(proofs.filter(nonce => nonce !== undefined)).size).toBe(count)
    }
  }
})
