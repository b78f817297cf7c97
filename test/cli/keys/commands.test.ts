import { X509Certificate } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import {
  CreateKeyCommand,
  DescribeKeyCommand,
  DisableKeyCommand,
  GetKeyPolicyCommand,
  KMSClient,
  ListKeysCommand,
  PutKeyPolicyCommand,
} from '@aws-sdk/client-kms'
import { ListSecretVersionIdsCommand, PutSecretValueCommand } from '@aws-sdk/client-secrets-manager'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { promote, replaceDocument } from '../../../cli/document.ts'
import { x5tS256 } from '../../../cli/kms/certificate.ts'
import { signingKeyPolicy } from '../../../cli/kms/policy.ts'
import { ALGS } from '../../../cli/kms/spec.ts'
import { keySet } from '../../../lib/jose/jwks.ts'
import { listen } from '../../../local/listen.ts'
import { HAS_ML_DSA } from '../../../local/ml-dsa.ts'
import { ACCOUNT, CONFIG_SECRET, OPERATOR, SIGNING_ROLE } from '../../../local/roles.ts'
import { type Operator, startOperator } from '../operator.ts'

let operator: Operator
beforeEach(async () => {
  operator = await startOperator(['RS256', 'ES256'])
})
afterEach(() => operator.close())

const RS = ['--client', 'rs256']

describe('a rotation step by step', () => {
  test('create, publish, activate, remove: each says what is next, and the other client stays as it is', async () => {
    const { run, keysOf, document } = operator
    const [other] = await keysOf('es256')
    const created = await run('keys', 'create', ...RS, '--alg', 'ES256', '--json')
    expect([created.code, created.json]).toEqual([
      0,
      expect.objectContaining({ ok: true, alg: 'ES256', state: 'next' }),
    ])
    const kid = created.json.kid as string

    expect((await run('keys', 'activate', ...RS)).code).toBe(3)
    // No URL is known, so nothing can be looked at: it has to be vouched for.
    expect((await run('keys', 'publish', ...RS, '--json')).json.error.code).toBe('url_unknown')
    expect((await run('keys', 'publish', ...RS, '--vouch')).code).toBe(0)

    const early = await run('keys', 'activate', ...RS, '--json')
    expect([early.code, early.json.error.code]).toEqual([3, 'too_early'])
    expect((await run('keys', 'activate', ...RS, '--publish-wait', '0')).code).toBe(0)
    expect((await keysOf('rs256')).map(({ state, alg }) => [state, alg])).toEqual([
      ['retired', 'RS256'],
      ['active', 'ES256'],
    ])
    expect((await run('keys', 'remove', ...RS)).code).toBe(3)
    expect((await run('keys', 'remove', ...RS, '--retire-wait', '0s')).code).toBe(0)
    expect(await keysOf('rs256')).toMatchObject([{ state: 'active', public_jwk: { kid } }])
    expect(await keysOf('es256')).toEqual([other])
    expect(await document()).toMatchObject({ version: 1 })
  })

  test.each(ALGS)('a key for %s', async alg => {
    const { code, json } = await operator.run('keys', 'create', ...RS, '--alg', alg, '--json')
    if (alg.startsWith('ML-DSA') && !HAS_ML_DSA) return expect(json.error.code).toBe('alg_unknown')
    expect([code, json]).toMatchObject([0, { alg, state: 'next' }])
  })

  test('KMS-8: the new key is the signing role’s alone', async () => {
    const { json } = await operator.run('keys', 'create', ...RS, '--alg', 'PS256', '--json')
    const { Policy } = await operator.kms.send(new GetKeyPolicyCommand({ KeyId: json.kms_key_arn as string }))
    expect(JSON.parse(Policy!)).toEqual(
      signingKeyPolicy({ account: ACCOUNT, partition: 'aws', signers: [SIGNING_ROLE], alg: 'PS256' }),
    )
  })

  test('publish looks at the published set until the key is there', async () => {
    const { run, keysOf } = operator
    let asked = 0
    const server = createServer(async (_, response) => {
      // What the deployed function reads is a moment behind.
      const keys = (await keysOf('rs256')).slice(0, asked++ === 0 ? 1 : 2)
      response.end(JSON.stringify(await keySet(keys)))
    })
    const url = await listen(server, 0)
    await run('keys', 'create', ...RS, '--alg', 'RS256')
    const { code, notes } = await run('keys', 'publish', ...RS, '--url', url)
    server.close()
    expect([code, asked]).toEqual([0, 2])
    expect(notes).toContain(`${url}/.well-known/jwks.json`)
    expect((await keysOf('rs256'))[1]).toHaveProperty('published_at')
  })

  test('publish does not read a set without end', async () => {
    const { run, keysOf } = operator
    const server = createServer(async (_, response) => {
      const set = JSON.stringify(await keySet(await keysOf('rs256')))
      response.setHeader('content-encoding', 'gzip').end(gzipSync(set.padEnd(300_000)))
    })
    const url = await listen(server, 0)
    await run('keys', 'create', ...RS, '--alg', 'RS256')
    const { code, json } = await run('keys', 'publish', ...RS, '--url', url, '--json')
    server.close()
    expect([code, json.error]).toMatchObject([
      1,
      { code: 'key_set_unreadable', message: expect.stringContaining('more than 256 KiB') },
    ])
  })

  test('of a client that is not there', async () => {
    const { code, notes } = await operator.run('keys', 'list', '--client', 'rs265')
    expect([code, notes]).toEqual([2, expect.stringContaining('There are: rs256, es256')])
  })

  test('without anything to do nothing is written', async () => {
    const { run } = operator
    const { json: before } = await run('keys', 'list', '--json')
    const { json } = await run('keys', 'activate', ...RS, '--kid', before.keys[0]!.kid!, '--json')
    expect(json).toMatchObject({ ok: true, changed: false, version_id: before.version_id })
  })
})

