import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Deployment, startDeployment } from '../support/deployment.ts'
import { closeProviders, json, type Provider, startProvider } from '../support/fake-provider.ts'
import { CODE, expectExchange, NATIVE, NATIVE_REDIRECT_URI, TOKENS, VERIFIER } from './exchange.ts'
import { type HttpText, headerOf, parseHttp } from './http-text.ts'
import { startRelay } from './relay.ts'

// The programs behind requests/*.http, as far as their interpreters are on this machine, with what they send held
// against the file: so that the file is known to be right.

/** Where an interpreter needs longer than this to send anything, it is not waited for: compilers without a cache do. */
const START_MS = 10_000

interface Program {
  file: string
  /** The command, to which the program's path and its arguments are added. */
  command: string[]
  /** Ends with 0 where the interpreter and what the program imports are there. */
  probe: string[]
}

const PROGRAMS: Program[] = [
  { file: 'curl.sh', command: ['sh'], probe: ['curl', '--version'] },
  { file: 'python-urllib.py', command: ['python3'], probe: ['python3', '-c', 'import urllib.request'] },
  { file: 'python-requests.py', command: ['python3'], probe: ['python3', '-c', 'import requests'] },
  { file: 'ruby-net-http.rb', command: ['ruby'], probe: ['ruby', '-e', "require 'net/http'"] },
  { file: 'ruby-rest-client.rb', command: ['ruby'], probe: ['ruby', '-e', "require 'rest-client'"] },
  {
    file: 'php-curl.php',
    command: ['php'],
    probe: ['php', '-r', "exit(extension_loaded('curl') ? 0 : 1);"],
  },
  { file: 'go-net-http.go', command: ['go', 'run'], probe: ['go', 'version'] },
  { file: 'java-http-url-connection.java', command: ['java'], probe: ['javac', '-version'] },
  { file: 'java-http-client.java', command: ['java'], probe: ['javac', '-version'] },
  { file: 'perl-http-tiny.pl', command: ['perl'], probe: ['perl', '-MHTTP::Tiny', '-e', '1'] },
  { file: 'node-fetch.mjs', command: [process.execPath], probe: [process.execPath, '--version'] },
]

/** Of this process's environment all but the proxies, which would be asked for a host on loopback. */
const env = Object.fromEntries(
  Object.entries(process.env).filter(([name]) => !/_proxy$|^(NODE_|VITEST|npm_)/i.test(name)),
)

/** Runs it and gives what it printed; undefined where it cannot be run, or `signal` ended it. */
async function run(command: string[], signal: AbortSignal): Promise<Ran | undefined> {
  const [name = '', ...args] = command
  const child = spawn(name, args, { env, signal, stdio: ['ignore', 'pipe', 'pipe'] })
  const ran = { code: null as number | null, stdout: '', stderr: '' }
  child.stdout.on('data', chunk => {
    ran.stdout += chunk
  })
  child.stderr.on('data', chunk => {
    ran.stderr += chunk
  })
  try {
    const [code] = await once(child, 'close')
    return signal.aborted ? undefined : { ...ran, code }
  } catch {
    return undefined
  }
}

interface Ran {
  code: number | null
  stdout: string
  stderr: string
}

const present = await Promise.all(
  PROGRAMS.map(async ({ probe }) => (await run(probe, AbortSignal.timeout(START_MS)))?.code === 0),
)

let provider: Provider
let deployment: Deployment

beforeAll(async () => {
  provider = await startProvider(response => json(response, 200, TOKENS))
  deployment = await startDeployment(`${provider.url}/token`, { client: NATIVE })
})
afterAll(async () => {
  await deployment.close()
  closeProviders()
})

/** What the fixture says of a request and a version of the program does not change: no User-Agent, no Accept. */
function shape({ start, headers, body }: HttpText) {
  return {
    start,
    headers: headers.map(([name]) => name.toLowerCase()).toSorted(),
    content_type: headerOf(headers, 'content-type'),
    // curl wrote a space as %20 before 7.76.
    body: body.replaceAll('%20', '+'),
  }
}

describe('the programs that can be run here', () => {
  for (const [index, { file, command }] of PROGRAMS.entries()) {
    const name = file.replace(/\.\w+$/, '')
    const absent = !present[index]
    test.skipIf(absent)(`DROP-1: ${file}${absent ? ' (no interpreter here)' : ''}`, async ({ skip }) => {
      const relay = await startRelay(deployment.gateway.url)
      const before = provider.requests.length
      try {
        const path = join(import.meta.dirname, 'programs', file)
        const ran = await run(
          [...command, path, `${relay.url}/token`, CODE, VERIFIER],
          AbortSignal.timeout(START_MS),
        )
        const request = relay.request()
        if (ran === undefined && request === undefined) skip(`nothing sent within ${START_MS} ms`)

        expect(ran?.code, ran?.stderr).toBe(0)
        expect(JSON.parse(ran?.stdout ?? '')).toEqual(TOKENS)
        expect(provider.requests).toHaveLength(before + 1)
        expectExchange(provider.requests[before], NATIVE_REDIRECT_URI)
        const fixture = readFileSync(join(import.meta.dirname, 'requests', `${name}.http`))
        expect(shape(request!)).toEqual(shape(parseHttp(fixture)!))
      } finally {
        relay.close()
      }
    })
  }
})
