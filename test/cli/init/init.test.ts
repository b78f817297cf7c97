import { mkdtempSync } from 'node:fs'
import { readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DescribeKeyCommand, DisableKeyCommand } from '@aws-sdk/client-kms'
import {
  CreateSecretCommand,
  DescribeSecretCommand,
  PutSecretValueCommand,
} from '@aws-sdk/client-secrets-manager'
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { runCommand } from '../../../cli/run.ts'
import { TAGS } from '../../../infra/tags.ts'
import { parseRegistrations } from '../../../lib/config/registrations.ts'
import { control } from '../../../local/aws/control.ts'
import { createSigningKey, SIGNERS } from '../../../local/keys.ts'
import { type DiscoveryServer, goodMetadata, startDiscovery } from '../../support/discovery.ts'
import { freePort } from '../../support/free-port.ts'
import { type Answers, countersign, jsonOf, recorded, startAccount } from '../../support/operator.ts'
import { wordsOf } from '../../support/shell.ts'

// `countersign init` against the local KMS and Secrets Manager, and a provider that is nothing but its discovery document.

let account: Awaited<ReturnType<typeof startAccount>>
let provider: DiscoveryServer
let secret: string
let made = 0
const folder = mkdtempSync(join(tmpdir(), 'countersign-init-'))

beforeAll(async () => {
  account = await startAccount()
  provider = await startDiscovery()
})
afterAll(async () => {
  await Promise.all([account.close(), provider.close(), rm(folder, { recursive: true })])
  vi.unstubAllEnvs()
})
beforeEach(async () => {
  provider.metadata = {}
  provider.answers = {}
  provider.asked = []
  secret = await account.secret(`config-${++made}`)
})

type Changes = Record<string, string | readonly string[] | boolean | undefined>

/** The good command line with changes: a flag with `undefined` is left out, one with `true` has no value. */
function line(changes: Changes = {}): string[] {
  const flags: Changes = {
    'secret-id': secret,
    provider: 'pingone',
    issuer: provider.issuer,
    'client-id': 'app-1',
    'redirect-uri': 'https://app.example.com/callback',
    ...changes,
  }
  const words = Object.entries(flags).flatMap(([name, value]) =>
    [value]
      .flat()
      .flatMap(one =>
        one === undefined ? [] : typeof one === 'boolean' ? [`--${name}`] : [`--${name}`, one],
      ),
  )
  return ['init', ...words]
}

const init = (changes: Changes = {}, answers?: Answers) => countersign(line(changes), answers && { answers })
const clientOf = async () => (await account.documentOf(secret)).clients[0]!

