import { describe, expect, test } from 'vitest'
import { PRESETS } from '../../../lib/config/presets.ts'
import { assertionRules, authorizationServer } from '../../../lib/config/providers.ts'

describe('authorizationServer', () => {
  const base = 'https://auth.pingone.eu/env/as'
  const derived = authorizationServer(PRESETS.pingone, { issuer: base })

  test('ASRT-5: every endpoint is a string before anything is sent: derived, or given', () => {
    expect(derived.token_endpoint).toBe(`${base}/token`)
    const given = { issuer: 'https://id.example.org', token_endpoint: 'https://id.example.org/t' }
    expect(authorizationServer(PRESETS.generic, given)).toEqual(given)
  })

  test('ASRT-3: a trailing slash stays on the issuer and is not doubled in the endpoints', () => {
    expect(authorizationServer(PRESETS.pingone, { issuer: `${base}/` })).toEqual({
      ...derived,
      issuer: `${base}/`,
    })
  })

  test('what the registration gives goes before what is derived', () => {
    const token_endpoint = 'https://login.example.com/token'
    expect(authorizationServer(PRESETS.pingone, { issuer: base, token_endpoint })).toEqual({
      ...derived,
      token_endpoint,
    })
  })
})

describe('ASRT-15: assertionRules', () => {
  test('a minute, signed ahead, unless something else is said', () => {
    expect(assertionRules(PRESETS.pingone, {})).toEqual({
      aud: 'issuer',
      typ: 'JWT',
      lifetime: 60,
      ahead: true,
    })
  })

  test("the registration's own go before the preset's", () => {
    const own = { aud: 'token_endpoint', typ: 'client-authentication+jwt', lifetime: 30, ahead: false }
    expect(assertionRules(PRESETS.entra, own)).toEqual({ ...own, nbf: true, kid: false })
  })
})
