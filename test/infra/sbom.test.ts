import { createHash } from 'node:crypto'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { FUNCTIONS } from '../../infra/build.ts'
import { readList } from '../../infra/contents.ts'
import { type Bom, bomOf, type Component, type Lock, sbom } from '../../infra/sbom.ts'
import { ROOT } from '../support/deployment.ts'

let folder: string
let bom: Bom
let lock: Lock

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'countersign-sbom-'))
  bom = await sbom(folder)
  lock = JSON.parse(await readFile(join(ROOT, 'package-lock.json'), 'utf8'))
})

afterAll(() => rm(folder, { recursive: true, force: true }))

const nameOf = ({ group, name }: Component) => (group === undefined ? name : `${group}/${name}`)
const libraries = () => bom.components.filter(({ type }) => type === 'library')
const byRef = (ref: string) => bom.components.find(one => one['bom-ref'] === ref)!

describe('the bill of materials', () => {
  test.each(Object.keys(FUNCTIONS))('has the packages that infra/contents.json lists: %s', async name => {
    const { '(our own code)': _, ...packages } = (await readList())[name]!
    const { dependsOn } = bom.dependencies.find(({ ref }) => ref === `function:${name}`)!
    expect(dependsOn.map(ref => nameOf(byRef(ref))).sort()).toEqual(Object.keys(packages).sort())
    const withBytes = libraries().filter(({ properties }) =>
      properties!.some(property => property.name === `countersign:bytes:${name}`),
    )
    expect(withBytes.map(nameOf).sort()).toEqual(Object.keys(packages).sort())
  })

  test('has each in the version, with the licence and the hash that were locked and are installed', async () => {
    expect(libraries().length).toBeGreaterThan(8)
    for (const one of libraries()) {
      const place = `node_modules/${nameOf(one)}`
      const installed = JSON.parse(await readFile(join(ROOT, place, 'package.json'), 'utf8'))
      expect([one.version, one.licenses]).toEqual([
        installed.version,
        [{ license: { id: installed.license } }],
      ])
      // As the lock file writes it.
      const sri = one.hashes!.map(({ alg, content }) => [alg, Buffer.from(content, 'hex').toString('base64')])
      expect(sri).toEqual([['SHA-512', lock.packages[place]!.integrity!.replace('sha512-', '')]])
      expect(one.purl).toBe(`pkg:npm/${nameOf(one).replace('@', '%40')}@${one.version}`)
    }
  })

  test('has no licence but those that were looked at', () => {
    const found = new Set(libraries().flatMap(({ licenses }) => licenses!.map(({ license }) => license.id)))
    expect([...found].sort()).toEqual(['Apache-2.0', 'MIT'])
  })

  test('has the hash of each file that is deployed', async () => {
    for (const name of Object.keys(FUNCTIONS)) {
      const { components } = byRef(`function:${name}`)
      expect(components!.map(one => one.name)).toEqual([`${name}.bundle.cjs`, `${name}.mjs`])
      for (const file of components!) {
        const digest = createHash('sha256').update(await readFile(join(folder, file.name)))
        expect(file.hashes).toEqual([{ alg: 'SHA-256', content: digest.digest('hex') }])
      }
    }
  })

  test('names everything once, and depends on nothing that it has not', () => {
    const refs = [bom.metadata.component, ...bom.components].map(one => one['bom-ref'])
    expect(new Set(refs).size).toBe(refs.length)
    expect(bom.dependencies.map(({ ref }) => ref).sort()).toEqual([...refs].sort())
    expect(bom.dependencies.flatMap(({ dependsOn }) => dependsOn).filter(ref => !refs.includes(ref))).toEqual(
      [],
    )
    expect(bom.dependencies[0]!.dependsOn).toEqual(Object.keys(FUNCTIONS).map(name => `function:${name}`))
  })

  test('is the same whenever it is made', async () => {
    expect(await sbom(folder)).toEqual(bom)
  })
})

describe('of literals', () => {
  const functions = { f: 'functions/f.ts' }
  const project = { name: 'p', version: '1.0.0', license: 'MIT' }
  const part = (bytesInOutput: number) => ({ bytesInOutput })
  const integrity = `sha512-${'A'.repeat(86)}==`
  const input = (...paths: string[]) => ({
    bytes: 1,
    imports: paths.map(path => ({ path, kind: 'import-statement' as const })),
  })
  const metafile = {
    inputs: {
      'functions/f.ts': input('../node_modules/@x/y/a.js'),
      '../node_modules/@x/y/a.js': input(
        '../node_modules/z/b.js',
        '../node_modules/@x/y/node_modules/z/c.js',
      ),
    },
    outputs: {
      'f.cjs': {
        entryPoint: 'functions/f.ts',
        bytes: 9,
        imports: [],
        exports: [],
        inputs: {
          'functions/f.ts': part(1),
          '../node_modules/@x/y/a.js': part(2),
          '../node_modules/@x/y/node_modules/z/c.js': part(3),
          // Shaken out: imported, and not shipped.
          '../node_modules/z/b.js': part(0),
        },
      },
    },
  }
  const packages = {
    'node_modules/@x/y': { version: '1.1.0', license: 'MIT', integrity },
    'node_modules/@x/y/node_modules/z': { version: '2.0.0', license: 'ISC', integrity },
    'node_modules/z': { version: '3.0.0', license: 'ISC', integrity },
  }
  const files = new Map<string, Uint8Array>()

  test('a nested package is told from its namesake, and what was shaken out is left out', () => {
    const { components, dependencies } = bomOf(project, functions, { packages }, { metafile, files })
    expect(components.map(one => one['bom-ref'])).toEqual([
      'function:f',
      'pkg:npm/%40x/y@1.1.0',
      'pkg:npm/z@2.0.0',
    ])
    expect(dependencies.find(({ ref }) => ref === 'pkg:npm/%40x/y@1.1.0')!.dependsOn).toEqual([
      'pkg:npm/z@2.0.0',
    ])
  })

  test.each([
    ['is not locked', {}],
    ['has no licence', { ...packages, 'node_modules/@x/y': { version: '1.1.0', integrity } }],
    ['has no hash', { ...packages, 'node_modules/@x/y': { version: '1.1.0', license: 'MIT' } }],
  ])('there is none of a bundle of which a package %s', (_, some) => {
    expect(() => bomOf(project, functions, { packages: some }, { metafile, files })).toThrow(
      'node_modules/@x/y',
    )
  })
})
