import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { deflateRawSync } from 'node:zlib'
import type { Metafile } from 'esbuild'

/** The most that the entries of one function's zip may take. 80 * 1024 once the function delivers cookies as well. */
export const ZIPPED_MAX_B = 80 * 1024

/**
 * What is in each bundle, by npm package and bytes, checked in: a package that came along with an update, or an SDK
 * that grew because a cut missed, is seen in the diff of the change that brought it. `npm run build -- --list`
 * writes it anew.
 */
const LIST = join(import.meta.dirname, 'contents.json')

/** A package may grow by this much over what is listed before somebody has to look. */
const GROWTH = 0.05
const GROWTH_B = 512

/** Of one function, from package to bytes in its bundle. */
export type Packages = Record<string, number>

const OWN = '(our own code)'

/** `…/node_modules/@a/b/c.js` -> `@a/b`; a file of the project belongs to none. */
function packageOf(file: string): string {
  const below = file.split('node_modules/')
  const [first = '', second = ''] = below.at(-1)?.split('/') ?? []
  if (below.length === 1) return OWN
  return first.startsWith('@') ? `${first}/${second}` : first
}

/** What esbuild says of each function's bundle, summed up by package, in the order of their names. */
export function packagesOf(
  { outputs }: Metafile,
  functions: Readonly<Record<string, string>>,
): Record<string, Packages> {
  const bundles = Object.entries(functions).map(([name, entry]) => {
    const bundle = Object.values(outputs).find(({ entryPoint }) => entryPoint === entry)
    const sums = new Map<string, number>()
    for (const [file, { bytesInOutput }] of Object.entries(bundle?.inputs ?? {})) {
      if (bytesInOutput === 0) continue
      const owner = packageOf(file)
      sums.set(owner, (sums.get(owner) ?? 0) + bytesInOutput)
    }
    return [name, Object.fromEntries([...sums].sort(([a], [b]) => (a < b ? -1 : 1)))]
  })
  return Object.fromEntries(bundles)
}

/** In what a bundle differs from its list, a sentence each; nothing where it is as announced. */
export function differences(listed: Packages, found: Packages): string[] {
  const problems = Object.entries(found).flatMap(([name, bytes]) => {
    const expected = listed[name]
    if (expected === undefined) return [`${name} is new in the bundle: ${bytes} B`]
    const most = Math.floor(expected * (1 + GROWTH)) + GROWTH_B
    return bytes > most
      ? [`${name} has grown from ${expected} to ${bytes} B (up to ${most} is let pass)`]
      : []
  })
  const gone = Object.keys(listed).filter(name => !Object.hasOwn(found, name))
  return [...problems, ...gone.map(name => `${name} is no longer in the bundle`)]
}

/** What the files take in a zip, each compressed by itself; without the archive's own few hundred bytes. */
export async function zippedBytes(files: readonly string[]): Promise<number> {
  const contents = await Promise.all(files.map(file => readFile(file)))
  return contents.reduce((sum, bytes) => sum + deflateRawSync(bytes, { level: 9 }).length, 0)
}

export async function readList(): Promise<Record<string, Packages>> {
  return JSON.parse(await readFile(LIST, 'utf8'))
}

export async function writeList(packages: Record<string, Packages>): Promise<void> {
  await writeFile(LIST, `${JSON.stringify(packages, null, 2)}\n`)
}
