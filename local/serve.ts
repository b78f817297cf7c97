import { fileURLToPath } from 'node:url'
import { stop } from 'esbuild'
import { build } from '../infra/build.ts'
import { readEnvironment } from '../lib/config/environment.ts'
import { ConfigurationError, problemLine } from '../lib/config/problems.ts'
import { notices, parseRegistrations } from '../lib/config/registrations.ts'
import { causeName } from '../lib/errors.ts'
import { createRuntime } from '../lib/runtime.ts'
import { startGateway } from './gateway/server.ts'
import { fail, portInUse, untilSignal } from './process.ts'

// `npm run serve`: gateway and functions alone, configured by the environment as on Lambda. PORT=0 takes a free port.

const ROOT = fileURLToPath(new URL('..', import.meta.url))

const port = Number(process.env.PORT || '8401')
if (!Number.isInteger(port) || port < 0 || port > 65_535) fail('PORT takes a number from 0 to 65535.')

// The function would find a fault of the configuration at its first request; whoever starts it wants to know now.
const problems = [...problemsOf(() => readEnvironment()), ...problemsOf(readInline)]
if (problems.length > 0) fail(`The configuration is not valid:\n${problems.join('\n')}`)
const checked = await createRuntime()
  .configuration()
  .catch((error: unknown) => {
    if (error instanceof ConfigurationError) return fail(`The configuration is not valid:\n${error.message}`)
    const why = causeName((error as Error).cause) ?? String(error)
    return fail(`The secret that COUNTERSIGN_SECRET_ID names cannot be read: ${why}`)
  })
for (const notice of notices(checked.registrations)) process.stderr.write(`notice: ${notice}\n`)

await build().finally(stop)
const gateway = await startGateway({
  port,
  root: ROOT,
  log: process.stderr,
  environmentOf: () => process.env,
}).catch((error: NodeJS.ErrnoException) => fail(portInUse(error, 'PORT') ?? String(error)))
process.stdout.write(`listening on ${gateway.url}\n`)
await untilSignal()
await gateway.close()
process.exit(0)

/** What is wrong with the document in COUNTERSIGN_CONFIG is said together with what is wrong with the environment. */
function readInline(): void {
  const text = process.env.COUNTERSIGN_CONFIG
  if (text) parseRegistrations(text, { revision: '', onLambda: false })
}

function problemsOf(read: () => unknown): string[] {
  try {
    read()
    return []
  } catch (error) {
    if (error instanceof ConfigurationError) return error.problems.map(problemLine)
    throw error
  }
}