describe('the version that is in force', () => {
  test('is replaced by moving its label, and what else was written meanwhile is not overwritten', async () => {
    const { secrets, document, run } = operator
    const { json } = await run('keys', 'list', '--json')
    const mine = await document()
    // Somebody else is faster.
    await operator.put(mine)
    const context = { secretId: () => CONFIG_SECRET, secrets: () => secrets } as never
    const basis = {
      version_id: json.version_id as string,
      deployment: {
        account: undefined,
        url: undefined,
        signers: [],
        signing_key: undefined,
        operator: undefined,
      },
    }
    await expect(replaceDocument(context, basis, { ...mine, clients: [] })).rejects.toMatchObject({
      code: 'changed_meanwhile',
      exit: 3,
    })
    expect((await document()).clients).toHaveLength(2)
  })

  test('of two commands at once both come through, one on top of the other', async () => {
    const { run, keysOf } = operator
    const codes = await Promise.all([
      run('keys', 'create', '--client', 'rs256', '--alg', 'ES256').then(({ code }) => code),
      run('keys', 'create', '--client', 'es256', '--alg', 'ES384').then(({ code }) => code),
    ])
    expect(codes).toEqual([0, 0])
    expect([(await keysOf('rs256')).length, (await keysOf('es256')).length]).toEqual([2, 2])
  })

  test('leaves no label behind', async () => {
    await operator.run('keys', 'create', ...RS, '--alg', 'ES256')
    const { Versions = [] } = await operator.secrets.send(
      new ListSecretVersionIdsCommand({ SecretId: CONFIG_SECRET }),
    )
    expect(Versions.flatMap(({ VersionStages = [] }) => VersionStages).sort()).toEqual([
      'AWSCURRENT',
      'AWSPREVIOUS',
    ])
  })

  test.each([
    [['--own-kid', 'arn:aws:kms:x'], 1, 'kid: must not be an ARN'],
    [['--own-kid', 'taken'], 1, 'kid'],
    [['--days', 'soon'], 2, '--days takes'],
  ])('what no key could have is refused before one is made: %j', async (more, exit, said) => {
    const { run, kms, keysOf, document } = operator
    const all = await document()
    const [key] = all.clients[1]!.signing_keys
    Object.assign(key!.public_jwk, { kid: 'taken' })
    await operator.put(all)
    const before = await kms.send(new ListKeysCommand({}))
    const { code, notes } = await run('keys', 'create', ...RS, '--alg', 'ES256', ...more)
    expect([code, notes]).toEqual([exit, expect.stringContaining(said)])
    expect((await kms.send(new ListKeysCommand({}))).Keys).toEqual(before.Keys)
    expect(await keysOf('rs256')).toHaveLength(1)
  })
})

