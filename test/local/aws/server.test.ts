import { execFile } from 'node:child_process'
import { connect, createServer, type Server } from 'node:net'
import { promisify } from 'node:util'
import { CreateKeyCommand, type KMSClient, ListKeysCommand, SignCommand } from '@aws-sdk/client-kms'
import { CreateSecretCommand } from '@aws-sdk/client-secrets-manager'
import { describe, expect, test } from 'vitest'
import { control } from '../../../local/aws/control.ts'
import { startLocalAws } from '../../../local/aws/server.ts'
import { startLocalAwsWorker } from '../../../local/aws/worker.ts'
import { kmsClient, OPTIONS, refusal, secretsClient } from './stack.ts'

async function occupied(): Promise<{ server: Server; port: number }> {
  const server = createServer()
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  return { server, port: (server.address() as { port: number }).port }
}

function isOpen(url: string): Promise<boolean> {
  const { hostname, port } = new URL(url)
  return new Promise(resolve => {
    const socket = connect(Number(port), hostname, () => {
      socket.destroy()
      resolve(true)
    })
    socket.on('error', () => resolve(false))
  })
}

async function newKey(kms: KMSClient): Promise<string> {
  const made = await kms.send(new CreateKeyCommand({ KeySpec: 'ECC_NIST_P256', KeyUsage: 'SIGN_VERIFY' }))
  return made.KeyMetadata!.Arn!
}

function sign(kms: KMSClient, KeyId: string) {
  const Message = Buffer.from('m')
  return kms.send(new SignCommand({ KeyId, Message, SigningAlgorithm: 'ECDSA_SHA_256' }))
}

describe.each([
  ['in this thread', startLocalAws],
  ['in a worker thread', startLocalAwsWorker],
])('%s', (_, start) => {
  test('both services answer on loopback ports of their own, and start empty', async () => {
    const aws = await start(OPTIONS)
    try {
      expect(aws.kms).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/)
      expect(aws.secrets_manager).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/)
      expect(aws.kms).not.toBe(aws.secrets_manager)
      const kms = kmsClient(aws)
      expect((await kms.send(new ListKeysCommand({}))).Keys).toEqual([])
      expect((await sign(kms, await newKey(kms))).Signature).toBeDefined()
      const made = await secretsClient(aws).send(new CreateSecretCommand({ Name: 'a', SecretString: 'b' }))
      expect(made.Name).toBe('a')
      expect(await control(aws.kms).calls('Sign')).toBe(1)
    } finally {
      await aws.close()
    }
  })

  test('close ends with a hung request, a delayed one and idle connections open, and gives the ports back', async () => {
    const aws = await start(OPTIONS)
    const kms = kmsClient(aws)
    const key = await newKey(kms)
    await control(aws.kms).fault('Sign', { kind: 'hang' }, 1)
    const hung = sign(kms, key).catch((error: Error) => error)
    await control(aws.kms).fault('ListKeys', { kind: 'delay', ms: 60_000 })
    const delayed = kms.send(new ListKeysCommand({})).catch((error: Error) => error)
    // Both have arrived: what is closed is a server at work.
    await expect
      .poll(async () => (await control(aws.kms).requests()).filter(({ status }) => status === null))
      .toHaveLength(2)

    const late = new Promise(resolve => setTimeout(resolve, 1_000, 'late').unref())
    expect(await Promise.race([aws.close().then(() => 'closed'), late])).toBe('closed')
    expect(await hung).toBeInstanceOf(Error)
    expect(await delayed).toBeInstanceOf(Error)
    expect([await isOpen(aws.kms), await isOpen(aws.secrets_manager)]).toEqual([false, false])
  })

  test('a port in use rejects with the code of the error, and leaves no other port open', async () => {
    const { server, port } = await occupied()
    try {
      const free = await occupied()
      await new Promise(resolve => free.server.close(resolve))
      const attempt = start({ ...OPTIONS, kmsPort: free.port, secretsManagerPort: port })
      await expect(attempt).rejects.toMatchObject({ code: 'EADDRINUSE' })
      expect(await isOpen(`http://127.0.0.1:${free.port}`)).toBe(false)
      await expect(start({ ...OPTIONS, kmsPort: port })).rejects.toMatchObject({ code: 'EADDRINUSE' })
    } finally {
      server.close()
    }
  })
})

test('two of them know nothing of each other', async () => {
  const [one, two] = await Promise.all([startLocalAws(OPTIONS), startLocalAws(OPTIONS)])
  try {
    const key = await newKey(kmsClient(one))
    expect((await refusal(sign(kmsClient(two), key))).name).toBe('NotFoundException')
  } finally {
    await Promise.all([one.close(), two.close()])
  }
})

test('a program ends by itself once both are closed, a delayed answer and a failed start included', async () => {
  const program = `
    import { startLocalAws } from './local/aws/server.ts'
    import { startLocalAwsWorker } from './local/aws/worker.ts'
    const options = ${JSON.stringify(OPTIONS)}
    import { control } from './local/aws/control.ts'
    for (const start of [startLocalAws, startLocalAwsWorker]) {
      const aws = await start(options)
      const switches = control(aws.kms)
      await switches.fault('ListKeys', { kind: 'delay', ms: 60_000 })
      const headers = {
        'content-type': 'application/x-amz-json-1.1',
        'x-amz-target': 'TrentService.ListKeys',
        authorization: 'AWS4-HMAC-SHA256 Credential=AKIAOPERATOR/x',
      }
      const delayed = fetch(aws.kms, { method: 'POST', headers, body: '{}' }).catch(() => 'cut off')
      while ((await switches.calls('ListKeys')) === 0);
      await aws.close()
      if ((await delayed) !== 'cut off') throw new Error('it was answered')
      const elsewhere = { ...options, host: '192.0.2.1' }
      if (await start(elsewhere).then(() => true, () => false)) throw new Error('it was started')
    }
    console.log('ended')`
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', program], {
    cwd: new URL('../../..', import.meta.url),
    timeout: 20_000,
  })
  expect(stdout).toBe('ended\n')
})
