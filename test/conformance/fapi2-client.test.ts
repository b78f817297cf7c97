import { afterAll, describe, expect, test } from 'vitest'
import { closeProviders } from '../support/fake-provider.ts'
import type { IdTokenParts } from '../support/id-tokens.ts'
import { type TestKey, testKey } from '../support/keys.ts'
import { type App, startBrowser, startPage } from './apps.ts'
import {
  BROWSER_REQUEST,
  CLIENT_AUTHENTICATION,
  CLIENT_KEYS,
  CODE_EXCHANGE,
  DPOP_PROOF,
  PUSHED_REQUEST,
} from './conditions.ts'
import { closeKms } from './relying-party.ts'
import { type Behaviour, type Server, startServer } from './server.ts'

// The modules of the suite's FAPI 2.0 client test plan (private_key_jwt, plain_fapi, OpenID Connect), each for a client with
// DPoP (delivery `tokens`) and for one whose sign-in begins here (`mediated`).

afterAll(() => {
  closeProviders()
  closeKms()
})

const CLIENT_ID = 'app-1'
const APPS = [
  ['tokens', startPage],
  ['mediated', startBrowser],
] as const

/** Runs with a server that does so, and holds that it had nothing to complain of. */
async function each(
  does: Behaviour,
  run: (app: App, server: Server, delivery: 'tokens' | 'mediated') => Promise<void>,
): Promise<void> {
  for (const [delivery, start] of APPS) {
    const server = await startServer({ dpopNonce: true, ...does })
    await run(await start(server), server, delivery)
    expect(server.verdicts.filter(({ complaint }) => complaint !== undefined)).toEqual([])
  }
}

const paths = ({ requests }: Server) => requests.map(({ path }) => path)

describe('what is taken', () => {
  test('FAPI2SPFinalClientTestHappyPath: every condition is held, with a nonce in every proof', () =>
    each({}, async (app, server, delivery) => {
      expect(await app.signIn()).toBe(true)
      const groups = [CLIENT_KEYS, CLIENT_AUTHENTICATION, PUSHED_REQUEST, BROWSER_REQUEST, CODE_EXCHANGE]
      const all = [...groups, ...(delivery === 'tokens' ? [DPOP_PROOF] : [])].flatMap(Object.keys)
      expect(new Set(server.verdicts.map(({ condition }) => condition))).toEqual(new Set(all))
      const posts = delivery === 'tokens' ? ['/par', '/par', '/token', '/token'] : ['/par', '/token']
      expect(paths(server).filter(path => path !== '/jwks')).toEqual(posts)
    }))

  test('FAPI2SPFinalClientTestHappyPathNoDpopNonce: and without', () =>
    each({ dpopNonce: false }, async (app, server) => {
      expect(await app.signIn()).toBe(true)
      expect(paths(server).filter(path => path !== '/jwks')).toEqual(['/par', '/token'])
    }))

  test('FAPI2SPFinalClientTestValidAudAsArray: aud of an ID token may be a list of one', () =>
    each({ idToken: { claims: { aud: [CLIENT_ID] } } }, async app => {
      expect(await app.signIn()).toBe(true)
    }))

  test('FAPI2SPFinalClientTestTokenEndpointResponseWithoutExpiresIn: expires_in may be missing, and stays so', () =>
    each({ tokenResponse: { expires_in: undefined } }, async (app, _, delivery) => {
      expect(await app.signIn()).toBe(true)
      if (delivery === 'tokens') expect(JSON.parse(app.answer!.body)).not.toHaveProperty('expires_in')
    }))

  test('FAPI2SPFinalClientTestTokenTypeCaseInsenstivity: token_type in the other case is the same', async () => {
    for (const [delivery, start] of APPS) {
      const token_type = delivery === 'tokens' ? 'dpOp' : 'bEARER'
      const server = await startServer({ tokenResponse: { token_type } })
      expect(await (await start(server)).signIn()).toBe(true)
    }
  })

  test('FAPI2SPFinalClientRefreshTokenTest: twice, each time by the newest token and with an assertion of its own', () =>
    each({}, async (app, server, delivery) => {
      expect(await app.signIn()).toBe(true)
      const before = paths(server).length
      expect(await app.refresh()).not.toBe(await app.refresh())
      const tries = delivery === 'tokens' ? 4 : 2
      expect(paths(server).slice(before)).toEqual(Array.from({ length: tries }, () => '/token'))
    }))

  test.each(['PS256', 'ES256', 'EdDSA'] as const)(
    'AugmentRealJwksWithDecoys: the key is found by alg among others of the same kid (%s)',
    async alg => {
      for (const [, start] of APPS) {
        const server = await startServer({ key: testKey(alg, 'server') })
        expect(await (await start(server, { idTokenAlg: alg })).signIn()).toBe(true)
      }
    },
  )

  test('FAPI2SPFinalClientTestDiscoveryIssuerMismatch: nothing is discovered at run time that could be of another issuer', () =>
    each({}, async (app, server) => {
      expect(await app.signIn()).toBe(true)
      expect(new Set(paths(server))).toEqual(new Set(['/par', '/token', '/jwks']))
    }))
})