describe('ROT-4: a rollback', () => {
  const rotated = async () => {
    const { run } = operator
    await run('keys', 'create', ...RS, '--alg', 'ES256')
    await run('keys', 'activate', ...RS, '--force')
  }

  test('brings key, kid and alg back together, and a second one takes it back', async () => {
    const { run, keysOf } = operator
    const before = await keysOf('rs256')
    await rotated()
    const after = await keysOf('rs256')
    expect((await run('keys', 'rollback')).code).toBe(0)
    expect((await keysOf('rs256'))[0]).toEqual(before[0])
    expect((await run('keys', 'rollback')).code).toBe(0)
    expect(await keysOf('rs256')).toEqual(after)
  })

  test('is refused where the key that would sign is disabled, or published no more', async () => {
    const { run, keysOf, kms } = operator
    const [old] = await keysOf('rs256')
    await rotated()
    await kms.send(new DisableKeyCommand({ KeyId: old!.kms_key_arn }))
    const disabled = await run('keys', 'rollback', '--json')
    expect([disabled.code, disabled.json.error.code]).toEqual([3, 'not_restorable'])
    await run('keys', 'remove', ...RS, '--force')
    // The version before this one has the new key active: that is well. One more back there is none to go to.
    expect((await run('keys', 'rollback')).code).toBe(0)
    expect((await run('keys', 'rollback', '--force')).code).toBe(0)
  })

  test('goes as far back as it is told', async () => {
    const { run, document } = operator
    const first = await document()
    const { json } = await run('keys', 'list', '--json')
    for (const client of ['rs256', 'es256']) await run('keys', 'create', '--client', client)
    expect((await run('keys', 'rollback', '--to-version', 'none', '--json')).json.error.code).toBe(
      'no_previous_version',
    )
    expect((await run('keys', 'rollback', '--to-version', String(json.version_id))).code).toBe(0)
    expect(await document()).toEqual(first)
  })

  test('is refused to where the key that would sign is published no more', async () => {
    const { run } = operator
    const { json } = await run('keys', 'list', '--json')
    await rotated()
    await run('keys', 'remove', ...RS, '--force')
    const gone = await run('keys', 'rollback', '--to-version', String(json.version_id), '--json')
    expect([gone.code, gone.json.error.code]).toEqual([3, 'not_restorable'])
    expect((gone.json.error as unknown as { message: string }).message).toContain('published no more')
  })

  test('to the version in force is none', async () => {
    const { run } = operator
    await rotated()
    const { json } = await run('keys', 'list', '--json')
    const { code, json: said } = await run(
      'keys',
      'rollback',
      '--to-version',
      String(json.version_id),
      '--json',
    )
    expect([code, said.error.code]).toEqual([3, 'in_force_already'])
  })

  test('of a first version there is none', async () => {
    const { code, json } = await operator.run('keys', 'rollback', '--json')
    expect([code, json.error.code]).toEqual([3, 'no_previous_version'])
    const shown = await operator.run('config', 'show', '--previous', '--json')
    expect([shown.code, shown.json.error.code]).toEqual([3, 'no_previous_version'])
  })
})

describe('a rollback of more than keys', () => {
  test('is said, and refused without --force: a client that was switched off would be on again', async () => {
    const { run, document } = operator
    const all = await document()
    const [one, other] = all.clients
    const off = {
      ...all,
      clients: [{ ...one, enabled: false, redirect_uris: ['https://app.example/other'] }, other],
    }
    await operator.put(off)
    const { code, json } = await run('keys', 'rollback', '--json')
    expect([code, json.error.code]).toEqual([3, 'not_restorable'])
    const { message } = json.error as unknown as { message: string }
    expect(message).toContain('rs256: enabled would be absent again.')
    expect(message).toContain('rs256: redirect_uris would be ["https://app.example/callback"] again.')
    expect((await document()).clients[0]!.enabled).toBe(false)
    expect((await run('keys', 'rollback', '--force')).code).toBe(0)
    expect(await document()).toEqual(all)
  })
})

describe('a rollback from a document that is not valid', () => {
  test('needs no force: there is nothing to compare with, and all the more to go back from', async () => {
    const good = await operator.document()
    await operator.put('{"version":1,"clients":[{}]}')
    expect((await operator.run('keys', 'list', '--json')).json.error).toMatchObject({
      code: 'configuration_invalid',
      fix: expect.stringContaining('keys rollback'),
    })
    expect((await operator.run('keys', 'rollback')).code).toBe(0)
    expect(await operator.document()).toEqual(good)
  })

  test('to one that is not valid is refused, and said of which', async () => {
    const good = JSON.stringify(await operator.document())
    await operator.put('{"version":1,"clients":[{}]}')
    await operator.put(good)
    const { code, json } = await operator.run('keys', 'rollback', '--force', '--json')
    expect([code, json.error.code]).toEqual([3, 'configuration_invalid'])
    expect((json.error as unknown as { message: string }).message).toMatch(
      /^It is the version before this one/,
    )
    expect((await operator.run('config', 'show', '--previous')).out).toBe('{"version":1,"clients":[{}]}')
  })
})

