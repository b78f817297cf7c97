import { execFile } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parseRegistrations } from '../lib/config/registrations.ts'
import { type Stack, startStack } from '../local/stack.ts'
import { ROOT } from './support/deployment.ts'
import { createBrowser } from './support/sign-in.ts'

// The README's commands are the commands that are tested.

const readme = readFileSync(join(ROOT, 'README.md'), 'utf8')
const pages = [
  'README.md',
  'CONTRIBUTING.md',
  'SECURITY.md',
  'docs/architecture.md',
  'docs/browser.md',
  'docs/clients.md',
  'docs/configuration.md',
  'docs/conformance.md',
  'docs/deploy.md',
  'docs/doctor.md',
  'docs/faults.md',
  'docs/mobile.md',
  'docs/mutation.md',
  'docs/operations.md',
  'docs/performance.md',
  'docs/providers.md',
  'docs/requirements.md',
  'docs/supply-chain.md',
  'docs/threat-model.md',
]

function fences(language: string): string[] {
  return [...readme.matchAll(new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\``, 'gm'))].map(
    ([, text]) => text!,
  )
}

/** Each command of a shell block, its continuation lines joined and its comment taken off. */
const commands = fences('sh')
  .flatMap(block => block.replaceAll('\\\n', '').split('\n'))
  .map(line => line.replace(/\s+#.*$/, '').trim())
  .filter(Boolean)

/** Where each command is run as it stands, but for the curls, which are run here. `text` is how the test spells it. */
const RUN_ELSEWHERE: Record<string, { file: string; text: string }> = {
  'npm ci && npm start': { file: 'test/local/start.test.ts', text: "npm(['start'" },
  'npm ci && npm test': { file: '.ci/run', text: 'npm ci && npm test' },
  'npm run serve': { file: 'test/local/serve.test.ts', text: "npm(['run', 'serve']" },
  'npm ci': { file: '.ci/run', text: 'npm ci' },
  'npx osls package': { file: 'test/package/service.ts', text: "['npx', 'osls', 'package']" },
  // Offline as far as it goes: it builds, packages and then finds no AWS.
  'npx osls deploy --region eu-central-1': { file: 'test/package/package.test.ts', text: "'deploy'" },
}

test('every command of the README is run by a test', () => {
  const untested = commands.filter(
    command => !/^(curl|npx countersign) /.test(command) && !(command in RUN_ELSEWHERE),
  )
  expect(untested).toEqual([])
  for (const command of Object.keys(RUN_ELSEWHERE)) {
    expect(commands).toContain(command)
    const { file, text } = RUN_ELSEWHERE[command]!
    expect(readFileSync(join(ROOT, file), 'utf8')).toContain(text)
  }
})

describe('the commands for a running one, against the local stack', () => {
  let stack: Stack
  beforeAll(async () => {
    stack = await startStack({ port: 0, log: new PassThrough().resume() })
  })
  afterAll(() => stack.close())

  const curls = commands.filter(command => command.startsWith('curl '))
  test('there are two', () => expect(curls).toHaveLength(2))

  test.each(curls)('%s', async command => {
    const { gateway, issuer, clients } = stack.description
    const { client_id, redirect_uri, origin } = clients[0]!
    const { code, code_verifier } = await createBrowser().signIn({ issuer, client_id, redirect_uri })
    const env = {
      ...process.env,
      GATEWAY: gateway,
      ORIGIN: origin,
      CLIENT_ID: client_id,
      CODE: code,
      REDIRECT_URI: redirect_uri,
      CODE_VERIFIER: code_verifier,
    }
    const { stdout } = await promisify(execFile)('sh', ['-c', command.replace('curl ', 'curl -s ')], { env })
    const [head = '', body = ''] = stdout.split('\r\n\r\n')
    expect(head).toMatch(/^HTTP\/1\.1 200 OK/)
    expect(head.toLowerCase()).toContain(`access-control-allow-origin: ${origin}`)
    expect(Object.keys(JSON.parse(body)).sort()).toEqual([
      'access_token',
      'expires_in',
      'id_token',
      'scope',
      'token_type',
    ])
  })

  const operating = commands.filter(command => command.startsWith('npx countersign '))
  test('there are two for the operator', () => expect(operating).toHaveLength(2))

  test.each(operating)('%s', async command => {
    const env = { ...process.env, ...stack.description.env }
    // Rejects where the exit code is not 0.
    const { stdout } = await promisify(execFile)('sh', ['-c', command], { cwd: ROOT, env })
    expect(stdout).toMatch(/demo-rs256/)
  })
})

test('the configuration shown is a valid one, as it would be on Lambda', () => {
  const [document] = fences('json')
  const { clients } = parseRegistrations(document!, { revision: 'readme', onLambda: true })
  expect(clients[0]!.as.token_endpoint).toMatch(/^https:\/\/auth\.pingone\.eu\/.*\/as\/token$/)
})

test.each(pages)('%s: every link within the project leads somewhere', page => {
  const text = readFileSync(join(ROOT, page), 'utf8')
  for (const [, target] of text.matchAll(/\]\((?!https?:|#)([^)#]+)/g)) {
    expect(existsSync(join(ROOT, page, '..', target!)), target).toBe(true)
  }
})
