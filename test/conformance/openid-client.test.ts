import { createHmac } from 'node:crypto'
import { afterAll, describe, expect, test } from 'vitest'
import { closeProviders } from '../support/fake-provider.ts'
import { ORIGIN } from '../support/function.ts'
import { half, type IdTokenParts, published } from '../support/id-tokens.ts'
import { testKey } from '../support/keys.ts'
import { type App, startBrowser, startPage } from './apps.ts'
import { closeKms } from './relying-party.ts'
import { type Behaviour, type Server, startServer } from './server.ts'

// The modules of the suite's OpenID Connect plans for relying parties (code flow, private_key_jwt, RS256): what they ask of
// an ID token, of the server's keys, of a refresh and of a logout. Bearer tokens, and no pushed request.

afterAll(() => {
  closeProviders()
  closeKms()
})

const CLIENT_ID = 'app-1'
const key = testKey('RS256', 'op')
const other = testKey('RS256', 'op-2')
const GENERIC = { over: { provider: 'generic' }, alg: 'RS256', idTokenAlg: 'RS256', dpop: false } as const
const APPS = [startPage, startBrowser]

async function each(
  does: Behaviour,
  run: (app: App, server: Server) => Promise<void>,
  apps: (typeof startPage | typeof startBrowser)[] = APPS,
): Promise<void> {
  for (const start of apps) {
    const server = await startServer({ key, ...does }, { par: false })
    await run(await start(server, GENERIC), server)
    expect(server.verdicts.filter(({ complaint }) => complaint !== undefined)).toEqual([])
  }
}

const takes = (does: Behaviour) => each(does, async app => expect(await app.signIn()).toBe(true))

/** And where the server does nothing wrong, the same client signs in. */
const refuses = (check: string, does: Behaviour) =>
  each(does, async (app, server) => {
    expect(await app.signIn()).toBe(false)
    expect(app.party.log.at(-1)).toMatchObject({ error_name: `ID_TOKEN_${check}`, status: 502 })
    expect(app.answer!.body).not.toContain('token"')
    server.does = { key }
    expect(await app.signIn()).toBe(true)
  })

const claims = (changed: Record<string, unknown>): Behaviour => ({ idToken: { claims: changed } })

describe('OpenID Connect Core: the claims of an ID token', () => {
  test('OIDCCClientTest: a sign-in by code', () => takes({}))

  test('OIDCCClientTestInvalidIssuerInIdToken: another issuer', () =>
    refuses('ISS', claims({ iss: 'https://127.0.0.1/1' })))

  test('OIDCCClientTestMissingSubInIdToken: no sub', () => refuses('SUB', claims({ sub: undefined })))

  test('OIDCCClientTestInvalidAudInIdToken: another audience', () =>
    refuses('AUD', claims({ aud: `${CLIENT_ID}1` })))

  test('OIDCCClientTestMissingAudInIdToken: no audience', () => refuses('AUD', claims({ aud: undefined })))

  test('OIDCCClientTestMissingIatInIdToken: no iat', () => refuses('IAT', claims({ iat: undefined })))

  test('OIDCCClientTestInvalidAtHashInIdToken: an at_hash of another access token', () =>
    refuses('AT_HASH', claims({ at_hash: half('sha256', 'another') })))

  test('OIDCCClientTestInvalidCHashInIdToken: a c_hash of another code', () =>
    refuses('C_HASH', claims({ c_hash: half('sha256', 'another') })))

  test('OIDCCClientTestNonceInvalid: another nonce, found by the app or by the function', () =>
    each(claims({ nonce: 'another' }), async app => {
      expect(await app.signIn()).toBe(false)
      const { error_name } = app.party.log.at(-1)!
      expect(error_name ?? String(app.error)).toMatch(/nonce/i)
    }))
})

describe('OpenID Connect Core: the signature of an ID token', () => {
  test('OIDCCClientTestIdTokenSignedUsingRS256: RS256 is taken', () => takes({ key }))

  test('OIDCCClientTestInvalidIdTokenSignatureWithRS256: by another key than the kid names', () =>
    refuses('SIGNATURE', { idToken: { sign: other.sign } }))

  test('OIDCCClientTestInvalidIdTokenSignatureWithES256: the same with ES256', () => {
    const es256 = testKey('ES256', 'op')
    const sign = testKey('ES256', 'op-2').sign
    const header = { alg: 'ES256', kid: 'kid-es' }
    const jwks = [published(key, 'kid-p'), published(es256, 'kid-es')]
    return refuses('SIGNATURE', { idToken: { header, sign }, jwks })
  })

  test('OIDCCClientTestInvalidIdTokenSignatureWithHS256: the published key as a secret', () => {
    const secret = key.publicKey.export({ format: 'pem', type: 'spki' })
    const sign = (input: Buffer) => createHmac('sha256', secret).update(input).digest()
    return refuses('ALG', { idToken: { header: { alg: 'HS256' }, sign } })
  })

  test('OIDCCClientTestIdTokenSigAlgNone: alg none, also from the token endpoint', () =>
    refuses('ALG', { idToken: { header: { alg: 'none' }, sign: () => Buffer.alloc(0) } }))

  const noKid: IdTokenParts = { header: { kid: undefined } }

  test('OIDCCClientTestKidAbsentSingleJwks: without a kid the one key that fits is meant', () =>
    takes({ idToken: noKid, jwks: [published(testKey('ES256', 'op')), published(key)] }))

  test('OIDCCClientTestKidAbsentMultipleMatchingKeysInJwks: of several none is', () =>
    refuses('KEY', { idToken: noKid, jwks: [published(other), published(key)] }))
})

