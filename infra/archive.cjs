// Builds what the archive has and a clone has not, into dist/: the browser helper, one ES module and its types; and the
// command, since Node runs no TypeScript below node_modules. `npm ci` and `npm pack` run this, maybe by an older Node, so
// it is no TypeScript itself: see node.cjs.
const { execFileSync } = require('node:child_process')
const { readdirSync, readFileSync, writeFileSync } = require('node:fs')
const { join } = require('node:path')
const { buildSync } = require('esbuild')

const ROOT = join(__dirname, '..')
const BROWSER = join(ROOT, 'dist/browser')

const MODULE = { absWorkingDir: ROOT, bundle: true, format: 'esm', logLevel: 'silent' }

function buildBrowser() {
  buildSync({ ...MODULE, entryPoints: ['browser/index.ts'], target: 'es2022', minify: true, outdir: BROWSER })
  const emit = ['--noEmit', 'false', '--declaration', '--emitDeclarationOnly', '--outDir', BROWSER]
  const tsc = join(require.resolve('typescript/package.json'), '../bin/tsc')
  execFileSync(process.execPath, [tsc, '-p', join(ROOT, 'browser'), ...emit], { stdio: 'inherit' })
  for (const name of readdirSync(BROWSER).filter(name => name.endsWith('.d.ts'))) {
    // Beside declarations TypeScript looks for a module's name as it is when it runs.
    const path = join(BROWSER, name)
    writeFileSync(path, readFileSync(path, 'utf8').replaceAll(/(from '\.\/\w+)\.ts'/g, "$1.js'"))
  }
}

/** Our own code alone: npm installs the packages that it imports, which are our `dependencies`. */
function buildCommand() {
  // No deeper: the command reads its version at ../package.json.
  const outfile = 'dist/cli.mjs'
  buildSync({
    ...MODULE,
    entryPoints: ['cli/main.ts'],
    platform: 'node',
    target: 'node22',
    packages: 'external',
    outfile,
  })
}

buildBrowser()
buildCommand()
