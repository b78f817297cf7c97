import { createHash } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import type { Metafile } from 'esbuild'
import { build, FUNCTIONS } from './build.ts'

// A bill of materials (CycloneDX 1.6) of what is deployed: of the packages of which something is in a bundle, and not of
// what is installed. So it is made of esbuild's own account. It has no time and no random number in it: a commit has one.

const ROOT = join(import.meta.dirname, '..')

interface Hash {
  alg: 'SHA-256' | 'SHA-512'
  content: string
}

export interface Component {
  type: 'application' | 'library' | 'file'
  'bom-ref': string
  group?: string
  name: string
  version?: string
  licenses?: { license: { id: string } }[]
  hashes?: Hash[]
  purl?: string
  components?: Component[]
  properties?: { name: string; value: string }[]
}

export interface Bom {
  bomFormat: 'CycloneDX'
  specVersion: '1.6'
  version: number
  metadata: { lifecycles: { phase: 'build' }[]; component: Component }
  components: Component[]
  dependencies: { ref: string; dependsOn: string[] }[]
}

/** package-lock.json, as far as it is read. */
export interface Lock {
  packages: Record<string, { version?: string; integrity?: string; license?: string }>
}

export interface Built {
  metafile: Metafile
  /** From the name of a file in `dist/` to what is in it. */
  files: ReadonlyMap<string, Uint8Array>
}

/** `../x/node_modules/@a/b/dist/c.js` -> `node_modules/@a/b`, as the lock file names it; undefined for a file of our own. */
function placeOf(file: string): string | undefined {
  return /(?:^|\/)(node_modules\/(?:.*\/node_modules\/)?(?:@[^/]+\/)?[^/]+)\//.exec(file)?.[1]
}

/** From place to bytes, of one function's bundle. */
function placesIn({ outputs }: Metafile, entry: string): Map<string, number> {
  const bundle = Object.values(outputs).find(({ entryPoint }) => entryPoint === entry)
  const places = new Map<string, number>()
  for (const [file, { bytesInOutput }] of Object.entries(bundle?.inputs ?? {})) {
    const place = placeOf(file)
    if (place && bytesInOutput > 0) places.set(place, (places.get(place) ?? 0) + bytesInOutput)
  }
  return places
}

/** Subresource Integrity, as the lock file has it: `sha512-<base64>`, of the tarball that the registry serves. */
function hashOf(place: string, integrity = ''): Hash {
  const [, digest] = /^sha512-([A-Za-z0-9+/]{86}==)$/.exec(integrity) ?? []
  if (!digest) throw new Error(`${place} has no SHA-512 in package-lock.json`)
  return { alg: 'SHA-512', content: Buffer.from(digest, 'base64').toString('hex') }
}

function library(place: string, { packages }: Lock): Component {
  const { version, integrity, license } = packages[place] ?? {}
  if (!version || !license) throw new Error(`${place} is in a bundle, and not whole in package-lock.json`)
  const [first = '', second] = place.split('node_modules/').at(-1)!.split('/')
  const purl = `pkg:npm/${second ? `${encodeURIComponent(first)}/${second}` : first}@${version}`
  return {
    type: 'library',
    'bom-ref': purl,
    ...(second && { group: first }),
    name: second ?? first,
    version,
    licenses: [{ license: { id: license } }],
    hashes: [hashOf(place, integrity)],
    purl,
  }
}

const sha256 = (bytes: Uint8Array): Hash => ({
  alg: 'SHA-256',
  content: createHash('sha256').update(bytes).digest('hex'),
})

/** Which of the bundled packages imports which, whether or not what it imports is left of it. */
function importsOf({ inputs }: Metafile, places: ReadonlySet<string>): Map<string, Set<string>> {
  const imports = new Map([...places].map(place => [place, new Set<string>()]))
  for (const [file, { imports: imported }] of Object.entries(inputs)) {
    const from = placeOf(file)
    for (const { path } of imported) {
      const to = placeOf(path)
      if (from && to && from !== to && places.has(to)) imports.get(from)?.add(to)
    }
  }
  return imports
}

/** @throws where a package in a bundle is not in the lock file, with version, licence and integrity */
export function bomOf(
  project: { name: string; version: string; license: string },
  functions: Readonly<Record<string, string>>,
  lock: Lock,
  { metafile, files }: Built,
): Bom {
  const inFunction = Object.entries(functions).map(
    ([name, entry]) => [name, placesIn(metafile, entry)] as const,
  )
  const places = [...new Set(inFunction.flatMap(([, bytes]) => [...bytes.keys()]))].sort()
  const libraries = new Map(places.map(place => [place, library(place, lock)]))
  const refsOf = (some: Iterable<string>) => [...some].map(place => libraries.get(place)!['bom-ref']).sort()

  for (const [place, one] of libraries) {
    one.properties = inFunction.flatMap(([name, bytes]) =>
      bytes.has(place) ? [{ name: `countersign:bytes:${name}`, value: String(bytes.get(place)) }] : [],
    )
  }
  const deployed = Object.keys(functions).map((name): Component => {
    const own = [...files].filter(([file]) => file.startsWith(`${name}.`)).sort()
    return {
      type: 'application',
      'bom-ref': `function:${name}`,
      name,
      version: project.version,
      components: own.map(([file, bytes]) => ({
        type: 'file',
        'bom-ref': `file:${file}`,
        name: file,
        hashes: [sha256(bytes)],
      })),
    }
  })
  const root = `${project.name}@${project.version}`
  const { name, version, license } = project
  return {
    bomFormat: 'CycloneDX',
    specVersion: '1.6',
    version: 1,
    metadata: {
      lifecycles: [{ phase: 'build' }],
      component: {
        type: 'application',
        'bom-ref': root,
        name,
        version,
        licenses: [{ license: { id: license } }],
      },
    },
    components: [...deployed, ...libraries.values()],
    dependencies: [
      { ref: root, dependsOn: deployed.map(one => one['bom-ref']) },
      ...inFunction.map(([one, bytes]) => ({ ref: `function:${one}`, dependsOn: refsOf(bytes.keys()) })),
      ...[...importsOf(metafile, new Set(places))].map(([place, imported]) => ({
        ref: libraries.get(place)!['bom-ref'],
        dependsOn: refsOf(imported),
      })),
    ],
  }
}

/** Builds into `outdir`, and gives the bill of it. */
export async function sbom(outdir?: string): Promise<Bom> {
  const { files, metafile } = await build(outdir === undefined ? {} : { outdir })
  const contents = await Promise.all(files.map(async file => [basename(file), await readFile(file)] as const))
  const [project, lock] = await Promise.all(
    ['package.json', 'package-lock.json'].map(async file =>
      JSON.parse(await readFile(join(ROOT, file), 'utf8')),
    ),
  )
  return bomOf(project, FUNCTIONS, lock, { metafile, files: new Map(contents) })
}

async function main(): Promise<void> {
  const path = join(ROOT, 'dist/sbom.cdx.json')
  await writeFile(path, `${JSON.stringify(await sbom(), null, 2)}\n`)
  console.log(path)
}

// As a command. (`import.meta.main` is not there before Node 24.)
if (process.argv[1] === import.meta.filename) await main()
