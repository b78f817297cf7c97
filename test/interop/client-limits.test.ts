import { afterAll, beforeAll, expect, test } from 'vitest'
import type { LogRecord } from '../../lib/log.ts'
import { describeInChromium } from '../browser/chromium.ts'
import { type Demo, startDemo } from '../browser/demo.ts'
import { type Apps, startApps } from './clients/apps.ts'
import { press, signIn, watchAll } from './clients/steps.ts'

// What unmodified libraries can and cannot do here (docs/clients.md): proofs of possession, and renewal without a
// refresh token. The provider demands a nonce in each proof.

const bound = { refresh: 'dpop', require_dpop_nonce: true } as const
const without = { refresh: 'none', grant_types: ['authorization_code'] as string[] } as const

const APPS = [
  { name: 'signs-for-us', page: 'oidc-client-ts-dpop.ts', client: bound },
  { name: 'same-url', page: 'oidc-client-ts-dpop.ts', client: bound, told: { way: 'same url' } },
  { name: 'oauth4webapi-dpop', client: bound },
  { name: 'appauth' },
  { name: 'no-refresh', page: 'oidc-client-ts-without.ts', client: without },
]

const lines = (records: LogRecord[]) => records.map(({ route, outcome }) => `${route} ${outcome}`)

describeInChromium('the limits of unmodified clients', chromium => {
  let apps: Apps
  let demo: Demo

  beforeAll(async () => {
    apps = await startApps(APPS)
    demo = await startDemo(apps.clients)
    apps.connect(demo)
  })
  afterAll(async () => {
    await demo?.close()
    apps?.close()
  })

  test('DPOP-2: oidc-client-ts signs for this URL, is told which one to name, and does not try again', async () => {
    const page = await chromium.page()
    const watched = watchAll(page, demo)
    const { error, error_description } = await signIn(page, apps.address('signs-for-us'), 'failed')
    expect(error).toBe('invalid_dpop_proof')
    expect(error_description).toMatch(/htu.*identity provider.*not this URL/)
    expect(watched.posts()).toEqual([`${demo.gateway}/token`])
    const records = await watched.records(2)
    expect(lines(records)).toEqual(['/token preflight', '/token dpop_target_wrong'])
    // Nothing was signed for it.
    expect(records.every(({ jti }) => jti === undefined)).toBe(true)
  })

  test('DPOP-3, DPOP-4, DPOP-5: (a) oauth4webapi signs for the provider and posts here, with the nonces that it is given', async () => {
    const page = await chromium.page()
    const watched = watchAll(page, demo)
    const first = await signIn(page, apps.address('oauth4webapi-dpop'))
    expect(first).toMatchObject({ sub: 'alice', token_type: 'dpop' })
    const second = await press(page, 'Refresh', 'refreshed')
    expect(second.token_type).toBe('dpop')
    expect(second.access_token).not.toBe(first.access_token)

    const records = await watched.records(4)
    expect(lines(records)).toEqual([
      '/token preflight',
      // The challenge, and the answer to it; the nonce then lasts.
      '/token upstream_refused',
      '/token tokens',
      '/token tokens',
    ])
    const exchanges = records.slice(1)
    expect(exchanges.map(({ upstream_error }) => upstream_error)).toEqual([
      'use_dpop_nonce',
      undefined,
      undefined,
    ])
    expect(exchanges.every(({ proof }) => proof)).toBe(true)
    expect(new Set(exchanges.map(({ jti }) => jti)).size).toBe(3)
    expect(watched.posts()).toEqual(exchanges.map(({ route }) => demo.gateway + route))
  })

  test('DPOP-3: (b) behind the provider’s own URL the DPoP of oidc-client-ts works as it is', async () => {
    const page = await chromium.page()
    // What stands in front of the provider's domain: a token request of a page goes to the function. The function's own
    // has no Origin, and goes to the provider.
    await page.route(`${demo.issuer}/token`, route => route.continue({ url: `${demo.gateway}/token` }))
    const watched = watchAll(page, demo)
    const first = await signIn(page, apps.address('same-url'))
    expect(first).toMatchObject({ sub: 'alice', token_type: 'DPoP' })
    const second = await press(page, 'Refresh', 'refreshed')
    expect(second.refresh_token).not.toBe(first.refresh_token)
    expect(new Set(watched.posts())).toEqual(new Set([`${demo.issuer}/token`]))
    // Who routes a page's requests answers its preflights; here that is the test's own browser.
    expect(lines(await watched.records(3))).toEqual([
      '/token upstream_refused',
      '/token tokens',
      '/token tokens',
    ])
  })

  test('DROP-3: AppAuth tells its app the status of a refusal, and not the error', async () => {
    const page = await chromium.page()
    const watched = watchAll(page, demo)
    await signIn(page, apps.address('appauth'))
    await press(page, 'Revoke', 'revoked')
    const { message, error } = await press(page, 'Refresh', 'failed')
    expect([message, error]).toEqual(['400', undefined])
    expect((await watched.records(3)).at(-1)!.upstream_error).toBe('invalid_grant')
  })

  test('DROP-3: without a refresh token oidc-client-ts renews by a frame at the provider, which costs a code', async () => {
    const page = await chromium.page()
    const watched = watchAll(page, demo)
    const first = await signIn(page, apps.address('no-refresh'))
    expect(first.refresh_token).toBeUndefined()
    const second = await press(page, 'Refresh', 'refreshed')
    expect(second.access_token).not.toBe(first.access_token)
    expect(second.refresh_token).toBeUndefined()
    const grants = (await watched.records(2)).map(({ grant_type }) => grant_type)
    expect(grants).toEqual(['authorization_code', 'authorization_code'])
  })

  test('DROP-3: where the provider’s cookie does not get into that frame there is no renewal, and nobody is asked here', async () => {
    const page = await chromium.page()
    const watched = watchAll(page, demo)
    await signIn(page, apps.address('no-refresh'))
    // What a browser that blocks other sites' cookies leaves of them; here all of it is one site.
    await page.context().clearCookies()
    const { error } = await press(page, 'Refresh', 'failed')
    expect(error).toBe('login_required')
    expect(lines(await watched.records(1))).toEqual(['/token tokens'])
  })
})
