import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ProxyError } from '../../../lib/errors.ts'
import { tokenParameters } from '../../../lib/oauth/grants.ts'
import { client, REDIRECT_URI } from '../../support/client.ts'
import { form, GOOD, refusal, sent, VERIFIER } from '../../support/code-request.ts'

describe('a good request', () => {
  test('goes on as these four parameters', () => {
    expect(sent({})).toEqual([
      ['grant_type', 'authorization_code'],
      ['code', 'code-1'],
      ['redirect_uri', REDIRECT_URI],
      ['code_verifier', VERIFIER],
    ])
  })

  test('IN-5: what is not on the list is dropped', () => {
    const extra = {
      audience: 'x',
      state: 'x',
      nonce: 'x',
      client_id: 'x',
      refresh_token: 'x',
      constructor: 'x',
    }
    expect(sent({ ...extra, ['__proto__']: 'x' })).toEqual(sent({}))
  })

  test.each(['a&client_id=evil', 'a=b&c', 'a b', '%26client_secret%3Dx', 'a+b', 'a#b;c?d', '"\\'])(
    'a code stays one parameter: %s',
    code => {
      const body = new URLSearchParams(sent({ code })).toString()
      expect([...new URLSearchParams(body)]).toEqual(sent({ code }))
      expect(new URLSearchParams(body).get('code')).toBe(code)
      expect(new URLSearchParams(body).has('client_id')).toBe(false)
    },
  )
})

describe('IN-8: the grant', () => {
  test.each([
    'client_credentials',
    'password',
    'refresh_token',
    'urn:ietf:params:oauth:grant-type:jwt-bearer',
    'urn:ietf:params:oauth:grant-type:saml2-bearer',
    'urn:ietf:params:oauth:grant-type:token-exchange',
    'urn:openid:params:grant-type:ciba',
    'implicit',
    'Authorization_Code',
    'authorization_code ',
    '__proto__',
  ])('%s is refused, even where the configuration lists it', grant_type => {
    const grant_types = ['authorization_code', grant_type]
    expect(refusal({ grant_type }, { grant_types })).toEqual({ reason: 'grant_refused' })
    expect(refusal({ grant_type })).toEqual({ reason: 'grant_refused' })
  })

  test('the configuration can take the code grant away', () => {
    expect(refusal({}, { grant_types: ['refresh_token'] })).toEqual({ reason: 'grant_refused' })
  })

  test('is required', () => {
    expect(refusal({ grant_type: undefined })).toEqual({
      reason: 'parameter_missing',
      parameter: 'grant_type',
    })
  })
})

describe('the code', () => {
  test('is required', () => {
    expect(refusal({ code: undefined })).toEqual({ reason: 'parameter_missing', parameter: 'code' })
  })

  test.each(['a\u0000b', 'a\nb', 'a\r\nHost: evil', 'a\tb', 'ä', '\u007f', 'a\u2028b', '\ufffd'])(
    'RFC 6749 A.11: %j is malformed',
    code => {
      expect(refusal({ code })).toEqual({ reason: 'parameter_malformed', parameter: 'code' })
    },
  )

  test('every visible character and the space pass', () => {
    const code = Array.from({ length: 95 }, (_, n) => String.fromCharCode(0x20 + n)).join('')
    expect(sent({ code })).toContainEqual(['code', code])
  })
})

describe('IN-9: redirect_uri is compared as a string', () => {
  test('is required', () => {
    expect(refusal({ redirect_uri: undefined })).toEqual({
      reason: 'parameter_missing',
      parameter: 'redirect_uri',
    })
  })

  test.each([
    `${REDIRECT_URI}/`,
    `${REDIRECT_URI}?`,
    `${REDIRECT_URI}?a=b`,
    `${REDIRECT_URI}#`,
    ` ${REDIRECT_URI}`,
    'https://app.example.com:443/callback',
    'https://APP.example.com/callback',
    'https://app.example.com/Callback',
    'https://app.example.com/%63allback',
    'https://app.example.com/x/../callback',
    'https://app.example.com/callbac',
    'https://app.example.com.evil.com/callback',
    'https://user@app.example.com/callback',
    'http://app.example.com/callback',
  ])('%s is refused', redirect_uri => {
    expect(refusal({ redirect_uri })).toEqual({ reason: 'redirect_uri_refused' })
  })

  test('each of the registered ones passes, as it stands', () => {
    const redirect_uris = [REDIRECT_URI, 'com.example.app:/callback']
    expect(sent({ redirect_uri: redirect_uris[1]! }, { redirect_uris })).toContainEqual([
      'redirect_uri',
      'com.example.app:/callback',
    ])
  })
})

