import { describe, expect, test } from 'vitest'
import { notices } from '../../../lib/config/registrations.ts'
import { ALGORITHMS } from '../../../lib/jose/algorithms.ts'
import {
  ACCOUNT,
  akpJwk,
  bytes,
  document,
  ecJwk,
  key,
  okpJwk,
  parse,
  problemsOf,
  rsaJwk,
  webClient,
} from './documents.ts'

const withKey = (over: Record<string, unknown>) => document(webClient({ signing_keys: [key('k1', over)] }))
const at = 'clients[0].signing_keys[0]'

const JWKS = {
  RSA: rsaJwk(),
  'P-256': ecJwk('P-256', 32),
  'P-384': ecJwk('P-384', 48),
  'P-521': ecJwk('P-521', 66),
  Ed25519: okpJwk(),
  'ML-DSA-44': akpJwk('ML-DSA-44', 1312),
  'ML-DSA-65': akpJwk('ML-DSA-65', 1952),
  'ML-DSA-87': akpJwk('ML-DSA-87', 2592),
}
const experimentalWhere = (alg: string) => (alg.startsWith('ML-DSA') ? { experimental: true } : {})

describe('alg and public_jwk', () => {
  const matrix = Object.entries(ALGORITHMS).flatMap(([alg, needs]) =>
    Object.entries(JWKS).map(([kind, jwk]) => {
      const wanted = needs.kty === 'AKP' ? alg : 'crv' in needs ? needs.crv : 'RSA'
      return [alg, kind, wanted === kind, jwk] as const
    }),
  )

  test.each(matrix)('ASRT-13, KMS-1: %s with a key of %s: taken: %s', (alg, kind, fits, public_jwk) => {
    const problems = problemsOf(withKey({ alg, public_jwk, ...experimentalWhere(alg) }))
    if (fits) return expect(problems).toEqual([])
    // The alg that an AKP key has to name is a second thing that does not fit (RFC 9964 section 3).
    const byAlg = kind.startsWith('ML-DSA')
    const byKty = !(byAlg && alg.startsWith('ML-DSA'))
    expect(problems.map(({ message }) => message)).toEqual([
      ...(byKty ? ['does not fit the alg of the key'] : []),
      ...(byAlg ? ['must be the same as the alg of the key'] : []),
    ])
    if (byKty) expect(problems[0]?.path).toMatch(/public_jwk\.(kty|crv)$/)
  })

  test.each(['none', 'HS256', 'RS1', 'ES256K', 'rs256', 'toString', ''])('KMS-1: alg %j is refused', alg => {
    expect(problemsOf(withKey({ alg })).map(({ path }) => path)).toEqual([`${at}.alg`])
  })

  test('the public key stays as it is, and the thumbprint is left to others', () => {
    const public_jwk = { ...rsaJwk(), use: 'sig', alg: 'RS256' }
    const { signing_key } = parse(withKey({ public_jwk })).clients[0]!
    expect(signing_key.public_jwk).toEqual(public_jwk)
    expect('kid' in signing_key).toBe(false)
  })
})

