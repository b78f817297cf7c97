import { parseArgs } from 'node:util'
import { originProblem } from '../lib/config/urls.ts'
import type { StackDescription } from './description.ts'
import { fail, portInUse, untilSignal } from './process.ts'
import { startStack } from './stack.ts'

// `npm start`: the whole local stack, until it is told to end.

const HELP = `npm start -- [--port N] [--origin ORIGIN] [--json]

Runs identity provider, KMS, Secrets Manager, gateway, functions, an API and the app on loopback.

  --port N         the app's port (default 8400); the others follow it. 0 takes free ones.
  --origin ORIGIN  lets a page of yours in, at http://localhost:5173 say, by the client own-tokens, which comes back to
                   ORIGIN/callback. At a name beneath example.localhost, http://app.example.localhost:5173 say, by
                   own-mediated and own-session, too; /api is then for that page, and not for the demo's.
  --json           prints one line of JSON when everything is ready.
  --help           this text.
`

const { values } = readArguments()
if (values.help) {
  process.stdout.write(HELP)
  process.exit(0)
}
const port = Number(values.port)
if (!Number.isInteger(port) || port < 0 || port > 65_530) fail('--port takes a number from 0 to 65530.')
const { origin } = values
if (origin !== undefined && originProblem(origin, false) !== undefined)
  fail('--origin takes an origin: http://localhost:5173 or the like, with nothing behind it.')

// Standard output is the description's alone: function logs are JSON lines too.
const stack = await startStack({ port, log: process.stderr, ...(origin !== undefined && { origin }) }).catch(
  (error: Error) => {
    const inUse = portInUse(error, '--port')
    if (inUse) fail(inUse)
    throw error
  },
)
process.stdout.write(values.json ? `${JSON.stringify(stack.description)}\n` : table(stack.description))
await untilSignal()
await stack.close()
process.exit(0)

function readArguments() {
  try {
    return parseArgs({
      options: {
        port: { type: 'string', default: '8400' },
        origin: { type: 'string' },
        json: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    })
  } catch (error) {
    return fail(`${(error as Error).message}\n\n${HELP}`)
  }
}

function table(description: StackDescription): string {
  const { app, gateway, site, api, issuer, kms, secrets_manager, clients, env } = description
  const rows = [
    ['app', app],
    ['token endpoint', `${gateway}/token`],
    ['its description', `${app}/openapi.json`],
    ['three deliveries', `${site.app}/deliveries`],
    ['as one site', `${site.app} and ${site.gateway}`],
    ['API', `${api}, through ${site.gateway}/api`],
    ['identity provider', issuer],
    ['KMS', kms],
    ['Secrets Manager', secrets_manager],
    ...clients.map(({ client_id, alg, shows }) => ['client', `${client_id} (${alg}): ${shows}`]),
    ...[...new Set(clients.map(({ redirect_uri }) => redirect_uri))].map(uri => ['redirect URI', uri]),
  ]
  // The AWS command line before its second version reads the Region under this name alone.
  const exports = Object.entries({ ...env, AWS_DEFAULT_REGION: env.AWS_REGION }).map(
    ([name, value]) => `  export ${name}=${value}`,
  )
  const lines = rows.map(([name = '', value]) => `  ${name.padEnd(18)}${value}`)
  return `\nCountersign runs.\n\n${lines.join('\n')}\n\nFor the AWS command line and \`PORT=0 npm run serve\` in another terminal:\n\n${exports.join('\n')}\n\nOpen ${app} - Ctrl+C ends it.\n`
}
