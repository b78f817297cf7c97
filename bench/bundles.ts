import { rmSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { type BuildOptions, build as esbuild, stop } from 'esbuild'
import { build as buildFunctions } from '../infra/build.ts'

const BENCH = import.meta.dirname
const ROOT = join(BENCH, '..')

/** Where a run's files are. */
export interface Files {
  dir: string
  /** Built from bench/, without its folder and ending. */
  module(name: string): string
  /** The handler file of the function, as it is deployed. */
  ours: string
  /** The code that it loads. */
  oursCode: string
  naive: string
  floor: string
  remove(): void
}

// ES modules that are bundled with CommonJS packages need a `require` for what those packages require of Node.
const REQUIRE = `import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);`

/** esbuild's own defaults: what `esbuild --bundle --platform=node --format=esm` makes. */
const blogPost: BuildOptions = { bundle: true, platform: 'node', format: 'esm', banner: { js: REQUIRE } }

const ENTRIES = [
  'load',
  'servers/kms',
  'servers/provider',
  'hosting/host',
  'hosting/cold-handler',
  'hosting/load-code',
  'hosting/arrivals',
  'variants/openid-client-http',
  'variants/openid-client-express',
]

/**
 * Builds everything that is measured and what measures it, into a folder of this run: below the project, so that the
 * servers find their packages as they would where they are deployed, unbundled.
 */
export async function buildFiles(): Promise<Files> {
  const dir = join(ROOT, 'dist/bench', String(process.pid))
  const files: Files = {
    dir,
    module: name => join(dir, `${name}.mjs`),
    ours: join(dir, 'ours/oauth.mjs'),
    oursCode: join(dir, 'ours/oauth.bundle.cjs'),
    naive: join(dir, 'naive/handler.mjs'),
    floor: join(dir, 'floor/handler.mjs'),
    remove: () => rmSync(dir, { recursive: true, force: true }),
  }
  await mkdir(dir, { recursive: true })
  const common: BuildOptions = { absWorkingDir: ROOT, logLevel: 'warning' }
  const variant = (name: string) => join(BENCH, `variants/${name}.ts`)
  try {
    await Promise.all([
      buildFunctions({ outdir: join(dir, 'ours') }),
      esbuild({ ...common, ...blogPost, entryPoints: [variant('naive')], outfile: files.naive }),
      esbuild({ ...common, ...blogPost, entryPoints: [variant('floor')], outfile: files.floor }),
      // Types are taken out beforehand: a process that does it itself would have that in its cold start.
      esbuild({
        ...common,
        bundle: true,
        packages: 'external',
        platform: 'node',
        format: 'esm',
        entryPoints: ENTRIES.map(name => ({ in: join(BENCH, `${name}.ts`), out: name })),
        outExtension: { '.js': '.mjs' },
        outdir: dir,
      }),
    ])
  } finally {
    // esbuild's own process has nothing to do any more, and would only take time from what is measured.
    await stop()
  }
  return files
}
