import { fileURLToPath } from 'node:url'
import { stop } from 'esbuild'
import { build } from '../infra/build.ts'
import { ConfigurationError } from '../lib/config/problems.ts'
import { notices } from '../lib/config/registrations.ts'
import { createRuntime } from '../lib/runtime.ts'
import { startGateway } from './gateway/server.ts'
import { fail, portInUse, untilSignal } from './process.ts'

// `npm run serve`: gateway and functions alone, configured by the environment as on Lambda. PORT=0 takes a free port.

const ROOT = fileURLToPath(new URL('..', import.meta.url))

const port = Number(process.env.PORT ?? '8401')
if (!Number.isInteger(port) || port < 0 || port > 65_535) fail('PORT takes a number from 0 to 65535.')

// The function would find a fault of the configuration at its first request; whoever starts it wants to know now.
const checked = await createChecked().catch((error: unknown) => {
  if (error instanceof ConfigurationError) return fail(`The configuration is not valid:\n${error.message}`)
  const { cause } = error as Error
  return fail(
    `The configuration cannot be read: ${cause instanceof Error ? cause.name : (error as Error).message}`,
  )
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

async function createChecked() {
  return createRuntime().configuration()
}