describe('an answer that is lost', () => {
  test('of a promotion that was made is no conflict: its repetition is refused, and finds it done', async () => {
    const { secrets, run } = operator
    const { json } = await run('keys', 'list', '--json')
    const from = json.version_id as string
    const { VersionId: to = '' } = await secrets.send(
      new PutSecretValueCommand({
        SecretId: CONFIG_SECRET,
        SecretString: JSON.stringify(await operator.document()),
        VersionStages: ['countersign-pending'],
      }),
    )
    const context = { secretId: () => CONFIG_SECRET, secrets: () => secrets } as never
    await promote(context, from, to)
    // As the SDK would send it once more.
    await promote(context, from, to)
    await expect(promote(context, from, from)).rejects.toMatchObject({ code: 'changed_meanwhile' })
  })
})

describe('a key that could not sign', () => {
  const made = async () => {
    const { json } = await operator.run('keys', 'create', ...RS, '--alg', 'ES256', '--json')
    await operator.run('keys', 'publish', ...RS, '--vouch')
    return json.kms_key_arn as string
  }
  const activate = (...more: string[]) =>
    operator.run('keys', 'activate', ...RS, '--publish-wait', '0s', ...more, '--json')

  test('is not activated: disabled', async () => {
    await operator.kms.send(new DisableKeyCommand({ KeyId: await made() }))
    const { code, json } = await activate()
    expect([code, json.error.code]).toEqual([3, 'not_usable'])
    expect((await operator.keysOf('rs256')).map(({ state }) => state)).toEqual(['active', 'next'])
    expect((await activate('--force')).code).toBe(0)
  })

  test('is not activated: its policy does not name the signing role', async () => {
    const KeyId = await made()
    const policy = signingKeyPolicy({ account: ACCOUNT, partition: 'aws', signers: [OPERATOR], alg: 'ES256' })
    await operator.kms.send(
      new PutKeyPolicyCommand({ KeyId, PolicyName: 'default', Policy: JSON.stringify(policy) }),
    )
    const { code, json } = await activate()
    expect([code, json.error.code]).toEqual([3, 'not_usable'])
  })

  test('is not activated: its policy permits another algorithm', async () => {
    const KeyId = await made()
    const other = { account: ACCOUNT, partition: 'aws', signers: [SIGNING_ROLE], alg: 'ES384' } as const
    const put = (policy: object) =>
      operator.kms.send(
        new PutKeyPolicyCommand({ KeyId, PolicyName: 'default', Policy: JSON.stringify(policy) }),
      )
    await put(signingKeyPolicy(other))
    const { code, json } = await activate()
    expect([code, json.error.code]).toEqual([3, 'not_usable'])
    // Too much keeps nobody from signing.
    const text = JSON.stringify(signingKeyPolicy(other))
    await put(JSON.parse(text.replace('"ECDSA_SHA_384"', '["ECDSA_SHA_384","ECDSA_SHA_256"]')))
    expect((await activate()).code).toBe(0)
  })

  test('nor one that was never stamped as published, whatever the wait', async () => {
    await operator.run('keys', 'create', ...RS, '--alg', 'ES256')
    expect((await activate()).json.error.code).toBe('too_early')
  })
})

describe('who the tag of the secret lets sign', () => {
  test('has to be of this account, or be typed', async () => {
    const mallory = 'arn:aws:iam::999988887777:role/mallory'
    await operator.close()
    operator = await startOperator(['RS256'], { signers: `${SIGNING_ROLE} ${mallory}` })
    const { code, json } = await operator.run('keys', 'create', '--alg', 'ES256', '--json')
    expect([code, json.error.code]).toEqual([3, 'foreign_signer'])
    expect((await operator.keysOf()).length).toBe(1)
    const typed = await operator.run('keys', 'create', '--alg', 'ES256', '--signer', SIGNING_ROLE)
    expect([typed.code, typed.notes]).toEqual([
      0,
      expect.stringContaining(`${SIGNING_ROLE} will sign with it`),
    ])
  })
})