describe('what is written', () => {
  test('a valid client with every endpoint pinned, and a new key of its own', async () => {
    const said = await init({ json: true, url: 'http://127.0.0.1:8401/' })
    expect([said.code, said.notes]).toEqual([0, []])
    const document = await account.documentOf(secret)
    const [client] = parseRegistrations(JSON.stringify(document), { revision: '', onLambda: false }).clients
    const {
      token_endpoint_auth_methods_supported: _,
      token_endpoint_auth_signing_alg_values_supported: __,
      ...as
    } = goodMetadata(provider.issuer)
    expect(document.clients[0]).toEqual({
      client_id: 'app-1',
      provider: 'pingone',
      ...as,
      signing_keys: [expect.objectContaining({ state: 'active', alg: 'RS256' })],
      application_type: 'web',
      allowed_origins: ['https://app.example.com'],
      redirect_uris: ['https://app.example.com/callback'],
      grant_types: ['authorization_code'],
      refresh: 'none',
    })
    expect(client!.as).toEqual(as)

    const [key] = document.clients[0]!.signing_keys
    expect(key).toMatchObject({ created_at: key!.published_at, activated_at: key!.published_at })
    const { KeyMetadata } = await account.kms_client.send(new DescribeKeyCommand({ KeyId: key!.kms_key_arn }))
    expect(KeyMetadata).toMatchObject({ KeySpec: 'RSA_2048', KeyUsage: 'SIGN_VERIFY' })

    const { version_id, next, ...json } = jsonOf(said)
    expect(json).toEqual({ ok: true, client: document.clients[0], notices: [] })
    const { VersionIdsToStages } = await account.secrets.send(new DescribeSecretCommand({ SecretId: secret }))
    expect(
      Object.entries(VersionIdsToStages!).sort((one, other) => one[1][0]!.localeCompare(other[1][0]!)),
    ).toEqual([
      [version_id, ['AWSCURRENT']],
      [expect.any(String), ['AWSPREVIOUS']],
    ])
    expect(next).toEqual([
      "In PingOne, set the application's tokenEndpointAuthMethod to PRIVATE_KEY_JWT and its jwksUrl to http://127.0.0.1:8401/.well-known/jwks.json",
      expect.stringMatching(/^countersign doctor /),
      expect.stringMatching(/^countersign try --client app-1 /),
    ])
  })

  test('what every flag says', async () => {
    const said = await init({
      'redirect-uri': ['https://app.example.com/a', 'https://other.example.com/b'],
      origin: 'https://pages.example.com',
      alg: 'ES256',
      scope: 'openid email',
      refresh: 'dpop',
      'grant-type': 'urn:ietf:params:oauth:grant-type:device_code',
    })
    expect(said.code).toBe(0)
    expect(await clientOf()).toMatchObject({
      allowed_origins: ['https://pages.example.com'],
      redirect_uris: ['https://app.example.com/a', 'https://other.example.com/b'],
      grant_types: ['authorization_code', 'urn:ietf:params:oauth:grant-type:device_code', 'refresh_token'],
      scope: 'openid email',
      refresh: 'dpop',
      signing_keys: [{ alg: 'ES256', public_jwk: { crv: 'P-256' } }],
    })
    expect(said.out).toContain(
      'notice   signing_keys[0].alg: is unconfirmed for this provider, unlike RS256, RS384, RS512',
    )
  })

  test('a native client has no origins', async () => {
    expect(
      (await init({ 'application-type': 'native', 'redirect-uri': 'http://127.0.0.1/callback' })).code,
    ).toBe(0)
    const client = await clientOf()
    expect(client).toMatchObject({ application_type: 'native' })
    expect(client).not.toHaveProperty('allowed_origins')
  })

  test('the others stay as they are', async () => {
    await init()
    const [first] = (await account.documentOf(secret)).clients
    expect((await init({ 'client-id': 'app-2' })).code).toBe(0)
    const { clients } = await account.documentOf(secret)
    expect(clients.map(({ client_id }) => client_id)).toEqual(['app-1', 'app-2'])
    expect(clients[0]).toEqual(first)
  })
})

