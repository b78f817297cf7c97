// Builds the browser helper into dist/browser/: one ES module and its types. `npm ci` and `npm pack` run this, maybe by
// an older Node, so it is no TypeScript: see node.cjs.
const { execFileSync } = require('node:child_process')
const { readdirSync, readFileSync, writeFileSync } = require('node:fs')
const { join, resolve } = require('node:path')
const { buildSync } = require('esbuild')

const ROOT = join(__dirname, '..')

/** @param {string} outdir where to */
function buildBrowser(outdir = join(ROOT, 'dist/browser')) {
  buildSync({
    absWorkingDir: ROOT,
    entryPoints: ['browser/index.ts'],
    bundle: true,
    format: 'esm',
    target: 'es2022',
    minify: true,
    outdir,
    logLevel: 'silent',
  })
  const emit = ['--noEmit', 'false', '--declaration', '--emitDeclarationOnly', '--outDir', outdir]
  const tsc = join(require.resolve('typescript/package.json'), '../bin/tsc')
  execFileSync(process.execPath, [tsc, '-p', join(ROOT, 'browser'), ...emit], { stdio: 'inherit' })
  for (const name of readdirSync(outdir).filter(name => name.endsWith('.d.ts'))) {
    // Beside declarations TypeScript looks for a module's name as it is when it runs.
    const path = join(outdir, name)
    writeFileSync(path, readFileSync(path, 'utf8').replaceAll(/(from '\.\/\w+)\.ts'/g, "$1.js'"))
  }
}

module.exports = { buildBrowser }

if (require.main === module) buildBrowser(process.argv[2] && resolve(process.argv[2]))
