import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { describeInChromium } from '../browser/chromium.ts'
import { type Demo, startDemo } from '../browser/demo.ts'
import { send } from '../support/sign-in.ts'
import { type AppPlan, type Apps, bundleApp, startApps } from './clients/apps.ts'
import type { Spoiling } from './clients/bundle.ts'
import { press, type Shown, signIn, watchAll } from './clients/steps.ts'

// The client libraries of the browser as they come from their registry, each in a page of its own against the local
// stack: nothing of a package is changed, and no fetch is patched. Each again with its own source spoiled on purpose,
// and then it must not get through: what passes above it passes because of the package.

interface Case extends AppPlan {
  /** The sign-in pushes its authorization request. */
  par?: true
  /** It revokes both of its tokens. */
  both?: true
  spoiling: Spoiling
  /** What the function's log says of the spoiled one's exchange; nothing where it never came. */
  refused?: string
}

const CASES: Case[] = [
  {
    name: 'oidc-client-ts',
    both: true,
    spoiling: {
      file: 'oidc-client-ts/dist/esm/oidc-client-ts.js',
      from: 'grant_type = "authorization_code"',
      to: 'grant_type = "authorisation_code"',
    },
    refused: 'grant_refused',
  },
  {
    name: 'react-oidc-context',
    page: 'react-oidc-context.tsx',
    both: true,
    // The settings lose our endpoints on the way: the page turns to the provider, which lets no page exchange.
    spoiling: {
      file: 'react-oidc-context/dist/esm/react-oidc-context.js',
      from: 'new UserManagerImpl(userManagerSettings)',
      to: 'new UserManagerImpl({ ...userManagerSettings, metadataSeed: {} })',
    },
  },
  {
    name: 'appauth',
    spoiling: {
      file: '@openid/appauth/built/src/token_request.js',
      from: "map['code'] =",
      to: "map['kode'] =",
    },
    refused: 'parameter_missing',
  },
  {
    name: 'oauth4webapi',
    par: true,
    spoiling: {
      file: 'oauth4webapi/build/index.js',
      from: "parameters.set('code_verifier', codeVerifier)",
      to: "parameters.set('code_verifiers', codeVerifier)",
    },
    refused: 'parameter_missing',
  },
  {
    name: 'openid-client',
    spoiling: {
      file: 'openid-client/build/index.js',
      from: 'checks?.pkceCodeVerifier || oauth.nopkce',
      to: 'oauth.nopkce',
    },
    refused: 'parameter_missing',
  },
]

describeInChromium('unmodified clients in a browser', chromium => {
  let apps: Apps
  let demo: Demo

  beforeAll(async () => {
    apps = await startApps(CASES)
    demo = await startDemo(apps.clients)
    apps.connect(demo)
  })
  afterAll(async () => {
    await demo?.close()
    apps?.close()
  })

  const userinfo = async ({ access_token }: Shown) =>
    (await send(`${demo.issuer}/userinfo`, { headers: { authorization: `Bearer ${access_token}` } })).status

  /** What becomes of a refresh token in the hands of somebody who sends the app's own request with it. */
  async function redeemed(client_id: string, refresh_token: string): Promise<string> {
    const { origin } = new URL(apps.address(client_id))
    const body = new URLSearchParams({ grant_type: 'refresh_token', client_id, refresh_token })
    const response = await fetch(`${demo.gateway}/token`, { method: 'POST', headers: { origin }, body })
    return response.ok ? 'tokens' : ((await response.json()) as { error: string }).error
  }

  describe.each(CASES)('$name', plan => {
    const { name, par, both, spoiling, refused } = plan

    test('DROP-1, DROP-2, IN-11: signs in, refreshes and revokes; the function is all it posts to', async () => {
      const page = await chromium.page()
      const watched = watchAll(page, demo)
      const first = await signIn(page, apps.address(name))
      expect(first).toMatchObject({ sub: 'alice', token_type: expect.stringMatching(/^bearer$/i) })
      expect(await userinfo(first)).toBe(200)

      const second = await press(page, 'Refresh', 'refreshed')
      expect(second.access_token).not.toBe(first.access_token)
      expect(second.refresh_token).not.toBe(first.refresh_token)
      expect(await userinfo(second)).toBe(200)

      await press(page, 'Revoke', 'revoked')
      expect(await userinfo(second)).toBe(401)
      expect(await redeemed(name, second.refresh_token!)).toBe('invalid_grant')

      // No preflight among them: what these libraries send is a plain form.
      const expected = [
        ...(par ? ['/par pushed'] : []),
        '/token tokens',
        '/token tokens rotated',
        ...(both ? ['/revoke revoked'] : []),
        '/revoke revoked',
        '/token upstream_refused',
      ]
      const records = await watched.records(expected.length)
      expect(
        records.map(({ route, outcome, rotation }) => [route, outcome, rotation].join(' ').trim()),
      ).toEqual(expected)
      expect(records.map(({ client_id }) => client_id)).toEqual(expected.map(() => name))
      // The last one is this test's own.
      expect(watched.posts()).toEqual(records.slice(0, -1).map(({ route }) => demo.gateway + route))
    })

    test('spoiled, it does not sign in', async () => {
      const page = await chromium.page()
      const body = await bundleApp(plan, spoiling)
      await page.route(apps.script(name), route => route.fulfill({ body, contentType: 'text/javascript' }))
      const watched = watchAll(page, demo)
      await expect(signIn(page, apps.address(name))).rejects.toThrow('failed and not signed-in')
      const records = await watched.records((par ? 1 : 0) + (refused ? 1 : 0))
      const exchanges = records.filter(({ route }) => route === '/token')
      expect(exchanges.map(({ outcome }) => outcome)).toEqual(refused ? [refused] : [])
      expect(watched.posts().at(-1)).toBe(`${refused ? demo.gateway : demo.issuer}/token`)
    })
  })
})
