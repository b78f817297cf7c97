import { describe, expect, test } from 'vitest'
import type { Client } from '../../../lib/config/client.ts'
import { ProxyError } from '../../../lib/errors.ts'
import { DEVICE_CODE, tokenParameters } from '../../../lib/oauth/grants.ts'
import { client } from '../../support/client.ts'
import { form } from '../../support/code-request.ts'

const refreshing = (overrides: Partial<Client> = {}) =>
  client({ grant_types: ['authorization_code', 'refresh_token'], refresh: 'rotating', ...overrides })

const REQUEST = { grant_type: 'refresh_token', refresh_token: 'rt-1' }

function refusal(request: Record<string, string>, of: Client): Partial<ProxyError> {
  try {
    tokenParameters(form(request), of)
  } catch (error) {
    if (error instanceof ProxyError) return { reason: error.reason, parameter: error.parameter }
    throw error
  }
  throw new Error('was not refused')
}

describe('a refresh', () => {
  test.each(['rotating', 'dpop'] as const)('goes to the provider where the client has %s', refresh => {
    expect([...tokenParameters(form(REQUEST), refreshing({ refresh }))]).toEqual(Object.entries(REQUEST))
  })

  test('TOK-1: is refused where no refresh token is given out, and where the grant is not the client’s', () => {
    expect(refusal(REQUEST, refreshing({ refresh: 'none' }))).toMatchObject({ reason: 'grant_refused' })
    expect(refusal(REQUEST, refreshing({ grant_types: ['authorization_code'] }))).toMatchObject({
      reason: 'grant_refused',
    })
  })

  test('IN-11: a redirect_uri, a code and whatever else is with it stay behind', () => {
    const request = {
      ...REQUEST,
      redirect_uri: 'https://evil.example',
      code: 'c',
      client_id: 'app-1',
      x: 'y',
    }
    expect([...tokenParameters(form(request), refreshing())]).toEqual(Object.entries(REQUEST))
  })

  test('IN-12: scope only narrows', () => {
    const of = refreshing({ scope: ['openid', 'email'] })
    const request = { ...REQUEST, scope: 'openid' }
    expect([...tokenParameters(form(request), of)]).toEqual(Object.entries(request))
    expect(refusal({ ...REQUEST, scope: 'openid admin' }, of)).toMatchObject({ reason: 'scope_refused' })
  })

  test.each([
    [{}, 'parameter_missing'],
    [{ refresh_token: 'rt\n1' }, 'parameter_malformed'],
    [{ refresh_token: 'rt-ä' }, 'parameter_malformed'],
  ])('%j: %s', (changes, reason) => {
    const { refresh_token: _, ...without } = REQUEST
    expect(refusal({ ...without, ...changes }, refreshing())).toEqual({ reason, parameter: 'refresh_token' })
  })
})

describe('DEV-1: the device code grant', () => {
  const request = { grant_type: DEVICE_CODE, device_code: 'dc-1' }

  test('is refused unless the client has it', () => {
    expect(refusal(request, client())).toMatchObject({ reason: 'grant_refused' })
  })

  test('goes to the provider with its code and nothing else', () => {
    const of = client({ grant_types: ['authorization_code', DEVICE_CODE] })
    expect([...tokenParameters(form({ ...request, scope: 'x', code: 'c' }), of)]).toEqual(
      Object.entries(request),
    )
  })
})