describe('ROT-7: an emergency', () => {
  test('where the key cannot be disabled nothing else is done either, and the command can be run again', async () => {
    const { run, keysOf, kms } = operator
    const [bad] = await keysOf('rs256')
    await run('keys', 'create', ...RS, '--alg', 'RS256')
    const strict = signingKeyPolicy({
      account: ACCOUNT,
      partition: 'aws',
      signers: [SIGNING_ROLE],
      alg: 'RS256',
    })
    const Statement = strict.Statement.map(one =>
      one.Sid === 'AdministerWithoutUse' ? { ...one, Action: ['kms:PutKeyPolicy', 'kms:DescribeKey'] } : one,
    )
    const put = (policy: object) =>
      kms.send(
        new PutKeyPolicyCommand({
          KeyId: bad!.kms_key_arn,
          PolicyName: 'default',
          Policy: JSON.stringify(policy),
        }),
      )
    await put({ ...strict, Statement })
    const args = ['keys', 'remove', ...RS, '--kid', bad!.public_jwk.kid!, '--force', '--disable']
    expect((await run(...args)).code).toBe(1)
    expect(await keysOf('rs256')).toHaveLength(2)
    await put(strict)
    expect((await run(...args)).code).toBe(0)
    expect(await keysOf('rs256')).toHaveLength(1)
  })

  test('one command takes a key out of what is published and disables it', async () => {
    const { run, keysOf, kms } = operator
    const [bad] = await keysOf('rs256')
    await run('keys', 'create', ...RS, '--alg', 'RS256')
    const { code, json } = await run(
      'keys',
      'remove',
      ...RS,
      '--kid',
      bad!.public_jwk.kid!,
      '--force',
      '--disable',
      '--json',
    )
    expect([code, json.disabled]).toEqual([0, true])
    expect(await keysOf('rs256')).toMatchObject([{ state: 'active' }])
    const { KeyMetadata } = await kms.send(new DescribeKeyCommand({ KeyId: bad!.kms_key_arn }))
    expect(KeyMetadata!.KeyState).toBe('Disabled')
  })

  test('the replicas in other Regions are disabled as well', async () => {
    const { run, document } = operator
    const all = await document()
    const [key] = all.clients[0]!.signing_keys
    const arns = ['eu-central-1', 'ap-south-1'].map(region => `arn:aws:kms:${region}:${ACCOUNT}:key/mrk-1`)
    const [kms_key_arn = '', ...replicas] = arns
    const multi = { ...key!, kms_key_arn, replicas, state: 'retired' as const }
    const next = all.clients[1]!.signing_keys[0]!
    Object.assign(all.clients[0]!, { signing_keys: [multi, next] })
    await operator.put(all)
    // There is no multi-Region key here: what is asked of KMS is what counts.
    const send = vi.spyOn(KMSClient.prototype, 'send').mockImplementation(async () => {})
    const { code } = await run('keys', 'remove', ...RS, '--force', '--disable')
    const disabled = send.mock.calls.flatMap(([asked]) =>
      asked instanceof DisableKeyCommand ? [asked.input.KeyId] : [],
    )
    send.mockRestore()
    expect([code, disabled]).toEqual([0, arns])
  })

  test('a key that another client signs by is not disabled', async () => {
    const { run, keysOf, document } = operator
    const [shared] = await keysOf('rs256')
    const both = await document()
    both.clients[1]!.signing_keys = [{ ...shared!, state: 'active' }]
    await operator.put(both)
    await run('keys', 'create', ...RS, '--alg', 'RS256')
    const { code, json } = await run(
      'keys',
      'remove',
      ...RS,
      '--kid',
      shared!.public_jwk.kid!,
      '--force',
      '--disable',
      '--json',
    )
    expect([code, json.error.code]).toEqual([3, 'in_use'])
    expect(await keysOf('rs256')).toHaveLength(2)
  })
})

describe('keys import of a key that is there already', () => {
  const again = async (...more: string[]) => {
    const [key] = await operator.keysOf('rs256')
    return operator.run('keys', 'import', ...RS, '--kms-key-arn', key!.kms_key_arn, ...more, '--json')
  }

  test('changes nothing, and says what stands there', async () => {
    const { code, json } = await again('--alg', 'RS256')
    expect([code, json]).toMatchObject([0, { alg: 'RS256', state: 'active' }])
  })

  test.each([
    [['--alg', 'PS256'], 'alg RS256'],
    [['--alg', 'RS256', '--own-kid', 'other'], 'kid '],
    [['--alg', 'RS256', '--x5t', x5tS256(Buffer.from('other'))], 'x5t#S256 absent'],
    [['--alg', 'RS256', '--certificate', '/nowhere/key.pem'], 'x5t#S256 absent'],
  ])('is refused where it would have to change: %j', async (more, said) => {
    const { code, json } = await again(...more)
    expect([code, json.error]).toMatchObject([
      3,
      { code: 'other_entry', message: expect.stringContaining(said) },
    ])
  })
})

