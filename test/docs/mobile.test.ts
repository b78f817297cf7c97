import { execFile } from 'node:child_process'
import { createHash, generateKeyPairSync, randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parseRegistrations } from '../../lib/config/registrations.ts'
import { type MobileStack, startMobileStack } from '../local/mobile/stack.ts'
import { ROOT } from '../support/deployment.ts'
import { createBrowser } from '../support/sign-in.ts'
import { type Modules, reactNativeApp } from './mobile/react-native.ts'

// What docs/mobile.md shows is what is run: its requests by the shell, its React Native by literals for the device.

const page = readFileSync(join(ROOT, 'docs/mobile.md'), 'utf8')

function fences(language: string): string[] {
  const found = page.matchAll(new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\``, 'gm'))
  return [...found].map(([, text]) => text!)
}

let mobile: MobileStack
beforeAll(async () => {
  mobile = await startMobileStack()
})
afterAll(() => mobile.stack.close())

async function sh(command: string, env: Record<string, string>): Promise<string> {
  const silent = command.replace('curl ', 'curl -s ')
  return (await promisify(execFile)('sh', ['-c', silent], { env: { ...process.env, ...env } })).stdout
}

describe.each(['session', 'mediated'] as const)('the requests, in the delivery %s', delivery => {
  test('MOB-9: one after the other, as they stand there', async () => {
    const [login, ...curls] = fences('sh')
    expect(curls).toHaveLength(4)
    const { client_id, redirect_uri } = mobile.clientOf(delivery)
    const env: Record<string, string> = {
      AUTH: mobile.stack.description.gateway,
      CLIENT_ID: client_id,
      RETURN_TO: redirect_uri,
    }
    const [url = '', verifier = ''] = (await sh(`${login}echo "$VERIFIER"`, env)).trim().split('\n')
    const back = await createBrowser().visit(url, redirect_uri)
    env.VERIFIER = verifier
    env.TICKET = back.searchParams.get('ticket')!

    const [, shown = ''] = fences('json')
    const members = Object.keys(JSON.parse(shown))
    const expected = delivery === 'session' ? members : ['access_token', 'token_type', ...members]
    for (const command of curls.slice(0, 3)) {
      const answer = JSON.parse(await sh(command, env))
      expect(Object.keys(answer).sort(), command).toEqual(expected.sort())
      expect(answer.handle).not.toBe(env.HANDLE)
      env.HANDLE = answer.handle
    }
    const { access_token } = await mobile.sessionIn(delivery, env.HANDLE!)
    expect(await mobile.isKnown(access_token)).toBe(true)
    expect(Object.keys(JSON.parse(await sh(curls[3]!, env)))).toEqual(['logout_url'])
    expect(await mobile.isKnown(access_token)).toBe(false)
  })
})

test('the registration is a valid one, as it would be on Lambda', () => {
  const [shown = ''] = fences('json')
  const client = JSON.parse(shown)
  // The page has no room for a key.
  const { publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  client.signing_keys[0].public_jwk = publicKey.export({ format: 'jwk' })
  const text = JSON.stringify({ version: 1, clients: [client] })
  const { clients } = parseRegistrations(text, { revision: 'page', onLambda: true })
  expect(clients[0]).toMatchObject({ application_type: 'native', delivery: 'session' })
})

describe('React Native', () => {
  const source = readFileSync(join(ROOT, 'test/docs/mobile/react-native.ts'), 'utf8')
  const [, indent, region] = /^( *)\/\/ #region docs\n([\s\S]*?)^ *\/\/ #endregion/m.exec(source)!

  test('what is shown is what is run, after the imports', () => {
    const shown = fences('ts')
    expect(shown).toHaveLength(1)
    expect(shown[0]!.replace(/^import .*\n/gm, '').trimStart()).toBe(
      region!.replaceAll(new RegExp(`^${indent}`, 'gm'), ''),
    )
    const imported = [...shown[0]!.matchAll(/^import \* as (\w+) from/gm)].map(([, name]) => name)
    expect(imported).toEqual(['Crypto', 'WebBrowser', 'Keychain'])
  })

  /** The device: a Keychain in memory, and the system's browser as a few redirects by hand. */
  function device(visit: (url: string, return_to: string) => Promise<URL | undefined>) {
    const kept: { password: string }[] = []
    const modules: Modules = {
      Crypto: {
        getRandomBytes: count => randomBytes(count),
        digestStringAsync: async (algorithm, text) => createHash(algorithm).update(text).digest('base64'),
        CryptoDigestAlgorithm: { SHA256: 'sha256' },
        CryptoEncoding: { BASE64: 'base64' },
      },
      WebBrowser: {
        async openAuthSessionAsync(url, return_to) {
          const back = await visit(url, return_to)
          return back ? { type: 'success', url: back.href } : { type: 'cancel' }
        },
      },
      Keychain: {
        ACCESSIBLE: { WHEN_UNLOCKED_THIS_DEVICE_ONLY: 'this device' },
        getGenericPassword: async () => kept.at(-1) ?? false,
        setGenericPassword: async (_, password) => kept.push({ password }),
        resetGenericPassword: async () => {
          kept.length = 0
        },
      },
    }
    const { client_id, redirect_uri: return_to } = mobile.clientOf('mediated')
    const app = reactNativeApp(modules, { url: mobile.stack.description.gateway, client_id, return_to })
    return { app, kept }
  }

  test('MOB-9: signs in, refreshes as often as it is asked at once, and signs out', async () => {
    const { app, kept } = device((url, return_to) => createBrowser().visit(url, return_to))
    expect(await app.session()).toBeNull()
    expect(await app.signIn()).toMatchObject({ claims: { sub: 'alice' }, access_token: expect.any(String) })
    const answers = await Promise.all([app.session(true), app.session(), app.session(true), app.session()])
    expect(answers.map(answer => answer?.claims?.sub)).toEqual(['alice', 'alice', 'alice', 'alice'])
    // Each went with the handle that the one before it had brought.
    expect(answers[3]?.handle).toBe(kept.at(-1)!.password)
    expect(answers[3]?.access_token).toBe(answers[2]?.access_token)
    expect(answers[2]?.access_token).not.toBe(answers[0]?.access_token)

    expect(await app.signOut()).toEqual({ logout_url: expect.stringContaining('/signoff?') })
    expect(kept).toEqual([])
    expect(await app.session()).toBeNull()
  })

  test('closed by the user, or refused by the provider: nothing is kept', async () => {
    const closed = device(async () => undefined)
    expect(await closed.app.signIn()).toBeNull()
    const refused = device(async (_, return_to) => new URL(`${return_to}?error=access_denied`))
    await expect(refused.app.signIn()).rejects.toThrow('access_denied')
    expect([...closed.kept, ...refused.kept]).toEqual([])
  })
})
