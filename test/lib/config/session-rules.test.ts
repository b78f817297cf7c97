import { describe, expect, test } from 'vitest'
import type { ConfigurationError } from '../../../lib/config/problems.ts'
import { notices, parseRegistrations } from '../../../lib/config/registrations.ts'
import { ARN, registration } from '../../support/function.ts'
import { testKey } from '../../support/keys.ts'
import { bffClient, sessionClient } from '../../support/session.ts'

const parse = (...clients: Record<string, unknown>[]) =>
  parseRegistrations(JSON.stringify({ version: 1, clients }), { revision: '1', onLambda: true })

function problemsOf(...clients: Record<string, unknown>[]): string[] {
  try {
    parse(...clients)
    return []
  } catch (error) {
    return (error as ConfigurationError).problems.map(({ path, message }) => `${path}: ${message}`)
  }
}

// These rules read what may be anything: the schema says what is wrong with it, once, and they add nothing to that.
describe('a member of the wrong kind is listed by what it should be, and nothing else is made of it', () => {
  test.each<[Record<string, unknown>, string[]]>([
    [{ provider: 'nobody' }, ['provider']],
    [{ provider: 7 }, ['provider']],
    [{ issuer: undefined }, ['issuer']],
    [{ issuer: 7 }, ['issuer']],
    [{ scope: 7 }, ['scope']],
    [{ public_url: 'x' }, ['public_url']],
    [{ public_url: ['https://auth.example.org'] }, ['public_url']],
    [{ allowed_origins: 'x' }, ['allowed_origins']],
    [{ allowed_origins: ['x'] }, ['allowed_origins[0]']],
  ])('%j', (changes, paths) => {
    const found = problemsOf(sessionClient(changes)).map(line =>
      line.split(':')[0]!.replace('clients[0].', ''),
    )
    expect(found).toEqual(paths)
  })
})

test('the rules are those of the delivery `session`, too', () => {
  expect(problemsOf(bffClient({ scope: 'profile' }))).toEqual([
    'clients[0].scope: must contain openid in this delivery',
  ])
})

test('IDT-3: issuers whose answers come to addresses of their own need not say whose they are', () => {
  const { public_jwk } = testKey('PS256', 'second')
  const signing_key = { kms_key_arn: ARN.replace(/1$/, '2'), alg: 'PS256', public_jwk, state: 'active' }
  const second = (public_url: string) =>
    sessionClient({
      client_id: 'app-2',
      issuer: 'https://other.example.net',
      public_url,
      signing_keys: [signing_key],
    })
  expect(problemsOf(sessionClient(), second('https://auth2.example.com'))).toEqual([])
  expect(problemsOf(sessionClient(), second('https://auth.example.com'))).toHaveLength(2)
})

test('REV-2: whose logout revokes nothing is told at start-up, by its path', () => {
  const without = { revocation_endpoint: undefined }
  expect(notices(parse(sessionClient(without)))).toContain(
    'clients[0].revocation_endpoint: is absent: after a logout the tokens are good until they run out',
  )
  // The delivery `tokens` has no logout.
  const issuer = 'https://id.example.org'
  const tokens = registration({ provider: 'generic', issuer, token_endpoint: `${issuer}/token` })
  for (const client of [sessionClient(), tokens]) {
    expect(notices(parse(client)).join()).not.toContain('revocation_endpoint')
  }
})