describe('the provider', () => {
  test('RFC 8414: where there is no OpenID Connect document, the other place is asked', async () => {
    const at = '/tenant/as/.well-known/openid-configuration'
    const other = '/.well-known/oauth-authorization-server/tenant/as'
    provider.answers = { [at]: { status: 404 } }
    expect((await init()).code).toBe(0)
    expect(provider.asked).toEqual([at, other])
  })

  test.each([
    ['none', { status: 404 }, 'answered 404'],
    ['a redirect', { status: 302, location: '/elsewhere' }, 'redirects are not followed'],
    ['no JSON', { body: '<html>' }, 'no JSON object'],
    ['too much', { body: JSON.stringify({ x: 'x'.repeat(300_000) }) }, 'more than 256 KiB'],
  ])('no discovery document: %s', async (_, answer, why) => {
    provider.answers = {
      '/tenant/as/.well-known/openid-configuration': answer,
      '/.well-known/oauth-authorization-server/tenant/as': answer,
    }
    const said = await init({ json: true })
    expect([said.code, jsonOf(said)]).toMatchObject([1, { error: { code: 'discovery_failed' } }])
    expect(jsonOf(said)).toMatchObject({ error: { message: expect.stringContaining(why) } })
    expect(provider.asked).toHaveLength(2)
  })

  test('nothing listens there', async () => {
    const said = await init({ json: true, issuer: `http://127.0.0.1:${await freePort()}/as` })
    expect(jsonOf(said)).toMatchObject({ error: { message: expect.stringContaining('ECONNREFUSED') } })
  })

  test('an issuer that differs in one character is another', async () => {
    const said = await init({ json: true, issuer: `${provider.issuer}/` })
    expect([said.code, jsonOf(said)]).toMatchObject([1, { error: { code: 'issuer_mismatch' } }])
    expect((await account.documentOf(secret)).clients).toEqual([])
  })

  test('what the provider says cannot rewrite the terminal', async () => {
    provider.metadata = { issuer: 'x\u001b[2J' }
    expect((await init()).notes.join('')).toContain('there  x�[2J')
    provider.metadata = { token_endpoint_auth_methods_supported: ['y\u009b2J'] }
    expect((await init()).notes.join('')).toContain('but y�2J')
    provider.metadata = { issuer: { toString: '\u202e' } }
    expect((await init()).notes.join('')).toContain('there  {"toString":"�"}')
  })

  test.each([
    [undefined, 'client_secret_basic alone'],
    [['client_secret_post'], 'but client_secret_post'],
  ])('private_key_jwt is not offered (%j): refused, unless forced', async (methods, why) => {
    provider.metadata = { token_endpoint_auth_methods_supported: methods }
    const said = await init({ json: true })
    expect([said.code, jsonOf(said)]).toMatchObject([1, { error: { code: 'method_not_offered' } }])
    expect(jsonOf(said)).toMatchObject({ error: { message: expect.stringContaining(why) } })
    expect((await account.documentOf(secret)).clients).toEqual([])
    const forced = await init({ json: true, force: true })
    expect([forced.code, jsonOf(forced).notices]).toEqual([0, [expect.stringContaining(why)]])
  })

  test('the algorithm is not offered: it says which are', async () => {
    provider.metadata = { token_endpoint_auth_signing_alg_values_supported: ['ES256', 'PS256', 'HS256'] }
    const said = await init({ json: true })
    expect([said.code, jsonOf(said)]).toMatchObject([
      1,
      { error: { code: 'alg_not_offered', message: 'The provider does not take RS256, but: PS256, ES256' } },
    ])
    expect((await init({ alg: 'PS256' })).code).toBe(0)
    expect((await init({ alg: 'RS512', replace: true, force: true })).code).toBe(2)
  })

  test('no algorithms are named: it says that it does not know', async () => {
    provider.metadata = { token_endpoint_auth_signing_alg_values_supported: undefined }
    const said = await init({ json: true })
    expect([said.code, jsonOf(said).notices]).toEqual([0, [expect.stringContaining('ask the provider')]])
  })

  test('an endpoint on another host is refused unless it is allowed', async () => {
    provider.metadata = {
      token_endpoint: 'https://tokens.example.net/token',
      jwks_uri: 'https://keys.example.net/jwks',
    }
    const said = await init({ json: true, 'allow-host': 'keys.example.net' })
    expect([said.code, jsonOf(said)]).toMatchObject([
      1,
      {
        error: {
          code: 'foreign_host',
          message: "Endpoints on another host than the issuer's:\n  tokens.example.net: token_endpoint",
          fix: 'If they belong to the provider: --allow-host tokens.example.net',
        },
      },
    ])
    const allowed = await init({ json: true, 'allow-host': ['keys.example.net', 'tokens.example.net'] })
    expect(allowed.code).toBe(0)
    expect(jsonOf(allowed).notices).toEqual([
      `token_endpoint: https://tokens.example.net/token is pinned, although pingone usually has ${provider.issuer}/token`,
      `jwks_uri: https://keys.example.net/jwks is pinned, although pingone usually has ${provider.issuer}/jwks`,
    ])
  })

  test('the host of an endpoint is a word to the shell that the fix is for', async () => {
    provider.metadata = { jwks_uri: 'https://a;id.example/jwks' }
    const { fix } = jsonOf<{ error: { fix: string } }>(await init({ json: true })).error
    const [, option] = fix.split(': ')
    expect(wordsOf(`countersign ${option}`)).toEqual(['countersign', '--allow-host', 'a;id.example'])
  })

  test('an endpoint that may not be one is refused as the configuration refuses it', async () => {
    provider.metadata = { revocation_endpoint: 'http://169.254.169.254/revoke' }
    const kms = control(account.kms)
    await kms.reset()
    const said = await init({ json: true, 'allow-host': '169.254.169.254' })
    expect([said.code, jsonOf(said)]).toMatchObject([
      1,
      {
        error: {
          code: 'configuration_invalid',
          message: expect.stringContaining('clients[0].revocation_endpoint'),
        },
      },
    ])
    // Before a key is made, which would be left over.
    expect(await kms.requests()).toEqual([])
  })

  test('a key that is made and cannot be read is not forgotten: by init, which alone knows the client', async () => {
    const kms = control(account.kms)
    await kms.fault('GetPublicKey', { kind: 'error', name: 'AccessDeniedException' }, 1)
    const said = await init({ json: true })
    await kms.reset()
    const { code, fix } = jsonOf<{ error: { code: string; fix: string } }>(said).error
    expect([said.code, code]).toEqual([1, 'key_created'])
    const [, option] = fix.split(': ')
    const [, flag, arn] = wordsOf(`countersign ${option}`)
    expect(flag).toBe('--kms-key-arn')
    expect((await init({ 'kms-key-arn': arn })).code).toBe(0)
  })

  test('without discovery nothing is read: the preset has the endpoints, or the flags', async () => {
    expect((await init({ 'no-discovery': true })).code).toBe(0)
    expect(await clientOf()).toMatchObject({ jwks_uri: `${provider.issuer}/jwks` })
    const generic = { 'no-discovery': true, provider: 'generic', 'client-id': 'app-2' }
    const said = await init(generic)
    expect([said.code, said.notes.join('\n')]).toEqual([
      2,
      expect.stringContaining('missing: --token-endpoint'),
    ])
    const token_endpoint = `${provider.issuer}/t`
    expect((await init({ ...generic, 'token-endpoint': token_endpoint })).code).toBe(0)
    expect((await account.documentOf(secret)).clients[1]).toMatchObject({ token_endpoint })
    expect(provider.asked).toEqual([])
  })
})

