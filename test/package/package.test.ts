import { execFileSync } from 'node:child_process'
import { readFile, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { FUNCTIONS } from '../../infra/build.ts'
import { ZIPPED_MAX_B } from '../../infra/contents.ts'
import { copyService, keys, packageIn, run, TEMPLATE } from './service.ts'
import { readZip, storedBytes } from './zip.ts'

const NAMES = Object.keys(FUNCTIONS)

let service: Awaited<ReturnType<typeof copyService>>
let output: string
let zips: Record<string, Buffer>

beforeAll(async () => {
  service = await copyService()
  output = await packageIn(service.dir)
  zips = await readZips(service.dir)
})

afterAll(() => service.remove())

async function readZips(dir: string): Promise<Record<string, Buffer>> {
  const read = NAMES.map(async name => [name, await readFile(join(dir, `.serverless/${name}.zip`))])
  return Object.fromEntries(await Promise.all(read))
}

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

  test.skipIf(!hasCfnLint())(
    'gives a template that cfn-lint passes, and so is that of the web ACL',
    async () => {
      const { code, stdout } = await run(service.dir, ['cfn-lint', TEMPLATE, 'infra/web-acl.yml'], {
        HOME: process.env.HOME ?? '',
      })
      expect(stdout).toBe('')
      expect(code).toBe(0)
    },
  )

  test('suits other versions of the framework: no build key', async () => {
    const source = await readFile(join(service.dir, 'serverless.yml'), 'utf8')
    const configuration = parse(source, { logLevel: 'silent' })
    expect(keys(configuration)).toEqual(expect.arrayContaining(['service', 'provider', 'handler']))
    expect(keys(configuration)).not.toContain('build')
  })

  test('is what deploy does first, build included, and gives the same zips and template, byte for byte', async () => {
    const template = await withoutTime()
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
    expect(await readZips(service.dir)).toEqual(zips)
    expect(await withoutTime()).toBe(template)
  }, 60_000)

  test('in another folder gives the same zips, byte for byte', async () => {
    const other = await copyService(join(service.dir, '..'))
    try {
      await packageIn(other.dir)
      expect(await readZips(other.dir)).toEqual(zips)
    } finally {
      await other.remove()
    }
  })
})

/** The template, but for the folder that is named by the time of packaging. */
async function withoutTime(): Promise<string> {
  const text = await readFile(join(service.dir, TEMPLATE), 'utf8')
  return text.replace(/\/\d+-[\d:T.-]+Z\//g, '/when/')
}

describe.each(NAMES)('the zip of %s', name => {
  test('holds the handler module and one CommonJS bundle, as they were built', async () => {
    const entries = readZip(zips[name]!)
    expect([...entries.keys()].sort()).toEqual([`dist/${name}.bundle.cjs`, `dist/${name}.mjs`])
    for (const [file, bytes] of entries) expect(bytes).toEqual(await readFile(join(service.dir, file)))
  })

  test('takes no more than a cold start should have to fetch', () => {
    const entries = storedBytes(zips[name]!)
    expect(entries).toHaveLength(2)
    const sum = entries.reduce((total, bytes) => total + bytes, 0)
    expect(sum, `${sum} B compressed, ${ZIPPED_MAX_B} at most: look what has grown`).toBeLessThanOrEqual(
      ZIPPED_MAX_B,
    )
  })
})

test('KMS-5: neither zips nor template hold a private key, or what imports one', async () => {
  const texts = NAMES.flatMap(name => [...readZip(zips[name]!).values()].map(bytes => bytes.toString('utf8')))
  for (const file of [TEMPLATE, '.serverless/serverless-state.json']) {
    texts.push(await readFile(join(service.dir, file), 'utf8'))
  }
  const found = texts.flatMap(content => content.match(/BEGIN (RSA |EC |ENCRYPTED )?PRIVATE|pkcs8/gi) ?? [])
  expect(texts).toHaveLength(NAMES.length * 2 + 2)
  expect(found).toEqual([])
})