describe('keys import', () => {
  const create = async (input: object) => {
    const { KeyMetadata } = await operator.kms.send(new CreateKeyCommand(input as never))
    return KeyMetadata!.Arn!
  }

  test('takes a key that exists; what its policy lacks is printed', async () => {
    const arn = await create({ KeySpec: 'ECC_NIST_P256', KeyUsage: 'SIGN_VERIFY' })
    const { code, json } = await operator.run('keys', 'import', ...RS, '--kms-key-arn', arn, '--json')
    expect([code, json.alg]).toEqual([0, 'ES256'])
    const [wrong, statement = ''] = json.permissions as string[]
    expect(wrong).toContain('may not kms:Sign')
    expect(JSON.parse(statement)).toMatchObject({ Principal: { AWS: SIGNING_ROLE }, Action: 'kms:Sign' })
  })

  test('asks for the algorithm where there are several, and refuses one that the key cannot do', async () => {
    const arn = await create({ KeySpec: 'RSA_2048', KeyUsage: 'SIGN_VERIFY' })
    const unclear = await operator.run('keys', 'import', ...RS, '--kms-key-arn', arn)
    expect([unclear.code, unclear.notes]).toEqual([2, expect.stringContaining('PS512')])
    expect((await operator.run('keys', 'import', ...RS, '--kms-key-arn', arn, '--alg', 'ES256')).code).toBe(1)
    expect((await operator.run('keys', 'import', ...RS, '--kms-key-arn', arn, '--alg', 'RS512')).code).toBe(0)
  })

  test('refuses a key that cannot sign', async () => {
    const arn = await create({ KeySpec: 'RSA_2048', KeyUsage: 'ENCRYPT_DECRYPT' })
    const { json } = await operator.run(
      'keys',
      'import',
      ...RS,
      '--kms-key-arn',
      arn,
      '--alg',
      'RS256',
      '--json',
    )
    expect(json.error.code).toBe('wrong_usage')
    const disabled = await create({ KeySpec: 'ECC_NIST_P256', KeyUsage: 'SIGN_VERIFY' })
    await operator.kms.send(new DisableKeyCommand({ KeyId: disabled }))
    expect(
      (await operator.run('keys', 'import', ...RS, '--kms-key-arn', disabled, '--json')).json.error.code,
    ).toBe('not_enabled')
  })
})

describe('keys export', () => {
  test('JWKS-5: as a set, as PingOne takes it, as PEM', async () => {
    const { run, keysOf } = operator
    const set = await keySet(await keysOf('rs256'))
    expect(JSON.parse((await run('keys', 'export', ...RS)).out)).toEqual(set)
    const escaped = (await run('keys', 'export', ...RS, '--format', 'pingone')).out
    expect(escaped).not.toContain('\n')
    expect(JSON.parse(JSON.parse(`{"jwks":${escaped}}`).jwks)).toEqual(set)
    expect((await run('keys', 'export', ...RS, '--format', 'pem')).out).toMatch(
      /^-----BEGIN PUBLIC KEY-----\n/,
    )
  })

  test('JWKS-5: a certificate by a key that lets the function sign alone: its policy is opened for it and put back', async () => {
    const { run, keysOf, kms } = operator
    const [key] = await keysOf('es256')
    const { public_jwk, kms_key_arn } = key!
    const strict = JSON.stringify(
      signingKeyPolicy({ account: ACCOUNT, partition: 'aws', signers: [SIGNING_ROLE], alg: 'ES256' }),
    )
    await kms.send(new PutKeyPolicyCommand({ KeyId: kms_key_arn, PolicyName: 'default', Policy: strict }))
    const args = ['keys', 'export', '--client', 'es256', '--format', 'certificate']
    const refused = await run(...args, '--json')
    expect([refused.code, refused.json.error.code]).toEqual([1, 'may_not_sign'])

    const { code, json } = await run(...args, '--open-policy', '--json')
    expect(code).toBe(0)
    const certificate = new X509Certificate(json.certificate as string)
    expect(certificate.verify(certificate.publicKey)).toBe(true)
    expect(certificate.publicKey.export({ format: 'jwk' })).toMatchObject({
      x: public_jwk.x,
      y: public_jwk.y,
    })
    const { Policy } = await kms.send(new GetKeyPolicyCommand({ KeyId: kms_key_arn }))
    expect(JSON.parse(Policy!)).toEqual(JSON.parse(strict))
    expect(Policy).not.toContain(OPERATOR)

    // What a process that was ended has left behind ends by itself, and is taken out by the next.
    const leftover = { ...JSON.parse(strict).Statement[1], Sid: 'CountersignForOneCertificate' }
    const root = { AWS: `arn:aws:iam::${ACCOUNT}:root` }
    const until = (time: string) => ({ ...leftover.Condition, DateLessThan: { 'aws:CurrentTime': time } })
    const withLeftover = (time: string) => ({
      ...JSON.parse(strict),
      Statement: [...JSON.parse(strict).Statement, { ...leftover, Principal: root, Condition: until(time) }],
    })
    const put = (policy: object) =>
      kms.send(
        new PutKeyPolicyCommand({
          KeyId: kms_key_arn,
          PolicyName: 'default',
          Policy: JSON.stringify(policy),
        }),
      )
    await put(withLeftover('2020-01-01T00:00:00Z'))
    expect((await run(...args, '--json')).json.error.code).toBe('may_not_sign')
    expect((await run(...args, '--open-policy')).code).toBe(0)
    const closed = await kms.send(new GetKeyPolicyCommand({ KeyId: kms_key_arn }))
    expect(JSON.parse(closed.Policy!)).toEqual(JSON.parse(strict))
  })
})

