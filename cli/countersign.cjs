#!/usr/bin/env node
// The command, from a shell that may run an older Node: the code itself needs 22.18. In a clone it is TypeScript; in the
// archive, where Node would not run that, it is built (infra/archive.cjs).
const { spawn } = require('node:child_process')
const { existsSync } = require('node:fs')
const { constants } = require('node:os')
const { join } = require('node:path')
const { pathToFileURL } = require('node:url')
const { nodePath } = require('../infra/node.cjs')

const source = join(__dirname, 'main.ts')
const main = existsSync(source) ? source : join(__dirname, '../dist/cli.mjs')

function run() {
  const node = nodePath()
  if (node === process.execPath) return import(pathToFileURL(main).href)
  const child = spawn(node, [main, ...process.argv.slice(2)], { stdio: 'inherit' })
  // At Ctrl+C the terminal signals both; another signal comes here alone and is passed on.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal))
  child.on('exit', (code, signal) => process.exit(code ?? 128 + constants.signals[signal]))
}

try {
  run()
} catch (error) {
  console.error(error.message)
  process.exit(1)
}
