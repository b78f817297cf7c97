import { describe, expect, test } from 'vitest'
import {
  BROWSER_REQUEST,
  CLIENT_AUTHENTICATION,
  CLIENT_KEYS,
  CODE_EXCHANGE,
  type Context,
  DPOP_PROOF,
  hasNonce,
  PUSHED_REQUEST,
  verdicts,
} from './conditions.ts'
import { claims, proof, request, WRONG } from './wrong-requests.ts'

// A checker that takes anything proves nothing: each condition refuses a request that is wrong in its one point.

const ALL = {
  ...CLIENT_AUTHENTICATION,
  ...CLIENT_KEYS,
  ...PUSHED_REQUEST,
  ...BROWSER_REQUEST,
  ...CODE_EXCHANGE,
  ...DPOP_PROOF,
}
const failing = async (context: Context) =>
  Object.entries(await verdicts(ALL, context)).flatMap(([name, complaint]) =>
    complaint === undefined ? [] : [[name, complaint]],
  )

test('a good request passes them all', async () => {
  expect(await failing(await request())).toEqual([])
})

/** Those that cannot hold either where this one does not. */
const ALONG: Record<string, string[]> = {
  CheckClientIdMatchesOnTokenRequestIfPresent: ['EnsureMatchingClientId'],
  ValidateDpopProofTokenRequest: ['ValidateDpopProofSignature'],
  EnsureMinimumPkceCodeVerifierLength: ['ValidateCodeVerifierWithS256'],
}

test.each(WRONG)('%s refuses: %s (%#)', async (name, how, change) => {
  const found = await failing(await request(await change()))
  expect(found).toContainEqual([name, how])
  expect(found.filter(([other]) => other !== name && !ALONG[name]?.includes(other!))).toEqual([])
})

test('without an assertion nothing that is read from one holds', async () => {
  const found = await failing(await request({ form: { client_assertion: undefined } }))
  expect(found).toEqual([
    ['ExtractClientAssertion', 'no compact JWS'],
    ['EnsureClientAssertionSignatureAlgorithmMatchesRegistered', 'cannot be read'],
    ['ValidateClientAssertionSignature', 'by no registered key'],
    ['ValidateClientAssertionClaims', 'cannot be read'],
    ['ValidateClientAssertionAudClaimIsIssuerAsString', 'cannot be read'],
    ['CheckForClientAssertionJtiReuse', 'cannot be read'],
  ])
})

test('an assertion without a jti is missed twice', async () => {
  const names = (await failing(await request(await claims({ jti: undefined })()))).map(([name]) => name)
  expect(names).toEqual(['ValidateClientAssertionClaims', 'CheckForClientAssertionJtiReuse'])
})

test('each condition has a wrong request here', () => {
  const tried = new Set(WRONG.map(([name]) => name))
  const others = ['ExtractClientAssertion', 'EnsureMatchingClientId']
  expect(Object.keys(ALL).filter(name => !tried.has(name) && !others.includes(name))).toEqual([])
})

describe('a proof’s nonce', () => {
  test.each<[string | undefined, string | undefined, boolean]>([
    [undefined, undefined, true],
    ['n-1', 'n-1', true],
    ['n-0', 'n-1', false],
    [undefined, 'n-1', false],
  ])('%s where %s is asked for: %s', async (nonce, dpopNonce, expected) => {
    expect(hasNonce(await request({ dpop: await proof({}, { nonce }), dpopNonce }))).toBe(expected)
  })
})