describe('the key', () => {
  const stackKey = async () => (await createSigningKey(account.kms_client, 'RS256')).kms_key_arn
  const keysOf = async () =>
    (await account.documentOf(secret)).clients.map(client => client.signing_keys[0]!.kms_key_arn)

  test("the stack's own, where no client has it yet", async () => {
    const own = await stackKey()
    secret = await account.secret(`config-own-${made}`, { tags: { [TAGS.signing_key]: own } })
    await init()
    await init({ 'client-id': 'app-2' })
    const [first, second] = await keysOf()
    expect(first).toBe(own)
    expect(second).not.toBe(own)
  })

  test("not the stack's own where its policy is for another algorithm", async () => {
    const own = await stackKey()
    secret = await account.secret(`config-alg-${made}`, { tags: { [TAGS.signing_key]: own } })
    expect((await init({ alg: 'RS512', force: true })).code).toBe(0)
    expect(await keysOf()).not.toEqual([own])
  })

  test('one that exists, if it is for the algorithm and can be used', async () => {
    const { kms_key_arn } = await createSigningKey(account.kms_client, 'ES256')
    const said = await init({ json: true, 'kms-key-arn': kms_key_arn })
    expect([said.code, jsonOf(said)]).toMatchObject([1, { error: { code: 'key_unfit' } }])
    expect((await init({ 'kms-key-arn': kms_key_arn, alg: 'ES256' })).code).toBe(0)
    expect(await keysOf()).toEqual([kms_key_arn])
    await account.kms_client.send(new DisableKeyCommand({ KeyId: kms_key_arn }))
    const disabled = await init({ 'kms-key-arn': kms_key_arn, alg: 'ES256', 'client-id': 'app-2' })
    expect([disabled.code, disabled.notes[0]]).toEqual([1, expect.stringContaining('is not enabled')])
  })

  test('nobody is known to sign: it says what to say', async () => {
    secret = await account.secret(`config-nobody-${made}`, { tags: { [TAGS.signers]: ' ' } })
    const said = await init({ json: true })
    expect([said.code, jsonOf(said)]).toMatchObject([1, { error: { code: 'signers_unknown' } }])
    expect((await init({ signer: SIGNERS[0]! })).code).toBe(0)
  })

  test('whom the tag lets sign has to be of this account, or be typed', async () => {
    const mallory = 'arn:aws:iam::999988887777:role/mallory'
    secret = await account.secret(`config-foreign-${made}`, { tags: { [TAGS.signers]: mallory } })
    const said = await init({ json: true })
    expect([said.code, jsonOf(said)]).toMatchObject([3, { error: { code: 'foreign_signer' } }])
    expect((await init({ signer: SIGNERS[0]! })).code).toBe(0)
  })

  test('Entra ID finds a key by its certificate', async () => {
    const { kms_key_arn } = await createSigningKey(account.kms_client, 'RS256')
    provider.metadata = {}
    const entra = { provider: 'entra', 'kms-key-arn': kms_key_arn }
    const without = await init(entra)
    expect([without.code, without.notes.join('\n')]).toEqual([2, expect.stringContaining('missing: --x5t')])
    const x5t = Buffer.alloc(32, 7).toString('base64url')
    const newKey = await init({ provider: 'entra', x5t })
    expect([newKey.code, newKey.notes[0]]).toEqual([2, expect.stringContaining('no certificate yet')])
    expect((await init({ ...entra, x5t })).code).toBe(0)
    expect((await clientOf()).signing_keys).toMatchObject([{ kms_key_arn, 'x5t#S256': x5t }])
  })
})

