import { randomUUID } from 'node:crypto'
import { mkdir, readFile, rename, stat, writeFile } from 'node:fs/promises'
import { basename, join, relative, resolve } from 'node:path'
import { type BuildOptions, build as esbuild, type Metafile } from 'esbuild'
import { packagesOf, writeList, zippedBytes } from './contents.ts'
import { trim } from './trim.ts'

const ROOT = join(import.meta.dirname, '..')

/** Every function that is deployed, one line each: its name, which is also that of its files in `dist/`. */
export const FUNCTIONS: Record<string, string> = {
  oauth: 'functions/oauth.ts',
  jwks: 'functions/jwks.ts',
  probe: 'functions/probe.ts',
  authorizer: 'functions/authorizer.ts',
}

/**
 * The handler file. Lambda waits for a top-level await of an ES module but not for a promise that a CommonJS
 * module leaves pending; so this one awaits, and the code stays CommonJS: an ES module that imports `node:http`
 * makes Node load all of undici. Nothing else in the folder may be called `<name>` or `<name>.js`: Lambda's loader
 * would take those first.
 */
const handlerFile = (name: string) =>
  `import bundle from './${name}.bundle.cjs'
await bundle.ready
export const handler = bundle.handler
`

/** How a function is bundled, whatever its entry. `version` is what the code reads as COUNTERSIGN_VERSION. */
export function bundleOptions({ version, minify }: { version: string; minify: boolean }) {
  return {
    absWorkingDir: ROOT,
    bundle: true,
    platform: 'node',
    // The older of Lambda's two current runtimes, so that the same zip runs on both.
    target: 'node22',
    format: 'cjs',
    outExtension: { '.js': '.cjs' },
    // The packages' ES modules can be tree-shaken, their CommonJS builds cannot: a third of the bytes.
    mainFields: ['module', 'main'],
    // import('node:http') in the SDK would make the ESM facade of the built-in, and that loads undici.
    supported: { 'dynamic-import': false },
    minify,
    // Licence texts that ask to be kept stay at the end of the file. No source map: builds of one commit are
    // byte-identical, so a map can be made whenever a stack trace has to be read.
    legalComments: 'eof',
    define: { COUNTERSIGN_VERSION: JSON.stringify(version) },
    plugins: [trim()],
    metafile: true as const,
    logLevel: 'silent',
    write: false as const,
  } satisfies BuildOptions
}

/** A reader (the local gateway, a packaging run) sees the old file or the new one, never half of one. */
async function replace(path: string, contents: Uint8Array | string): Promise<void> {
  const temporary = `${path}.${randomUUID()}.tmp`
  await writeFile(temporary, contents)
  await rename(temporary, path)
}

/**
 * Builds every function: `<name>.bundle.cjs` and its handler file `<name>.mjs`. Nothing is written when anything
 * fails.
 *
 * @param options.outdir where to, absolute or below the project; `dist` unless given
 * @param options.minify off gives a bundle to read; on unless given
 * @returns the absolute paths of the files, sorted, and esbuild's account of what went into them
 * @throws esbuild's BuildFailure: a source that does not compile, a cut of the SDK that no longer applies
 */
export async function build({ outdir = 'dist', minify = true } = {}): Promise<{
  files: string[]
  metafile: Metafile
}> {
  const target = resolve(ROOT, outdir)
  const { version } = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8'))
  const entryPoints = Object.entries(FUNCTIONS).map(([name, source]) => ({
    in: source,
    out: `${name}.bundle`,
  }))
  const result = await esbuild({ ...bundleOptions({ version, minify }), entryPoints, outdir: target })
  const outputs = new Map<string, Uint8Array | string>()
  for (const { path, contents } of result.outputFiles) outputs.set(path, contents)
  for (const name of Object.keys(FUNCTIONS)) outputs.set(join(target, `${name}.mjs`), handlerFile(name))
  await mkdir(target, { recursive: true })
  await Promise.all([...outputs].map(([path, contents]) => replace(path, contents)))
  return { files: [...outputs.keys()].sort(), metafile: result.metafile }
}

/** `--list` rewrites the list of what is in the bundles: see contents.ts. */
async function main(): Promise<void> {
  const { files, metafile } = await build()
  const line = (what: string, bytes: number) =>
    console.log(`${what.padEnd(24)} ${String(bytes).padStart(8)} B`)
  for (const file of files) line(relative(ROOT, file), (await stat(file)).size)
  for (const name of Object.keys(FUNCTIONS)) {
    const zipped = files.filter(file => basename(file).startsWith(`${name}.`))
    line(`${name}, zipped`, await zippedBytes(zipped))
  }
  if (process.argv.includes('--list')) await writeList(packagesOf(metafile, FUNCTIONS))
}

// As a command. (`import.meta.main` is not there before Node 24.)
if (process.argv[1] === import.meta.filename) await main()