test('a provider that knows keys by certificate: the key comes with one, whose hash stands beside it', async () => {
  const { run, keysOf, document } = operator
  const all = await document()
  const [key] = all.clients[0]!.signing_keys
  const entra = {
    ...all.clients[0],
    client_id: 'entra',
    provider: 'entra',
    issuer: 'https://login.microsoftonline.com/t/v2.0',
    token_endpoint: undefined,
    signing_keys: [{ ...key, 'x5t#S256': x5tS256(Buffer.from('first')) }],
  }
  await operator.put({ ...all, clients: [entra] })
  const folder = mkdtempSync(join(tmpdir(), 'countersign-certificate-'))
  const file = join(folder, 'key.pem')
  // Without one the provider would not know it: said before a key is made.
  const keys = await operator.kms.send(new ListKeysCommand({}))
  for (const command of [['create'], ['rotate', '--yes']]) {
    const without = await run('keys', ...command, '--alg', 'PS256', '--json')
    expect([without.code, without.json.error]).toMatchObject([
      1,
      { code: 'configuration_invalid', fix: expect.stringContaining('--certificate') },
    ])
  }
  expect((await operator.kms.send(new ListKeysCommand({}))).Keys).toEqual(keys.Keys)
  const args = ['keys', 'create', '--alg', 'PS256', '--certificate', file]
  // The new key lets the function sign alone; it is not lost by that.
  const refused = await run(...args, '--json')
  expect([refused.code, refused.json.error.code]).toEqual([1, 'may_not_sign'])
  expect(refused.json.error.fix).toMatch(/countersign keys import .*--certificate/)

  expect((await run(...args, '--open-policy')).code).toBe(0)
  const [, made] = await keysOf('entra')
  const certificate = new X509Certificate(readFileSync(file))
  rmSync(folder, { recursive: true })
  expect(made).toMatchObject({ state: 'next', 'x5t#S256': x5tS256(certificate.raw) })
  expect(certificate.publicKey.export({ format: 'jwk' })).toMatchObject({ n: made!.public_jwk.n })
})