describe('public_jwk', () => {
  const n = (length: number, first: number) => Buffer.alloc(length, 1).fill(first, 0, 1).toString('base64url')

  test.each([
    ['an exponent of three', { ...rsaJwk(), e: 'Aw' }],
    ['4096 bits', { ...rsaJwk(), n: bytes(512) }],
    ['exactly 2048 bits', { ...rsaJwk(), n: n(256, 0x80) }],
    ['a kid', { ...rsaJwk(), kid: 'signing 2026' }],
  ])('JWKS-2: RSA with %s is taken', (_name, public_jwk) => {
    expect(problemsOf(withKey({ public_jwk }))).toEqual([])
  })

  test.each([
    ['2047 bits', { ...rsaJwk(), n: n(256, 0x7f) }, 'n', 'must have at least 2048 bits'],
    ['1024 bits', { ...rsaJwk(), n: bytes(128) }, 'n', 'must have at least 2048 bits'],
    ['a leading zero', { ...rsaJwk(), n: n(257, 0) }, 'n', /^must not start with a zero byte/],
    ['padding', { ...rsaJwk(), n: `${bytes(256)}==` }, 'n', /^must be base64url without padding/],
    ['plain base64', { ...rsaJwk(), n: '+/+/' }, 'n', /^must be base64url/],
    ['white space', { ...rsaJwk(), n: `${bytes(256)}\n` }, 'n', /^must be base64url/],
    ['stray bits at the end', { ...rsaJwk(), e: 'AQB' }, 'e', /^must be base64url/],
    ['an empty n', { ...rsaJwk(), n: '' }, 'n', /^must be base64url/],
    ['an n that is a number', { ...rsaJwk(), n: 5 }, 'n', 'must be a string'],
    ['an e with a leading zero', { ...rsaJwk(), e: 'AAEAAQ' }, 'e', /^must not start with a zero byte/],
    ['an even e', { ...rsaJwk(), e: 'AQAA' }, 'e', 'must be an odd number above 1'],
    ['an e of one', { ...rsaJwk(), e: 'AQ' }, 'e', 'must be an odd number above 1'],
    ['no e', { kty: 'RSA', n: bytes(256) }, 'e', 'is required'],
    ['no n', { kty: 'RSA', e: 'AQAB' }, 'n', 'is required'],
    [
      'a curve',
      { ...rsaJwk(), crv: 'P-256' },
      'crv',
      'is not a member that a public key of this kty has here',
    ],
    ['a certificate', { ...rsaJwk(), x5c: ['MII'] }, 'x5c', /^is not a member that a public key/],
    ['no kty', { n: bytes(256), e: 'AQAB' }, 'kty', 'is required'],
    ['an unknown kty', { ...rsaJwk(), kty: 'rsa' }, 'kty', 'must be "RSA", "EC", "OKP" or "AKP"'],
    ['use enc', { ...rsaJwk(), use: 'enc' }, 'use', 'must be "sig"'],
    ['another alg', { ...rsaJwk(), alg: 'PS256' }, 'alg', 'must be the same as the alg of the key'],
  ])('JWKS-2: RSA with %s is refused', (_name, public_jwk, member, message) => {
    expect(problemsOf(withKey({ public_jwk }))).toEqual([
      {
        path: `${at}.public_jwk.${member}`,
        message: typeof message === 'string' ? message : expect.stringMatching(message),
      },
    ])
  })

  const NOT_HERE = 'is not a member that a public key of this kty has here'
  const NOT_BASE64URL = 'must be base64url without padding (RFC 7515 section 2)'
  const LENGTH = 'must have the exact length that its curve asks for'
  test.each([
    ['coordinates of 31 bytes', 'ES256', ecJwk('P-256', 31), ['x', 'y'], LENGTH],
    ['coordinates of 33 bytes', 'ES256', ecJwk('P-256', 33), ['x', 'y'], LENGTH],
    ['coordinates of 47 bytes', 'ES384', ecJwk('P-384', 47), ['x', 'y'], LENGTH],
    ['coordinates of 65 bytes', 'ES512', ecJwk('P-521', 65), ['x', 'y'], LENGTH],
    ['an x of 31 bytes', 'EdDSA', { ...okpJwk(), x: bytes(31) }, ['x'], LENGTH],
    ['an x of 33 bytes', 'Ed25519', { ...okpJwk(), x: bytes(33) }, ['x'], LENGTH],
    ['no y', 'ES256', { ...ecJwk('P-256', 32), y: undefined }, ['y'], 'is required'],
    ['no crv', 'ES256', { ...ecJwk('P-256', 32), crv: undefined }, ['crv'], 'is required'],
    ['a y', 'EdDSA', { ...okpJwk(), y: bytes(32) }, ['y'], NOT_HERE],
    ['an n', 'ES256', { ...ecJwk('P-256', 32), n: bytes(256) }, ['n'], NOT_HERE],
    ['an x of other characters', 'ES256', { ...ecJwk('P-256', 32), x: '*' }, ['x'], NOT_BASE64URL],
  ])('JWKS-2: %s in a key for %s is refused', (_name, alg, public_jwk, where, message) => {
    expect(problemsOf(withKey({ alg, public_jwk }))).toEqual(
      where.map(member => ({ path: `${at}.public_jwk.${member}`, message })),
    )
  })

  test('an x of 32 bytes that starts with zero is a coordinate like any other', () => {
    const x = Buffer.alloc(32, 1).fill(0, 0, 1).toString('base64url')
    expect(problemsOf(withKey({ alg: 'ES256', public_jwk: { ...ecJwk('P-256', 32), x } }))).toEqual([])
  })

  test.each(['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k', 'priv'])(
    'JWKS-1: the private member %s is refused',
    member => {
      const [problem, ...others] = problemsOf(
        withKey({ public_jwk: { ...rsaJwk(), [member]: 'c2VjcmV0LXZhbHVl' } }),
      )
      expect(others).toEqual([])
      expect(problem?.path).toBe(`${at}.public_jwk.${member}`)
      expect(problem?.message).toMatch(/^is a member of a private key/)
      expect(JSON.stringify(problem)).not.toContain('c2VjcmV0LXZhbHVl')
    },
  )

  test.each([undefined, null, 'jwk', [], 1])('%j in its place is refused', public_jwk => {
    const message = public_jwk === undefined ? 'is required' : 'must be an object'
    expect(problemsOf(withKey({ public_jwk }))).toEqual([{ path: `${at}.public_jwk`, message }])
  })
})

