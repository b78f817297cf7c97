import fc from 'fast-check'
import { expect, test } from 'vitest'
import { ProxyError } from '../../../lib/errors.ts'
import type { Form } from '../../../lib/http/form.ts'
import { authorizationParameters } from '../../../lib/oauth/authorization.ts'
import { deviceParameters } from '../../../lib/oauth/device.ts'
import { tokenParameters } from '../../../lib/oauth/grants.ts'
import { parParameters } from '../../../lib/oauth/par.ts'
import { refuseMisuse } from '../../../lib/oauth/parameters.ts'
import { revocationParameters } from '../../../lib/oauth/revocation.ts'
import { anyText } from '../../support/arbitraries.ts'
import { client, REDIRECT_URI } from '../../support/client.ts'

// IN-5: of all that can be sent, what goes on is what the RFC of the endpoint lists, once, and as it was sent.

const DEVICE = 'urn:ietf:params:oauth:grant-type:device_code'
const registered = client({
  grant_types: ['authorization_code', 'refresh_token', DEVICE],
  refresh: 'rotating',
  scope: ['openid', 'profile'],
  resource: ['https://api.example.com/a', 'https://api.example.com/b'],
})
const CHALLENGE = 'c'.repeat(43)
const LIMITS = ['scope', 'resource']
const OIDC = ['prompt', 'max_age', 'ui_locales', 'login_hint', 'acr_values', 'display']
const PUSHED = [
  ...[
    'response_type',
    'redirect_uri',
    'code_challenge',
    'code_challenge_method',
    'state',
    'nonce',
    'response_mode',
  ],
  ...['claims_locales', 'id_token_hint', 'claims', 'authorization_details', 'dpop_jkt', ...OIDC, ...LIMITS],
]
const BINDING = {
  state: 'our-state',
  nonce: 'our-nonce',
  code_challenge: CHALLENGE,
  redirect_uri: 'https://a.example/cb',
}

interface Kind {
  good: Record<string, string>
  listed: string[]
  of(form: Form): URLSearchParams
  /** What we say ourselves, whatever was sent. */
  ours?: Record<string, string>
}

const ofToken = (form: Form) => tokenParameters(form, registered)
const KINDS: Record<string, Kind> = {
  'a code': {
    good: {
      grant_type: 'authorization_code',
      code: 'c',
      redirect_uri: REDIRECT_URI,
      code_verifier: 'v'.repeat(43),
    },
    listed: ['grant_type', 'code', 'redirect_uri', 'code_verifier', ...LIMITS],
    of: ofToken,
  },
  'a refresh token': {
    good: { grant_type: 'refresh_token', refresh_token: 'r' },
    listed: ['grant_type', 'refresh_token', ...LIMITS],
    of: ofToken,
  },
  'a device': {
    good: { grant_type: DEVICE, device_code: 'd' },
    listed: ['grant_type', 'device_code'],
    of: ofToken,
  },
  'the beginning of a device flow': {
    good: {},
    listed: LIMITS,
    of: form => deviceParameters(form, registered),
  },
  'a revocation': { good: { token: 't' }, listed: ['token', 'token_type_hint'], of: revocationParameters },
  'a pushed request': {
    good: {
      response_type: 'code',
      redirect_uri: REDIRECT_URI,
      code_challenge: CHALLENGE,
      code_challenge_method: 'S256',
    },
    listed: PUSHED,
    of: form => parParameters(form, registered),
  },
  'a sign-in that begins here': {
    good: {},
    listed: [...PUSHED, 'nonce'],
    of: form => authorizationParameters(form, registered, BINDING),
    ours: { ...BINDING, response_type: 'code', code_challenge_method: 'S256' },
  },
}

const NAMES = [
  ...new Set(Object.values(KINDS).flatMap(({ listed }) => listed)),
  ...[
    'client_id',
    'client_secret',
    'client_assertion',
    'client_assertion_type',
    'assertion',
    'request',
    'request_uri',
  ],
  ...[
    'audience',
    'username',
    'password',
    'actor_token',
    'subject_token',
    '__proto__',
    'constructor',
    'iss',
    'sub',
  ],
]
const VALUES = [
  'openid',
  'openid profile',
  'profile',
  'admin',
  'https://api.example.com/a',
  'https://evil.example',
  '60',
]
const more = fc.array(
  fc.tuple(
    fc.oneof({ weight: 5, arbitrary: fc.constantFrom(...NAMES) }, { weight: 1, arbitrary: anyText(10) }),
    fc.array(
      fc.oneof(
        fc.constantFrom(...VALUES),
        anyText().filter(text => text !== ''),
      ),
      { minLength: 1, maxLength: 2 },
    ),
  ),
  { maxLength: 5 },
)
/** A good one with more around it, or in its place. */
const formOf = (good: Kind['good']): fc.Arbitrary<Form> =>
  fc.tuple(more, fc.boolean()).map(([pairs, over]) => {
    const base = Object.entries(good).map(([name, value]): [string, string[]] => [name, [value]])
    return new Map<string, string[]>(over ? [...base, ...pairs] : [...pairs, ...base])
  })

test.each(Object.entries(KINDS))(
  '%s: the listed parameters alone, each as it was sent',
  (_, { good, listed, of, ours }) => {
    let bodies = 0
    let withTwice = 0
    fc.assert(
      fc.property(formOf(good), form => {
        let body: URLSearchParams
        try {
          refuseMisuse(form, {})
          body = of(form)
        } catch (error) {
          expect(error).toBeInstanceOf(ProxyError)
          return
        }
        bodies++
        if ([...form.values()].some(values => values.length > 1)) withTwice++
        const names = [...body.keys()]
        expect(listed).toEqual(expect.arrayContaining(names))
        for (const [name, values] of form) {
          if (values.length > 1) expect(name).toBe('resource')
        }
        for (const name of new Set(names)) {
          const sent = ours?.[name] === undefined ? form.get(name) : [ours[name]]
          // Of a sign-in that begins here what was not said is what is registered.
          const expected = ours && (name === 'scope' || name === 'resource') ? registered[name] : sent
          if (name === 'scope')
            expect(expected?.join(' ').split(' ')).toEqual(expect.arrayContaining(body.get(name)!.split(' ')))
          else expect(body.getAll(name)).toEqual(expected)
        }
        // And it is one body, in which nothing of a value has become a parameter.
        expect([...new URLSearchParams(body.toString()).keys()]).toEqual(names)
      }),
      { numRuns: 800 },
    )
    expect(bodies).toBeGreaterThan(50)
    expect(withTwice).toBeLessThan(bodies)
  },
)
