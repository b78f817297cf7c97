import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { build, FUNCTIONS } from '../../infra/build.ts'
import { zippedBytes } from '../../infra/contents.ts'
import { copyService, run } from '../package/service.ts'

let root: string
let built: Awaited<ReturnType<typeof build>>

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'countersign-build-'))
  built = await build({ outdir: join(root, 'first') })
})

afterAll(() => rm(root, { recursive: true, force: true }))

/** Matches, not the whole bundle: a failure shall be readable. */
const found = (content: string, pattern: RegExp) => [...content.matchAll(pattern)].map(([match]) => match)
const read = (folder: string, file: string) => readFile(join(root, folder, file), 'utf8')

describe('build', () => {
  test('writes a bundle and a handler file for each function, and nothing else', async () => {
    const expected = Object.keys(FUNCTIONS).flatMap(name => [`${name}.bundle.cjs`, `${name}.mjs`])
    expect((await readdir(join(root, 'first'))).sort()).toEqual(expected.sort())
    expect(built.files.map(file => basename(file))).toEqual(expected.sort())
  })

  test('gives the same bytes every time', async () => {
    const { files } = await build({ outdir: join(root, 'second') })
    for (const file of files) {
      expect(await readFile(file)).toEqual(await readFile(join(root, 'first', basename(file))))
    }
  })

  test('makes a handler file that awaits the bundle, in three lines', async () => {
    expect((await read('first', 'oauth.mjs')).trimEnd().split('\n')).toEqual([
      "import bundle from './oauth.bundle.cjs'",
      'await bundle.ready',
      'export const handler = bundle.handler',
    ])
  })

  test('bundles all packages: the built-in modules alone are required at run time', async () => {
    const bundle = await read('first', 'oauth.bundle.cjs')
    const required = [...bundle.matchAll(/\brequire\("([^"]+)"\)/g)].map(([, name]) => name)
    expect(required).toContain('node:https')
    expect(required.filter(name => !name?.startsWith('node:'))).toEqual([])
    // A dynamic import would reach the ESM facade of a built-in, which loads undici.
    expect(found(bundle, /\bimport\(/g)).toEqual([])
  })

  test('leaves no source map and no path of the machine that built it', async () => {
    const bundle = await read('first', 'oauth.bundle.cjs')
    expect(found(bundle, /sourceMappingURL/g)).toEqual([])
    expect(bundle.includes(join(import.meta.dirname, '..', '..'))).toBe(false)
  })

  test('the default credential chain, HTTP/2, XML and the JavaScript SHA-256 are not part of it', () => {
    const [output] = Object.values(built.metafile.outputs).filter(
      ({ entryPoint }) => entryPoint === FUNCTIONS.oauth,
    )
    const parts = Object.entries(output?.inputs ?? {}).filter(([, { bytesInOutput }]) => bytesInOutput > 0)
    const unwanted =
      /credential-provider-(?!node)|token-providers|nested-clients|imds|xml|http2|ini-file-loader\/parse|event-streams\/event|bowser/i
    expect(parts.length).toBeGreaterThan(50)
    expect(parts.map(([file]) => file).filter(file => unwanted.test(file))).toEqual([])
    // These two are left as stubs.
    const stubs = parts.filter(([file]) => /credential-provider-node|Sha256Js/.test(file))
    for (const [, { bytesInOutput }] of stubs) expect(bytesInOutput).toBeLessThan(200)
  })

  test('the errors of operations that are never called are not part of it', async () => {
    expect(
      found(await read('first', 'oauth.bundle.cjs'), /XksProxy\w+|CloudHsm\w+|PublicPolicyException/g),
    ).toEqual([])
  })

  test('KMS-5: what imports a private key is not part of it', async () => {
    // Unminified, so that the names are still there to be found.
    await build({ outdir: join(root, 'readable'), minify: false })
    const bundle = await read('readable', 'oauth.bundle.cjs')
    expect(found(bundle, /\bSignCommand = class\b/g)).toHaveLength(1)
    expect(found(bundle, /importPKCS8|pkcs8|BEGIN (RSA |EC |ENCRYPTED )?PRIVATE/gi)).toEqual([])
  })
})

test('node infra/build.ts builds into dist/ and prints each file with its size, and that of the zip', async () => {
  const service = await copyService()
  try {
    const { code, stdout } = await run(service.dir, [process.execPath, 'infra/build.ts'])
    expect(code).toBe(0)
    const lines = stdout.trimEnd().split('\n')
    const names = Object.keys(FUNCTIONS)
    expect(lines.map(line => line.split(/\s{2,}/)[0])).toEqual([
      ...names.flatMap(name => [`dist/${name}.bundle.cjs`, `dist/${name}.mjs`]).sort(),
      ...names.map(name => `${name}, zipped`),
    ])
    const { length } = await readFile(join(service.dir, 'dist/oauth.bundle.cjs'))
    expect(lines.find(line => line.startsWith('dist/oauth.bundle.cjs'))).toContain(` ${length} B`)
    const zipped = await zippedBytes(built.files.filter(file => basename(file).startsWith('oauth.')))
    expect(lines.find(line => line.startsWith('oauth, zipped'))).toContain(` ${zipped} B`)
  } finally {
    await service.remove()
  }
})