describe('kms_key_arn', () => {
  const id = '1234abcd-12ab-34cd-56ef-1234567890ab'
  test.each([
    `arn:aws:kms:eu-central-1:${ACCOUNT}:key/${id}`,
    `arn:aws-cn:kms:cn-north-1:${ACCOUNT}:key/${id}`,
    `arn:aws-us-gov:kms:us-gov-west-1:${ACCOUNT}:key/${id}`,
    `arn:aws-eusc:kms:eusc-de-east-1:${ACCOUNT}:key/${id}`,
    `arn:aws-iso-b:kms:us-isob-east-1:${ACCOUNT}:key/${id}`,
    `arn:aws:kms:us-east-1:${ACCOUNT}:key/mrk-1234abcd12ab34cd56ef1234567890ab`,
  ])('%s is taken', kms_key_arn => {
    expect(problemsOf(withKey({ kms_key_arn }))).toEqual([])
  })

  test.each([`arn:aws:kms:eu-central-1:${ACCOUNT}:alias/signing`, 'alias/signing', 'alias/aws/x'])(
    'KMS-6: the alias %s is refused, and the message says why',
    kms_key_arn => {
      expect(problemsOf(withKey({ kms_key_arn }))).toEqual([
        {
          path: `${at}.kms_key_arn`,
          message:
            'must not be an alias: sign by key ARN (arn:…:kms:…:key/…), so that kid and key cannot disagree',
        },
      ])
    },
  )

  test.each([
    id,
    'mrk-1234abcd12ab34cd56ef1234567890ab',
    `key/${id}`,
    `arn:aws:kms:eu-central-1:11112222333:key/${id}`,
    `arn:aws:kms:eu-central-1:1111222233334:key/${id}`,
    `arn:aws:kms::${ACCOUNT}:key/${id}`,
    `arn:aws:kms:eu-central-1:${ACCOUNT}:key/`,
    `arn:aws:kms:eu-central-1:${ACCOUNT}:key/${id}/x`,
    `arn:aws:kms:eu-central-1:${ACCOUNT}:key/${id}\n`,
    `arn:aws:s3:eu-central-1:${ACCOUNT}:key/${id}`,
    `arn:evil:kms:eu-central-1:${ACCOUNT}:key/${id}`,
    `ARN:aws:kms:eu-central-1:${ACCOUNT}:key/${id}`,
    '',
  ])('KMS-6: %j is not a key ARN', kms_key_arn => {
    expect(problemsOf(withKey({ kms_key_arn }))).toEqual([
      {
        path: `${at}.kms_key_arn`,
        message:
          'must be the ARN of one KMS key: sign by key ARN (arn:…:kms:…:key/…), so that kid and key cannot disagree',
      },
    ])
  })
})