describe('a client that is there already', () => {
  test('stays, unless it is to be replaced; its keys and their times stay then', async () => {
    await init({ refresh: 'rotating', scope: 'openid' })
    const before = await clientOf()
    const refused = await init({ json: true })
    expect([refused.code, jsonOf(refused)]).toMatchObject([3, { error: { code: 'client_exists' } }])
    expect(await clientOf()).toEqual(before)
    const said = await init({ json: true, replace: true, 'redirect-uri': 'https://app.example.com/new' })
    expect([said.code, jsonOf(said).notices]).toEqual([
      0,
      ['not taken over from the client that is replaced: scope'],
    ])
    const after = await clientOf()
    expect(after.signing_keys).toEqual(before.signing_keys)
    expect(after).toMatchObject({ redirect_uris: ['https://app.example.com/new'], refresh: 'none' })
  })

  const newKey = async () => (await createSigningKey(account.kms_client, 'RS256')).kms_key_arn

  test('ROT-2: a key that is given waits beside the one that signs, and it says what comes next', async () => {
    await init()
    const { signing_keys: before } = await clientOf()
    const kms_key_arn = await newKey()
    const said = await init({ json: true, replace: true, 'kms-key-arn': kms_key_arn })
    expect(said.code).toBe(0)
    const { signing_keys: after } = await clientOf()
    expect(after).toEqual([
      before[0],
      {
        kms_key_arn,
        alg: 'RS256',
        public_jwk: expect.anything(),
        state: 'next',
        created_at: expect.any(String),
      },
    ])
    const which = `--client app-1 --kid ${after[1]!.public_jwk.kid}`
    expect(jsonOf(said).next).toEqual([
      expect.stringMatching(/^In PingOne/),
      expect.stringMatching(new RegExp(`^countersign keys publish ${which} `)),
      expect.stringMatching(new RegExp(`^countersign keys activate ${which} `)),
      expect.anything(),
      expect.anything(),
    ])
    // Again, it is no other.
    await init({ replace: true, 'kms-key-arn': kms_key_arn })
    expect((await clientOf()).signing_keys).toEqual(after)
  })

  test('by --force it signs at once, and nothing says that it was published', async () => {
    await init()
    const former = (await clientOf()).signing_keys[0]!.kms_key_arn
    const kms_key_arn = await newKey()
    const said = await init({ json: true, replace: true, force: true, 'kms-key-arn': kms_key_arn })
    expect(jsonOf(said).next).toHaveLength(3)
    const { signing_keys } = await clientOf()
    expect(signing_keys).toMatchObject([
      { kms_key_arn: former, state: 'retired', retired_at: expect.any(String) },
      { kms_key_arn, state: 'active', activated_at: expect.any(String) },
    ])
    expect(signing_keys[1]).not.toHaveProperty('published_at')
  })

  test('a key of its own that is given keeps its state, its stamps and its kid', async () => {
    await init()
    const former = (await clientOf()).signing_keys[0]!.kms_key_arn
    const document = await account.documentOf(secret)
    const [only] = document.clients[0]!.signing_keys
    const { kid: _, ...public_jwk } = only!.public_jwk
    document.clients[0]!.signing_keys = [{ ...only!, kid: 'own', public_jwk }]
    await account.secrets.send(
      new PutSecretValueCommand({ SecretId: secret, SecretString: JSON.stringify(document) }),
    )
    const given = { replace: true, 'kms-key-arn': former }
    await init(given)
    expect((await clientOf()).signing_keys).toMatchObject([{ kid: 'own', state: 'active' }])
    const other = await newKey()
    await init({ replace: true, force: true, 'kms-key-arn': other })
    const { signing_keys } = await clientOf()
    expect(signing_keys).toMatchObject([{ kid: 'own', state: 'retired' }, { state: 'active' }])

    const said = await init({ ...given, json: true })
    expect((await clientOf()).signing_keys).toEqual(signing_keys)
    expect(jsonOf(said).next).toContainEqual(
      expect.stringMatching(/^countersign keys activate --client app-1 --kid own --force /),
    )
    await init({ ...given, force: true })
    expect((await clientOf()).signing_keys).toMatchObject([
      { kid: 'own', state: 'active', created_at: only!.created_at },
      { kms_key_arn: other, state: 'retired' },
    ])
    // Another client's key is published under one kid with it.
    await init({ 'client-id': 'app-2', 'kms-key-arn': former })
    const { clients } = await account.documentOf(secret)
    expect(clients[1]!.signing_keys).toMatchObject([{ kid: 'own', state: 'active' }])
    expect(clients[1]!.signing_keys[0]!.public_jwk).not.toHaveProperty('kid')
  })

  test('of another issuer now: another key, since one key is for one issuer', async () => {
    await init()
    const former = (await clientOf()).signing_keys[0]!.kms_key_arn
    expect((await init({ replace: true, issuer: `${provider.issuer}2`, 'no-discovery': true })).code).toBe(0)
    const { signing_keys } = await clientOf()
    expect(signing_keys).toHaveLength(1)
    expect(signing_keys[0]!.kms_key_arn).not.toBe(former)
  })
})

