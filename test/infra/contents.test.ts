import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { build, FUNCTIONS } from '../../infra/build.ts'
import { differences, packagesOf, readList, ZIPPED_MAX_B, zippedBytes } from '../../infra/contents.ts'
import { copyService, run } from '../package/service.ts'

const WHAT_TO_DO =
  'Is it meant? Then `npm run build -- --list` writes infra/contents.json anew, to be committed with the change. ' +
  'If not: an import took more than it should, or an update brought back what infra/cuts.ts cuts.'

let folder: string
let built: Awaited<ReturnType<typeof build>>

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'countersign-contents-'))
  built = await build({ outdir: folder })
})

afterAll(() => rm(folder, { recursive: true, force: true }))

describe('what is in the bundle', () => {
  test('is what infra/contents.json lists, of each function', async () => {
    const found = packagesOf(built.metafile, FUNCTIONS)
    const listed = await readList()
    expect(Object.keys(listed)).toEqual(Object.keys(FUNCTIONS))
    for (const name of Object.keys(FUNCTIONS)) {
      expect(differences(listed[name]!, found[name]!), WHAT_TO_DO).toEqual([])
    }
  })

  test('is all accounted for', () => {
    const sum = Object.values(packagesOf(built.metafile, FUNCTIONS).oauth!).reduce((all, one) => all + one, 0)
    const output = Object.values(built.metafile.outputs).find(one => one.entryPoint === FUNCTIONS.oauth)
    // The rest is esbuild's own: helpers, and the line with the exports.
    expect(output!.bytes - sum).toBeGreaterThanOrEqual(0)
    expect(output!.bytes - sum).toBeLessThan(1024)
  })

  test.each(Object.keys(FUNCTIONS))('stays below its bar when it is zipped: %s', async name => {
    const bytes = await zippedBytes(built.files.filter(file => basename(file).startsWith(`${name}.`)))
    expect(bytes, `${bytes} B zipped, ${ZIPPED_MAX_B} at most: look what has grown`).toBeLessThanOrEqual(
      ZIPPED_MAX_B,
    )
  })
})

describe('a bundle that differs from its list', () => {
  const listed = { '(our own code)': 40_000, jose: 10_000, '@smithy/core': 0 }

  test('may shrink, and grow a little', () => {
    const found = { '(our own code)': 42_512, jose: 1, '@smithy/core': 512 }
    expect(differences(listed, found)).toEqual([])
  })

  test('is told by what is new, what has gone and what has grown', () => {
    expect(differences(listed, { '(our own code)': 42_513, jose: 11_013, 'left-pad': 7 })).toEqual([
      '(our own code) has grown from 40000 to 42513 B (up to 42512 is let pass)',
      'jose has grown from 10000 to 11013 B (up to 11012 is let pass)',
      'left-pad is new in the bundle: 7 B',
      '@smithy/core is no longer in the bundle',
    ])
  })
})

test('packages are told by their folder, scoped, nested or none', () => {
  const part = (bytesInOutput: number) => ({ bytesInOutput })
  const inputs = {
    'lib/a.ts': part(1),
    'functions/b.ts': part(2),
    'node_modules/@x/y/dist/c.js': part(4),
    'node_modules/z/d.js': part(8),
    'node_modules/z/node_modules/@x/y/e.js': part(16),
    'node_modules/shaken/f.js': part(0),
  }
  const bundle = { entryPoint: 'functions/b.ts', inputs, bytes: 31, imports: [], exports: [] }
  const metafile = { inputs: {}, outputs: { 'dist/b.bundle.cjs': bundle } }
  expect(packagesOf(metafile, { b: 'functions/b.ts' })).toEqual({
    b: { '(our own code)': 3, '@x/y': 20, z: 8 },
  })
})

test('node infra/build.ts --list writes the list', async () => {
  const service = await copyService()
  try {
    const copy = join(service.dir, 'infra/contents.json')
    await rm(copy)
    const { code } = await run(service.dir, [process.execPath, 'infra/build.ts', '--list'])
    expect(code).toBe(0)
    expect(JSON.parse(await readFile(copy, 'utf8'))).toEqual(packagesOf(built.metafile, FUNCTIONS))
  } finally {
    await service.remove()
  }
})