describe('kid', () => {
  test.each([
    ['of the key', { kid: 'a' }, 'a'],
    ['of its public_jwk', { public_jwk: { ...rsaJwk(), kid: 'b' } }, 'b'],
    ['that both agree on', { kid: 'c', public_jwk: { ...rsaJwk(), kid: 'c' } }, 'c'],
    ['of 128 characters', { kid: 'x'.repeat(128) }, 'x'.repeat(128)],
  ])('ASRT-16: the kid %s is the one', (_name, over, kid) => {
    expect(parse(withKey(over)).clients[0]!.signing_key.kid).toBe(kid)
  })

  const LENGTH = 'must be 1 to 128 printable ASCII characters'
  test.each([
    ['', LENGTH],
    ['x'.repeat(129), LENGTH],
    ['schlüssel', LENGTH],
    ['a\nb', LENGTH],
    [`arn:aws:kms:eu-central-1:${ACCOUNT}:key/k1`, 'must not be an ARN or an alias: a kid is published'],
    ['ARN:x', 'must not be an ARN or an alias: a kid is published'],
    ['alias/signing', 'must not be an ARN or an alias: a kid is published'],
    ['k1', 'must not hold the account or the id of the KMS key: a kid is published'],
  ])('ASRT-16: the kid %j is refused, here and in public_jwk', (kid, message) => {
    expect(problemsOf(withKey({ kid }))).toEqual([{ path: `${at}.kid`, message }])
    expect(problemsOf(withKey({ public_jwk: { ...rsaJwk(), kid } }))).toEqual([
      { path: `${at}.public_jwk.kid`, message },
    ])
  })

  test('two that differ are refused', () => {
    expect(problemsOf(withKey({ kid: 'a', public_jwk: { ...rsaJwk(), kid: 'b' } }))).toEqual([
      { path: `${at}.kid`, message: 'must be the same as the kid in public_jwk' },
    ])
  })
})

test("what WebCrypto's exportKey adds is taken", () => {
  expect(problemsOf(withKey({ public_jwk: { ...rsaJwk(), key_ops: ['verify'], ext: true } }))).toEqual([])
})

test.each([
  ['the ARN behind a space', ' arn:aws:kms:eu-central-1:111122223333:key/web-key'],
  ['the account', 'team-111122223333'],
])('ASRT-16: a kid with %s in it is refused', (_, kid) => {
  const key = withKey({ kms_key_arn: 'arn:aws:kms:eu-central-1:111122223333:key/web-key', kid })
  expect(problemsOf(key)).toHaveLength(1)
})

describe('KMS-19: ML-DSA, behind "experimental": true', () => {
  const mlDsa = (over: Record<string, unknown> = {}) =>
    withKey({ alg: 'ML-DSA-65', public_jwk: akpJwk('ML-DSA-65', 1952), experimental: true, ...over })
  const NEEDED =
    'is experimental, and no listed provider documents support for it: "experimental": true beside it allows it'

  test('is taken with it, and every start says what it is', () => {
    const registrations = parse(mlDsa())
    expect(registrations.clients[0]!.signing_key).toMatchObject({ alg: 'ML-DSA-65', experimental: true })
    expect(notices(registrations)).toContain(
      'clients[0].signing_keys[0].alg: is experimental: no listed provider documents support for it',
    )
  })

  test.each(['ML-DSA-44', 'ML-DSA-65', 'ML-DSA-87'] as const)('%s is refused without it', alg => {
    const public_jwk = akpJwk(alg, ALGORITHMS[alg].pub)
    for (const over of [{}, { experimental: false }]) {
      expect(problemsOf(withKey({ alg, public_jwk, ...over }))).toEqual([
        { path: `${at}.alg`, message: NEEDED },
      ])
    }
  })

  test('is permission for nothing else: beside RS256 it is refused, and false is not', () => {
    expect(problemsOf(withKey({ experimental: true }))).toEqual([
      {
        path: `${at}.experimental`,
        message: 'must be absent or false: the alg of this key is not experimental',
      },
    ])
    expect(problemsOf(withKey({ experimental: false }))).toEqual([])
    expect(notices(parse(withKey({ experimental: false })))).toEqual([])
  })

  test('an alg that is none stays the one problem', () => {
    expect(problemsOf(withKey({ alg: 'ML-DSA-88', experimental: true })).map(({ path }) => path)).toEqual([
      `${at}.alg`,
    ])
  })

  const good = akpJwk('ML-DSA-65', 1952)
  test.each([
    ['no alg', { ...good, alg: undefined }, 'alg', 'is required'],
    ['no pub', { ...good, pub: undefined }, 'pub', 'is required'],
    ['a pub too short', akpJwk('ML-DSA-65', 1951), 'pub', 'must have the exact length that its alg asks for'],
    ['a pub too long', akpJwk('ML-DSA-65', 1953), 'pub', 'must have the exact length that its alg asks for'],
    ['padding', { ...good, pub: `${good.pub}=` }, 'pub', /^must be base64url/],
    ['an x', { ...good, x: bytes(32) }, 'x', 'is not a member that a public key of this kty has here'],
    ['a priv', { ...good, priv: bytes(32) }, 'priv', /^is a member of a private key/],
  ])('JWKS-1, JWKS-2: an AKP key with %s is refused', (_name, public_jwk, member, message) => {
    expect(problemsOf(mlDsa({ public_jwk }))).toEqual([
      {
        path: `${at}.public_jwk.${member}`,
        message: typeof message === 'string' ? message : expect.stringMatching(message),
      },
    ])
  })
})