describe('the server changes its keys', () => {
  test('OIDCCClientTestSigningKeyRotation: between two sign-ins, and the second reads them anew', () =>
    each({}, async (app, server) => {
      expect(await app.signIn()).toBe(true)
      server.does = { key: other, idToken: { header: { kid: 'kid-2' } }, jwks: [published(other, 'kid-2')] }
      expect(await app.signIn()).toBe(true)
      expect(server.requests.filter(({ path }) => path === '/jwks')).toHaveLength(2)
    }))

  test('OIDCCClientTestSigningKeyRotationJustBeforeSigning: after they were read, and they are read again', () =>
    each({}, async (app, server) => {
      const before = [published(other, 'kid-p')]
      server.does = { key, idToken: { header: { kid: 'kid-2' } } }
      Object.defineProperty(server.does, 'jwks', {
        get: () =>
          server.requests.filter(({ path }) => path === '/jwks').length > 1
            ? [published(key, 'kid-2')]
            : before,
      })
      expect(await app.signIn()).toBe(true)
      expect(server.requests.filter(({ path }) => path === '/jwks')).toHaveLength(2)
    }))
})

describe('OpenID Connect Core 12.2: the ID token of a refresh', () => {
  test('OIDCCClientTestRefreshToken: of the same issuer and user', () =>
    each({}, async app => {
      expect(await app.signIn()).toBe(true)
      expect(await app.refresh()).toBeTruthy()
    }))

  const refusesAfter = (check: string, changed: Record<string, unknown>, apps = APPS) =>
    each(
      {},
      async (app, server) => {
        expect(await app.signIn()).toBe(true)
        server.does = { key, ...claims(changed) }
        await expect(app.refresh()).rejects.toThrow()
        expect(app.party.log.at(-1)).toMatchObject({ error_name: `ID_TOKEN_${check}`, status: 502 })
      },
      apps,
    )

  test('OIDCCClientTestRefreshTokenInvalidIssuer: of another issuer', () =>
    refusesAfter('ISS', { iss: 'https://127.0.0.1/1' }))

  test('OIDCCClientTestRefreshTokenInvalidSub: of another user, where the function knows who it was', () =>
    refusesAfter('SUB', { sub: 'bob' }, [startBrowser]))
})

describe('RP-Initiated Logout', () => {
  const leave = async (form: Record<string, string>) => {
    const server = await startServer({ key }, { par: false })
    const app = await startBrowser(server, GENERIC)
    expect(await app.signIn()).toBe(true)
    const { statusCode, body } = await app.browser.post('/logout', form)
    return {
      server,
      app,
      statusCode,
      url: statusCode === 200 ? new URL(JSON.parse(body).logout_url) : undefined,
    }
  }
  const BYE = `${ORIGIN}/bye`

  test('OIDCCClientTestRPInitLogout: the session ends here, its tokens are given back, and the browser goes to end_session_endpoint', async () => {
    const { server, app, url } = await leave({ post_logout_redirect_uri: BYE, state: 's' })
    expect(`${url!.origin}${url!.pathname}`).toBe(server.metadata.end_session_endpoint)
    expect(url!.searchParams.get('state')).toBe('s')
    expect(app.browser.session).toEqual([])
    expect(server.requests.at(-1)!.path).toBe('/revoke')
    expect(server.verdicts.filter(({ complaint }) => complaint !== undefined)).toEqual([])
  })

  test('ValidatePostLogoutRedirectUri: a registered one goes there, and no other', async () => {
    const { url } = await leave({ post_logout_redirect_uri: BYE })
    expect(url!.searchParams.get('post_logout_redirect_uri')).toBe(BYE)
    expect((await leave({ post_logout_redirect_uri: `${BYE}/` })).statusCode).toBe(400)
  })

  test('ValidateIdTokenHintInRPInitiatedLogoutRequest is not held: client_id goes in the place of an id_token_hint', async () => {
    const { url } = await leave({ post_logout_redirect_uri: BYE })
    expect(url!.searchParams.get('client_id')).toBe(CLIENT_ID)
    expect(url!.searchParams.has('id_token_hint')).toBe(false)
  })
})