describe('what the browser and the code verifier say, where the sign-in begins here', () => {
  const holds = async (condition: string, times: number) => {
    const server = await startServer()
    const app = await startBrowser(server)
    expect([await app.signIn(), await app.signIn()]).toEqual([true, true])
    const found = server.verdicts.filter(one => one.condition === condition)
    expect(found.map(({ complaint }) => complaint)).toEqual(Array.from({ length: times }, () => undefined))
  }

  test('EnsureAuthorizationRequestContainsOnlyExpectedParamsWhenUsingPAR: client_id and request_uri, and nothing else', () =>
    holds('EnsureAuthorizationRequestContainsOnlyExpectedParamsWhenUsingPAR', 2))

  test('EnsurePkceCodeVerifierNotUsed: each sign-in has a verifier of its own', () =>
    holds('EnsurePkceCodeVerifierNotUsed', 2))
})

describe('an ID token that is refused: the app gets no token of that answer, and no session begins', () => {
  /** And the same client signs in where the server does nothing wrong. */
  const refuses = (check: string, idToken: IdTokenParts, key?: TestKey) =>
    each({ idToken, ...(key && { key }) }, async (app, server, delivery) => {
      expect(await app.signIn()).toBe(false)
      expect(app.party.log.at(-1)).toMatchObject({
        outcome: 'id_token_invalid',
        error_name: `ID_TOKEN_${check}`,
        status: 502,
      })
      expect(app.answer!.body).not.toContain('token"')
      // Nothing is done with the tokens but to give them back.
      const after = paths(server).slice(paths(server).lastIndexOf('/token') + 1)
      expect(after.filter(path => path !== '/jwks')).toEqual(delivery === 'tokens' ? [] : ['/revoke'])
      server.does = { dpopNonce: true }
      if (key === undefined) expect(await app.signIn()).toBe(true)
    })

  test('FAPI2SPFinalClientTestInvalidIss: another issuer', () =>
    refuses('ISS', { claims: { iss: 'https://127.0.0.1/1' } }))

  test('FAPI2SPFinalClientTestInvalidMissingIss: no issuer', () =>
    refuses('ISS', { claims: { iss: undefined } }))

  test('FAPI2SPFinalClientTestInvalidAud: another audience', () =>
    refuses('AUD', { claims: { aud: `${CLIENT_ID}1` } }))

  test('FAPI2SPFinalClientTestInvalidSecondaryAud: a second audience that nobody trusts', () =>
    refuses('AZP', { claims: { aud: [CLIENT_ID, `${CLIENT_ID}1`] } }))

  test('FAPI2SPFinalClientTestInvalidMissingAud: no audience', () =>
    refuses('AUD', { claims: { aud: undefined } }))

  test('FAPI2SPFinalClientTestInvalidExpiredExp: run out six minutes ago', () =>
    refuses('EXP', { claims: { exp: Math.floor(Date.now() / 1000) - 360 } }))

  test('FAPI2SPFinalClientTestInvalidMissingExp: no exp', () =>
    refuses('EXP', { claims: { exp: undefined } }))

  test('FAPI2SPFinalClientTestInvalidNullAlg: alg none', () =>
    refuses('ALG', { header: { alg: 'none' }, sign: () => Buffer.alloc(0) }))

  test('FAPI2SPFinalClientTestInvalidAlternateAlg: RS256, though by a key that is published', () =>
    refuses('ALG', {}, testKey('RS256', 'server')))
})

describe('a nonce that is not that of the request', () => {
  /** In `tokens` the library has it, in `mediated` the function. */
  const refuses = (nonce: string | undefined) =>
    each({ idToken: { claims: { nonce } } }, async (app, server, delivery) => {
      expect(await app.signIn()).toBe(false)
      if (delivery === 'tokens') {
        expect(app.error).toMatchObject({ name: 'OperationProcessingError' })
        expect(String((app.error as Error).message)).toMatch(/nonce/)
      } else {
        expect(app.party.log.at(-1)).toMatchObject({ error_name: 'ID_TOKEN_NONCE', status: 502 })
      }
      server.does = { dpopNonce: true }
      expect(await app.signIn()).toBe(true)
    })

  test('FAPI2SPFinalClientTestInvalidNonce: another one', () => refuses('another'))

  test('FAPI2SPFinalClientTestInvalidMissingNonce: none', () => refuses(undefined))
})

describe('an authorization response that is refused: no code is exchanged', () => {
  const refuses = (
    authorizationResponse: Behaviour['authorizationResponse'] & object,
    outcome: string,
    complaint: RegExp,
  ) =>
    each({ authorizationResponse }, async (app, server, delivery) => {
      expect(await app.signIn()).toBe(false)
      expect(paths(server)).not.toContain('/token')
      if (delivery === 'tokens') expect(String((app.error as Error).message)).toMatch(complaint)
      else expect(app.party.log.at(-1)).toMatchObject({ outcome, status: 400 })
      server.does = { dpopNonce: true }
      expect(await app.signIn()).toBe(true)
    })

  test('FAPI2SPFinalClientTestInvalidAuthorizationResponseIss: of another issuer', () =>
    refuses(({ iss }) => ({ iss: `${iss}1` }), 'issuer_mismatch', /iss/))

  test('FAPI2SPFinalClientTestRemoveAuthorizationResponseIss: of none', () =>
    refuses(() => ({ iss: undefined }), 'issuer_mismatch', /iss/))

  test('FAPI2SPFinalClientTestEnsureAuthorizationResponseWithInvalidStateFails: with another state', () =>
    refuses(({ state }) => ({ state: `${state}1` }), 'login_unknown', /state/))

  test('FAPI2SPFinalClientTestEnsureAuthorizationResponseWithInvalidMissingStateFails: without', () =>
    refuses(() => ({ state: undefined }), 'parameter_missing', /state/))
})