describe('KMS-15: replicas in other Regions', () => {
  const id = 'mrk-0123456789abcdef0123456789abcdef'
  const arn = (region: string, key = id, account = ACCOUNT) => `arn:aws:kms:${region}:${account}:key/${key}`
  const problems = (replicas: unknown, kms_key_arn = arn('eu-central-1')) =>
    problemsOf(withKey({ kms_key_arn, replicas })).map(({ path, message }) => `${path}: ${message}`)

  test('are the same multi-Region key', () => {
    expect(problems([arn('eu-west-1'), arn('us-east-1')])).toEqual([])
    expect(problems([])).toEqual([])
  })

  test.each([
    ['another key', [arn('eu-west-1', 'mrk-ffff')], /\.replicas\[0\]: must be the key of kms_key_arn/],
    ['of another account', [arn('eu-west-1', id, '999988887777')], /must be the key of kms_key_arn/],
    ['no multi-Region key', [arn('eu-west-1', '1234')], /must be a multi-Region key/],
    ['an alias', ['arn:aws:kms:eu-west-1:111122223333:alias/x'], /must not be an alias/],
    ['the same Region', [arn('eu-central-1')], /\.replicas: must name each Region once/],
    ['a Region twice', [arn('eu-west-1'), arn('eu-west-1')], /must name each Region once/],
    ['no list', arn('eu-west-1'), /must be an array/],
  ])('%s is refused', (_, replicas, problem) => {
    const found = problems(replicas)
    expect(found).toHaveLength(1)
    expect(found[0]).toMatch(problem)
  })

  test.each([7, null, undefined, [arn('eu-central-1')]])(
    'beside a kms_key_arn of %j: its problem, and theirs',
    kms_key_arn => {
      const found = problemsOf(withKey({ kms_key_arn, replicas: [arn('eu-west-1')] })).map(({ path }) => path)
      expect(found).toEqual([`${at}.kms_key_arn`, `${at}.replicas[0]`])
    },
  )

  test('of a key of one Region there are none', () => {
    expect(problems([arn('eu-west-1')], arn('eu-central-1', '1234'))).toHaveLength(1)
  })
})

describe('when a key came into each state', () => {
  test.each(['created_at', 'published_at', 'activated_at', 'retired_at'])(
    '%s is a time, written in one way',
    name => {
      const ok = (time: unknown) => problemsOf(withKey({ [name]: time })).length === 0
      expect(ok('2026-11-24T12:00:00Z')).toBe(true)
      expect(ok('2028-02-29T00:00:00Z')).toBe(true)
      const others = [
        '2026-11-24',
        '2026-11-24T12:00:00.000Z',
        '2026-11-24T12:00:00+00:00',
        '2026-02-30T00:00:00Z',
        'now',
        '',
        0,
        null,
      ]
      expect(others.filter(ok)).toEqual([])
      expect(problemsOf(withKey({ [name]: 'now' }))).toEqual([
        {
          path: `${at}.${name}`,
          message: 'must be a time in UTC and whole seconds, such as 2026-11-24T12:00:00Z (RFC 3339)',
        },
      ])
    },
  )
})