describe('keys rotate', () => {
  test('says what it would do, and asks before it does it', async () => {
    const dry = await operator.run('keys', 'rotate', ...RS, '--alg', 'ES256', '--dry-run')
    expect([dry.code, dry.out]).toEqual([
      0,
      expect.stringMatching(/Rotation of rs256 to ES256:[\s\S]*after 1d it signs/),
    ])
    expect((await operator.run('keys', 'rotate', ...RS, '--alg', 'ES256')).code).toBe(2)
    expect(await operator.keysOf('rs256')).toHaveLength(1)
  })

  test('ROT-5: for a provider that holds the keys by hand it says what to upload, and needs no URL', async () => {
    const { run, keysOf } = operator
    expect((await run('keys', 'rotate', ...RS, '--dry-run')).out).toContain('countersign keys export')
    const lost = await run('keys', 'rotate', ...RS, '--yes', '--json')
    expect(lost.json.error.code).toBe('url_unknown')
    // It goes on with the key that was made.
    expect(await keysOf('rs256')).toMatchObject([{ state: 'active' }, { state: 'next' }])
    const resumed = await run('keys', 'rotate', ...RS, '--dry-run', '--json')
    expect(resumed.json.resumed).toBe('next')
    // Its key is made: how a new one would be made is nothing to say any more.
    const late = await run('keys', 'rotate', ...RS, '--own-kid', 'mine', '--dry-run')
    expect([late.code, late.notes]).toEqual([2, expect.stringContaining('--own-kid')])
    // The same command again is the usual one.
    const kid = (await keysOf('rs256'))[1]!.public_jwk.kid!
    const again = await run('keys', 'rotate', ...RS, '--own-kid', kid, '--signer', SIGNING_ROLE, '--dry-run')
    expect(again.code).toBe(0)
  })

  test('says what is left of the waits, not the whole of them', async () => {
    const { run, document } = operator
    await run('keys', 'create', ...RS, '--alg', 'RS256')
    await run('keys', 'publish', ...RS, '--vouch')
    const ago = (hours: number) =>
      new Date(Date.now() - hours * 3_600_000).toISOString().replace(/\.\d+Z/, 'Z')
    const all = await document()
    Object.assign(all.clients[0]!.signing_keys[1]!, { published_at: ago(20) })
    await operator.put(all)
    const dry = async () => (await run('keys', 'rotate', ...RS, '--dry-run')).out
    expect(await dry()).toMatch(/after (?:4h|3h 59m.*) it signs/)
    await run('keys', 'activate', ...RS, '--publish-wait', '20h')
    const later = await document()
    const [old, now] = later.clients[0]!.signing_keys
    Object.assign(old!, { retired_at: ago(23) })
    Object.assign(now!, { activated_at: ago(23) })
    await operator.put(later)
    expect(await dry()).toMatch(/after (?:1h|59m.*) the old key is taken out/)
  })

  test('ROT-3: the old key stays as long as what it signed may live, whatever is asked for', async () => {
    const { json } = await operator.run('keys', 'rotate', ...RS, '--retire-wait', '0s', '--dry-run', '--json')
    expect(json.retire_wait).toBe(65)
  })

  test('one that was taken back is not gone on with: the key that signs is the older one', async () => {
    const { run, keysOf, document } = operator
    await run('keys', 'create', ...RS, '--alg', 'RS256')
    // Made in different seconds, as keys are.
    const all = await document()
    Object.assign(all.clients[0]!.signing_keys[0]!, { created_at: '2026-01-01T00:00:00Z' })
    await operator.put(all)
    const [old] = await keysOf('rs256')
    await run('keys', 'activate', ...RS, '--force')
    await run('keys', 'activate', ...RS, '--kid', old!.public_jwk.kid!, '--force')
    const { json } = await run('keys', 'rotate', ...RS, '--dry-run', '--json')
    expect([json.ok, json.resumed]).toEqual([true, undefined])
  })

  test('that was begun long ago is not gone on with: whoever runs it in ninety days means a new one', async () => {
    const { run, document } = operator
    const change = async (time: string) => {
      const all = await document()
      const [old, now] = all.clients[0]!.signing_keys
      Object.assign(old!, { retired_at: time })
      Object.assign(now!, { activated_at: time })
      await operator.put(all)
    }
    await run('keys', 'create', ...RS, '--alg', 'RS256')
    await run('keys', 'activate', ...RS, '--force')
    const resumed = async () => (await run('keys', 'rotate', ...RS, '--dry-run', '--json')).json.resumed
    expect(await resumed()).toBe('active')
    await change('2026-01-01T00:00:00Z')
    expect(await resumed()).toBeUndefined()
  })

  test('a key with replicas is not followed by one without', async () => {
    const { run, document } = operator
    const all = await document()
    const [key] = all.clients[0]!.signing_keys
    const arn = (region: string) => `arn:aws:kms:${region}:${ACCOUNT}:key/mrk-1`
    Object.assign(key!, { kms_key_arn: arn('eu-central-1'), replicas: [arn('eu-west-1')] })
    await operator.put(all)
    const { code, json } = await run('keys', 'rotate', ...RS, '--yes', '--json')
    expect([code, json.error.code]).toEqual([3, 'has_replicas'])
  })

  test('another rotation is not begun on top of one', async () => {
    await operator.run('keys', 'create', ...RS, '--alg', 'ES256')
    const { code, json } = await operator.run('keys', 'rotate', ...RS, '--alg', 'PS256', '--yes', '--json')
    expect([code, json.error.code]).toEqual([3, 'other_next_key'])
  })
})

test('who may sign has to be known before a key is made', async () => {
  await operator.close()
  operator = await startOperator(['RS256'], { tags: false })
  const { json } = await operator.run('keys', 'create', '--alg', 'RS256', '--json')
  expect(json.error.code).toBe('signers_unknown')
  expect((await operator.run('keys', 'create', '--alg', 'RS256', '--signer', SIGNING_ROLE)).code).toBe(0)
})
