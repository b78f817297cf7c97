import { execFileSync } from 'node:child_process'
import { readFile, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { ZIPPED_MAX_B } from '../../infra/contents.ts'
import { copyService, keys, packageIn, run, TEMPLATE } from './service.ts'
import { readZip, storedBytes } from './zip.ts'

const ZIP = '.serverless/oauth.zip'

let service: Awaited<ReturnType<typeof copyService>>
let output: string
let zip: Buffer

beforeAll(async () => {
  service = await copyService()
  output = await packageIn(service.dir)
  zip = await readFile(join(service.dir, ZIP))
})

afterAll(() => service.remove())

function hasCfnLint(): boolean {
  try {
    execFileSync('cfn-lint', ['--version'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

describe('osls package', () => {
  test('works without credentials and without a warning', () => {
    expect(output).toContain('Service packaged')
    expect(output).not.toMatch(/^warning:/im)
  })

  test.skipIf(!hasCfnLint())('gives a template that cfn-lint passes', async () => {
    const { code, stdout } = await run(service.dir, ['cfn-lint', TEMPLATE], { HOME: process.env.HOME ?? '' })
    expect(stdout).toBe('')
    expect(code).toBe(0)
  })

  test('suits other versions of the framework: no build key', async () => {
    const source = await readFile(join(service.dir, 'serverless.yml'), 'utf8')
    const configuration = parse(source, { logLevel: 'silent' })
    expect(keys(configuration)).toEqual(expect.arrayContaining(['service', 'provider', 'handler']))
    expect(keys(configuration)).not.toContain('build')
  })

  test('is what deploy does first, build included, and gives the same zip, byte for byte', async () => {
    await rm(join(service.dir, 'dist'), { recursive: true })
    // A port where nobody listens any more: packaging is over when the framework first calls AWS.
    const closed = createServer()
    await new Promise<void>(resolve => closed.listen(0, '127.0.0.1', resolve))
    const { port } = closed.address() as { port: number }
    await new Promise(resolve => closed.close(resolve))
    const aws = { AWS_ACCESS_KEY_ID: 'x', AWS_SECRET_ACCESS_KEY: 'x', AWS_MAX_ATTEMPTS: '1' }
    const env = { ...aws, AWS_ENDPOINT_URL: `http://127.0.0.1:${port}` }
    const { code, stdout, stderr } = await run(service.dir, ['npx', 'serverless', 'deploy'], env)
    expect(code).toBe(1)
    expect(stdout + stderr).toContain(`ECONNREFUSED 127.0.0.1:${port}`)
    expect(await readFile(join(service.dir, ZIP))).toEqual(zip)
  }, 60_000)
})

describe('the zip', () => {
  test('holds the handler module and one CommonJS bundle, as they were built', async () => {
    const entries = readZip(zip)
    expect([...entries.keys()].sort()).toEqual(['dist/oauth.bundle.cjs', 'dist/oauth.mjs'])
    for (const [name, bytes] of entries) expect(bytes).toEqual(await readFile(join(service.dir, name)))
  })

  test('takes no more than a cold start should have to fetch', () => {
    const entries = storedBytes(zip)
    expect(entries).toHaveLength(2)
    const sum = entries.reduce((total, bytes) => total + bytes, 0)
    expect(sum, `${sum} B compressed, ${ZIPPED_MAX_B} at most: look what has grown`).toBeLessThanOrEqual(
      ZIPPED_MAX_B,
    )
  })

  test('KMS-5: neither it nor the template holds a private key, or what imports one', async () => {
    const texts = [...readZip(zip).values()].map(bytes => bytes.toString('utf8'))
    for (const file of [TEMPLATE, '.serverless/serverless-state.json']) {
      texts.push(await readFile(join(service.dir, file), 'utf8'))
    }
    const found = texts.flatMap(content => content.match(/BEGIN (RSA |EC |ENCRYPTED )?PRIVATE|pkcs8/gi) ?? [])
    expect(texts).toHaveLength(4)
    expect(found).toEqual([])
  })
})
