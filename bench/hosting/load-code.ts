// Loads a handler's code, until its evaluation is done, and says how long it took. What a CommonJS module goes on to do
// is not waited for: that is init, and measured as such.

const file = process.argv[2] ?? ''
const require = process.getBuiltinModule('node:module').createRequire(file)

const started = performance.now()
if (file.endsWith('.cjs')) require(file)
else await import(file)
const load_ms = performance.now() - started
process.getBuiltinModule('node:fs').writeSync(3, `${JSON.stringify({ load_ms })}\n`)
process.exit()
