import { describe, expect, test } from 'vitest'
import type { Client } from '../../../lib/config/client.ts'
import { appHeaders, madeUpRequest } from '../../../lib/oauth/made-up.ts'
import { client, ISSUER } from '../../support/client.ts'

const ORIGIN = 'https://app.example.com'

function fresh() {
  let ids = 0
  return () => `${++ids}`.padStart(22, 'r')
}

describe('what nobody was given', () => {
  test('a code and a verifier, other ones each time', () => {
    const randomId = fresh()
    const forms = [1, 2].map(() => Object.fromEntries(madeUpRequest(client(), randomId)!.form))
    for (const member of ['code', 'code_verifier']) {
      expect(new Set(forms.map(form => form[member])).size, member).toBe(2)
    }
    // RFC 7636 section 4.1, of ids as short as they may be.
    for (const { code_verifier } of forms) expect(code_verifier).toMatch(/^[A-Za-z0-9._~-]{43,128}$/)
  })

  test('a token, where the app has a session; without an endpoint to revoke it at there is nothing to ask', () => {
    const session = (as: object) =>
      madeUpRequest(client({ delivery: 'session', as: { ...client().as, ...as } }), fresh())
    const { path, form, headers } = session({ revocation_endpoint: `${ISSUER}/revoke` })!
    expect([path, [...form.keys()], headers]).toEqual([
      '/revoke',
      ['client_id', 'token'],
      { origin: ORIGIN, 'x-csrf': '1' },
    ])
    expect(session({})).toBeUndefined()
  })
})

test.each<[Client['application_type'], Client['delivery'], string | undefined, Record<string, string>]>([
  ['web', 'tokens', ORIGIN, { origin: ORIGIN }],
  ['web', 'mediated', ORIGIN, { origin: ORIGIN, 'x-csrf': '1' }],
  ['web', 'tokens', undefined, {}],
  ['web', 'session', undefined, {}],
  ['native', 'tokens', undefined, {}],
  // A native app has no Origin, whatever its registration says of others.
  ['native', 'tokens', ORIGIN, {}],
  ['native', 'mediated', ORIGIN, {}],
])('a %s app of the delivery %s, at %s, sends %j', (application_type, delivery, origin, headers) => {
  expect(appHeaders({ application_type, delivery }, origin)).toStrictEqual(headers)
})