describe('IN-10: code_verifier', () => {
  test('is required, unless the registration says otherwise', () => {
    expect(refusal({ code_verifier: undefined })).toEqual({
      reason: 'parameter_missing',
      parameter: 'code_verifier',
    })
    expect(sent({ code_verifier: undefined }, { require_pkce: false }).map(([name]) => name)).toEqual([
      'grant_type',
      'code',
      'redirect_uri',
    ])
  })

  test.each([
    ['42 characters', 'a'.repeat(42)],
    ['129 characters', 'a'.repeat(129)],
    ['a plus', `${VERIFIER}+`],
    ['a slash', `${VERIFIER}/`],
    ['padding', `${VERIFIER}=`],
    ['a space', `${VERIFIER} `],
    ['a line break at the end', `${VERIFIER}\n`],
    ['a letter that is not ASCII', `${VERIFIER}ä`],
  ])('with %s is malformed, also where none is required', (_, code_verifier) => {
    const expected = { reason: 'parameter_malformed', parameter: 'code_verifier' }
    expect(refusal({ code_verifier })).toEqual(expected)
    expect(refusal({ code_verifier }, { require_pkce: false })).toEqual(expected)
  })

  test.each(['a'.repeat(43), 'a'.repeat(128), `-._~09AZaz${'x'.repeat(33)}`])('%s passes', code_verifier => {
    expect(sent({ code_verifier })).toContainEqual(['code_verifier', code_verifier])
    expect(sent({ code_verifier }, { require_pkce: false })).toContainEqual(['code_verifier', code_verifier])
  })
})

describe('any form', () => {
  const ALLOWED = ['grant_type', 'code', 'redirect_uri', 'code_verifier', 'scope', 'resource']
  const names = [...ALLOWED, 'client_id', 'client_secret', 'audience', '__proto__', 'toString']
  const value = fc.oneof(
    fc.string(),
    fc.string({ unit: 'binary' }),
    fc.constantFrom('authorization_code', REDIRECT_URI, VERIFIER, 'openid', 'https://a.example.com'),
  )
  /** Half of them close to a good request, so that bodies are made as well as refusals. */
  const forms = fc
    .tuple(
      fc.boolean(),
      fc.array(
        fc.tuple(
          fc.oneof(fc.constantFrom(...names), fc.string()),
          fc.array(value, { minLength: 1, maxLength: 3 }),
        ),
        { maxLength: 6 },
      ),
    )
    .map(([good, entries]) => new Map([...(good ? form(GOOD) : []), ...entries]))

  test('gives a refusal or a body with the allowed names alone, the values those that were sent', () => {
    let bodies = 0
    fc.assert(
      fc.property(forms, fc.boolean(), (any, require_pkce) => {
        let body: URLSearchParams
        try {
          body = tokenParameters(any, client({ require_pkce }))
        } catch (error) {
          expect(error).toBeInstanceOf(ProxyError)
          return
        }
        bodies++
        for (const [name, sentValue] of body) {
          expect(ALLOWED).toContain(name)
          expect(any.get(name)).toContain(sentValue)
          if (name !== 'resource') expect(body.getAll(name)).toHaveLength(1)
        }
        expect(body.get('redirect_uri')).toBe(REDIRECT_URI)
        expect(body.get('grant_type')).toBe('authorization_code')
      }),
      { numRuns: 2_000 },
    )
    expect(bodies).toBeGreaterThan(100)
  })
})