describe('where it is written', () => {
  test('somebody else has written meanwhile: nothing of theirs is lost, and the key that was made is named', async () => {
    const theirs = JSON.stringify({ version: 1, clients: [] }, null, 1)
    const answers: Answers = {
      'Sign with': '',
      'The origins': '',
      'Is the app': '',
      'What does the app get': '',
    }
    // Between reading and writing stands the last question.
    const { terminal, said } = recorded(answers)
    const ask: typeof terminal.ask = async (question, fallback) => {
      if (!question.startsWith('Write it')) return terminal.ask(question, fallback)
      await account.secrets.send(new PutSecretValueCommand({ SecretId: secret, SecretString: theirs }))
      return 'yes'
    }
    const code = await runCommand(line({ json: true }), { env: {}, terminal: { ...terminal, ask } })
    expect([code, jsonOf(said)]).toMatchObject([3, { error: { code: 'changed_meanwhile' } }])
    expect(jsonOf(said)).toMatchObject({
      error: { fix: expect.stringMatching(/--kms-key-arn arn:aws:kms:/) },
    })
    expect(JSON.stringify(await account.documentOf(secret), null, 1)).toBe(theirs)
  })

  test('a secret that is not there is made, if that is wanted', async () => {
    const there = { 'secret-id': `config-new-${made}`, signer: SIGNERS, url: 'http://127.0.0.1:8401/' }
    const refused = await init({ ...there, json: true })
    expect([refused.code, jsonOf(refused)]).toMatchObject([1, { error: { code: 'secret_missing' } }])
    expect((await init({ ...there, yes: true })).code).toBe(0)
    const { Tags } = await account.secrets.send(new DescribeSecretCommand({ SecretId: there['secret-id'] }))
    expect(Tags).toEqual([
      { Key: TAGS.url, Value: 'http://127.0.0.1:8401' },
      { Key: TAGS.signers, Value: SIGNERS.join(' ') },
    ])
    expect((await account.documentOf(there['secret-id'])).clients).toHaveLength(1)
  })

  test('a new secret is made by its name, not by an ARN', async () => {
    const arn = 'arn:aws:secretsmanager:eu-central-1:000000000000:secret:none-AbCdEf'
    const said = await init({ 'secret-id': arn, signer: SIGNERS, yes: true, json: true })
    expect([said.code, jsonOf(said)]).toMatchObject([1, { error: { code: 'secret_missing' } }])
  })

  test('a secret without a value gets its first', async () => {
    const Name = `config-empty-${made}`
    await account.secrets.send(new CreateSecretCommand({ Name }))
    const said = await init({ 'secret-id': Name, signer: SIGNERS, json: true })
    const { VersionIdsToStages } = await account.secrets.send(new DescribeSecretCommand({ SecretId: Name }))
    expect([said.code, VersionIdsToStages]).toEqual([
      0,
      { [String(jsonOf(said).version_id)]: ['AWSCURRENT'] },
    ])
  })

  test('on Lambda, no loopback: the deployment says where it is', async () => {
    const said = await init({
      'redirect-uri': 'http://127.0.0.1:8080/cb',
      url: 'https://login.example.com',
      json: true,
    })
    expect([said.code, jsonOf(said)]).toMatchObject([1, { error: { code: 'configuration_invalid' } }])
  })

  test('--out: to a file, which is added to; to standard output; and nothing to the secret', async () => {
    const out = join(folder, `config-${made}.json`)
    expect((await init({ out })).code).toBe(0)
    expect((await init({ out, 'client-id': 'app-2' })).code).toBe(0)
    const text = await readFile(out, 'utf8')
    const { clients } = parseRegistrations(text, { revision: '', onLambda: false })
    expect(clients.map(({ client_id }) => client_id)).toEqual(['app-1', 'app-2'])
    const printed = await init({ out: '-' })
    expect(JSON.parse(printed.out.join('\n')).clients).toHaveLength(1)
    expect(printed.notes).toContainEqual(expect.stringContaining('Next:'))
    expect(jsonOf(await init({ out: '-', json: true }))).toMatchObject({ document: { version: 1 } })
    expect((await account.documentOf(secret)).clients).toEqual([])
  })

  test('--out needs no secret, and no valid file is written over', async () => {
    const out = join(folder, 'alone.json')
    const args = { out, 'secret-id': undefined, signer: SIGNERS[0]! }
    expect((await init(args)).code).toBe(0)
    await writeFile(out, '{"version":1,"clients":[{}]}')
    const said = await init({ ...args, json: true })
    expect([said.code, jsonOf(said)]).toMatchObject([
      1,
      { error: { code: 'configuration_invalid', message: expect.stringContaining(out) } },
    ])
    expect(await readFile(out, 'utf8')).toBe('{"version":1,"clients":[{}]}')
  })
})

