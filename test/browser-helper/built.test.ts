import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { build } from 'esbuild'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Installed, installArchive } from '../package/archive.ts'
import { importsOf } from '../support/import-graph.ts'

// The helper as an app gets it: packed by npm, installed beside an app, typed, bundled.

const ROOT = join(import.meta.dirname, '../..')
const MAX_B = 2048

let archive: Installed
let app: string
let installed: string

beforeAll(async () => {
  archive = await installArchive()
  ;({ app, installed } = archive)
})
afterAll(() => archive.remove())

function run(command: string, args: string[], cwd: string): string {
  return execFileSync(command, args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })
}

const module_ = () => readFileSync(join(installed, 'dist/browser/index.js'))

test(`is below ${MAX_B} B`, () => {
  const { length } = gzipSync(module_(), { level: 9 })
  expect(length, `${length} B gzipped`).toBeLessThan(MAX_B)
})

test('is one module that imports nothing', async () => {
  const { metafile } = await build({
    stdin: { contents: module_().toString(), loader: 'js' },
    bundle: true,
    format: 'esm',
    packages: 'external',
    write: false,
    metafile: true,
  })
  expect(Object.keys(metafile.inputs)).toEqual(['<stdin>'])
  expect(metafile.inputs['<stdin>']!.imports).toEqual([])
  expect(module_().toString()).not.toMatch(/\bimport\b|\brequire\b/)
})

test('its sources import each other alone', () => {
  const targets = readdirSync(join(ROOT, 'browser'))
    .filter(name => name.endsWith('.ts'))
    .map(name => `browser/${name}`)
    .flatMap(path => importsOf({ path, text: readFileSync(join(ROOT, path), 'utf8') }))
    .map(({ target }) => target)
  expect(targets.length).toBeGreaterThan(0)
  expect(targets.filter(target => !target.startsWith('browser/'))).toEqual([])
})

test('COOKIE-12: knows of no storage', () => {
  expect(module_().toString()).not.toMatch(
    /localStorage|sessionStorage|indexedDB|\bcaches\b|document\.cookie/,
  )
})

test('where pages are rendered on a server it is loaded and made, and does nothing', () => {
  const code = `import { createCountersign } from 'countersign/browser'
    createCountersign({ url: 'https://auth.example.com', client_id: 'spa' })
    console.log('made')`
  // An open channel would keep the process from ending.
  expect(run(process.execPath, ['--input-type=module', '--eval', code], app)).toBe('made\n')
})

test.each(['bundler', 'nodenext'])('is typed, for an app that resolves by %s', resolution => {
  const source = join(ROOT, 'test/browser-helper/types.ts')
  writeFileSync(
    join(app, 'types.ts'),
    readFileSync(source, 'utf8').replaceAll('../../browser/index.ts', 'countersign/browser'),
  )
  const compilerOptions = {
    strict: true,
    noEmit: true,
    target: 'es2022',
    lib: ['es2022', 'dom'],
    types: [],
    module: resolution === 'bundler' ? 'preserve' : resolution,
    moduleResolution: resolution,
  }
  writeFileSync(join(app, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: ['types.ts'] }))
  // Every mistake in it is expected, and one that were none would be an error. Rejects where tsc finds any.
  expect(run(process.execPath, [join(ROOT, 'node_modules/typescript/bin/tsc'), '-p', app], app)).toBe('')
})
