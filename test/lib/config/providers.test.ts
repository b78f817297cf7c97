import { describe, expect, test } from 'vitest'
import { authorizationServer, PROVIDERS, presetOf } from '../../../lib/config/providers.ts'

describe('the presets', () => {
  test('ASRT-2, ASRT-15: the assertion of each: one string for aud, the documented typ, a minute', () => {
    expect(
      Object.fromEntries(Object.entries(PROVIDERS).map(([name, preset]) => [name, preset.assertion])),
    ).toEqual({
      pingone: { aud: 'issuer', typ: 'JWT', lifetime: 60, ahead: true },
      generic: { aud: 'issuer', typ: 'client-authentication+jwt', lifetime: 60, ahead: true },
    })
  })

  test.each([
    ['pingone', true],
    ['generic', true],
    ['toString', false],
    ['', false],
    [undefined, false],
    [1, false],
  ])('presetOf(%j) is known: %j', (name, known) => {
    expect(presetOf(name) !== undefined).toBe(known)
  })
})

describe('authorizationServer', () => {
  const base = 'https://auth.pingone.eu/env/as'
  const derived = {
    authorization_endpoint: `${base}/authorize`,
    token_endpoint: `${base}/token`,
    revocation_endpoint: `${base}/revoke`,
    pushed_authorization_request_endpoint: `${base}/par`,
    device_authorization_endpoint: `${base}/device_authorization`,
    end_session_endpoint: `${base}/signoff`,
    jwks_uri: `${base}/jwks`,
  }

  test('pingone: every endpoint follows from the issuer', () => {
    expect(authorizationServer(PROVIDERS.pingone, { issuer: base })).toEqual({ issuer: base, ...derived })
  })

  test('ASRT-3: a trailing slash stays on the issuer and is not doubled in the endpoints', () => {
    expect(authorizationServer(PROVIDERS.pingone, { issuer: `${base}/` })).toEqual({
      issuer: `${base}/`,
      ...derived,
    })
  })

  test('what the registration gives goes before what is derived', () => {
    const token_endpoint = 'https://login.example.com/token'
    expect(authorizationServer(PROVIDERS.pingone, { issuer: base, token_endpoint })).toEqual({
      issuer: base,
      ...derived,
      token_endpoint,
    })
  })

  test('ASRT-5: generic derives nothing', () => {
    const given = { issuer: 'https://id.example.org', token_endpoint: 'https://id.example.org/t' }
    expect(authorizationServer(PROVIDERS.generic, given)).toEqual(given)
  })
})