describe('nobody is asked', () => {
  test('what is missing is named at once, with what is wrong', async () => {
    const said = await countersign([
      'init',
      '--json',
      '--application-type',
      'tv',
      '--token-endpoint',
      'http://x',
    ])
    expect([said.code, jsonOf(said)]).toMatchObject([2, { error: { code: 'usage' } }])
    expect(jsonOf(said)).toMatchObject({
      error: {
        message: [
          'There is missing: --secret-id (or --out), --provider, --issuer, --client-id, --redirect-uri',
          '--application-type must be web or native',
          '--token-endpoint must be https (http is for loopback hosts only, and never on Lambda)',
        ].join('\n'),
      },
    })
  })

  test.each([
    [{ provider: 'pong' }, '--provider must be one of pingone, '],
    [{ 'redirect-uri': '*' }, '--redirect-uri must not hold a wildcard'],
    [{ alg: 'HS256' }, '--alg must be one of RS256, '],
    [{ issuer: 'http://login.example.com' }, '--issuer must be https'],
    [{ url: 'http://login.example.com' }, '--url is http://login.example.com'],
  ])('%j', async (changes, why) => {
    const said = await init(changes)
    expect([said.code, said.notes[0]]).toEqual([2, expect.stringContaining(why)])
  })
})

describe('somebody is asked', () => {
  const ALL: Answers = {
    Provider: '',
    "The provider's issuer": '',
    'The client_id': 'app-1',
    'Is the app': '',
    'What does the app get': '',
    'Its redirect URIs': 'https://app.example.com/callback, https://app.example.com/silent',
    'The origins': '',
    'Sign with': '',
    'Write it': '',
  }
  const ask = (answers: Answers, changes = {}) =>
    countersign(['init', '--secret-id', secret, ...(Object.entries(changes).flat() as string[])], {
      answers: { ...ALL, "The provider's issuer": provider.issuer, ...answers },
    })

  test('for everything, with defaults; it shows the client before it writes', async () => {
    const said = await ask({})
    expect(said.code).toBe(0)
    expect(await clientOf()).toMatchObject({
      provider: 'pingone',
      issuer: provider.issuer,
      allowed_origins: ['https://app.example.com'],
      redirect_uris: ['https://app.example.com/callback', 'https://app.example.com/silent'],
      signing_keys: [{ alg: 'RS256' }],
    })
    const shown = said.notes.findIndex(note => note.includes('"client_id": "app-1"'))
    expect(said.notes.slice(shown + 1)).toEqual([
      'Its key: a new key in KMS (RSA_2048)',
      `Write it to the secret ${secret}? [yes]`,
    ])
  })

  test('again, until the answer can be right', async () => {
    const said = await ask({
      Provider: ['pong', 'generic'],
      'Sign with': ['RS999', 'ES256'],
      'The client_id': ['', 'x'],
    })
    expect(said.code).toBe(0)
    expect(said.notes).toContainEqual(expect.stringMatching(/^This must be one of pingone/))
    expect(said.notes).toContain('This is needed.')
    expect(await clientOf()).toMatchObject({
      client_id: 'x',
      provider: 'generic',
      signing_keys: [{ alg: 'ES256' }],
    })
  })

  test('no is an answer: nothing is written, and no key is made', async () => {
    const kms = control(account.kms)
    await kms.reset()
    expect((await ask({ 'Write it': 'no' })).code).toBe(3)
    expect((await account.documentOf(secret)).clients).toEqual([])
    expect(await kms.requests()).toEqual([])
    await ask({})
    expect((await kms.requests()).map(({ operation }) => operation)).toContain('CreateKey')
  })

  test('of an algorithm that is offered', async () => {
    provider.metadata = { token_endpoint_auth_signing_alg_values_supported: ['PS256', 'ES256'] }
    const said = await ask({})
    expect(said.notes).toContain('Sign with [PS256]')
    expect(await clientOf()).toMatchObject({ signing_keys: [{ alg: 'PS256' }] })
  })

  test("whether a foreign host is the provider's", async () => {
    provider.metadata = { jwks_uri: 'https://keys.example.net/jwks' }
    expect((await ask({ 'Do they belong': '' })).code).toBe(1)
    expect((await ask({ 'Do they belong': 'yes' })).code).toBe(0)
  })

  test('whether a client is to be replaced, and a secret made', async () => {
    await ask({})
    expect((await ask({ 'There is a client': '' })).code).toBe(3)
    expect((await ask({ 'There is a client': 'y' })).code).toBe(0)
    secret = `config-asked-${made}`
    expect((await ask({ 'Create the secret': 'yes' }, { '--signer': SIGNERS[0] })).code).toBe(0)
    expect((await account.documentOf(secret)).clients).toHaveLength(1)
  })

  test('not with --yes', async () => {
    const said = await init({ yes: true }, {})
    expect([said.code, said.notes]).toEqual([0, []])
  })
})
