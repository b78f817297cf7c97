import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { startAccount } from '../support/operator.ts'
import { type Installed, installArchive } from './archive.ts'
import { run } from './service.ts'

// The command as whoever installs the archive has it. The helper of its other half: test/browser-helper/built.test.ts.

let archive: Installed
beforeAll(async () => {
  archive = await installArchive()
})
afterAll(() => archive.remove())

const ISSUER = 'https://auth.pingone.eu/5f3c1a2b-0000-4000-8000-000000000000/as'

const countersign = (args: string[], env: Record<string, string> = {}) =>
  run(archive.app, ['npx', 'countersign', ...args], { npm_config_update_notifier: 'false', ...env })

test('the archive holds what is built, and no source', () => {
  const files = readdirSync(archive.installed, { recursive: true }).map(String)
  expect(files.filter(file => /(?<!\.d)\.tsx?$/.test(file))).toEqual([])
  expect(files).toEqual(
    expect.arrayContaining(['cli/countersign.cjs', 'dist/cli.mjs', 'dist/browser/index.js']),
  )
})

test('npx countersign --help, and --version', async () => {
  const { code, stdout, stderr } = await countersign(['--help'])
  expect([code, stderr]).toEqual([0, ''])
  expect(stdout).toMatch(/^ {2}doctor +checks a deployment/m)
  const { version } = JSON.parse(readFileSync(join(archive.installed, 'package.json'), 'utf8'))
  expect((await countersign(['--version'])).stdout).toBe(`${version}\n`)
})

test('npx countersign config check says of a document what is wrong with it', async () => {
  writeFileSync(join(archive.app, 'config.json'), '{ "version": 1, "clients": [{ "client_id": "app" }] }')
  const { code, stdout } = await countersign(['config', 'check', '--file', 'config.json'])
  expect([code, stdout]).toEqual([1, expect.stringContaining('clients[0].issuer')])
})

test('npx countersign init makes a key and a configuration, and keys list reads it', async () => {
  const account = await startAccount()
  try {
    const secret = ['--secret-id', await account.secret('countersign/config')]
    const made = await countersign(
      [
        ...['init', ...secret, '--provider', 'pingone', '--issuer', ISSUER, '--no-discovery'],
        ...['--client-id', 'app-1', '--redirect-uri', 'https://app.example.com/callback', '--yes'],
      ],
      account.env,
    )
    expect([made.code, made.stderr]).toEqual([0, ''])
    const { code, stdout } = await countersign(['keys', 'list', ...secret], account.env)
    expect([code, stdout]).toEqual([0, expect.stringMatching(/^app-1 +active +RS256 /)])
  } finally {
    vi.unstubAllEnvs()
    await account.close()
  }
})
