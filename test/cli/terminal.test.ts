import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server } from 'node:http'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { listen } from '../../local/listen.ts'
import { ROOT } from '../support/deployment.ts'
import { spawned } from '../support/spawned.ts'

// What a command's surroundings make of it: a terminal or none, and signals. A provider that never answers keeps it waiting.

let server: Server
let issuer: string
let asked: Promise<unknown>

beforeAll(async () => {
  server = createServer()
  issuer = await listen(server, 0)
})
afterAll(() => {
  server.close()
  server.closeAllConnections()
})
beforeEach(() => {
  asked = once(server, 'request')
})

const flags = () => [
  ...['init', '--yes', '--out', '-', '--provider', 'pingone', '--client-id', 'a'],
  ...['--redirect-uri', 'https://app.example.com/cb', '--issuer', issuer],
]

/** The command on a terminal, which util-linux's `script` makes; `type` types there. */
function onTerminal(args: string[], env: Record<string, string> = {}) {
  const { PATH = '', HOME = '' } = process.env
  const line = ['node', join(ROOT, 'cli/countersign.cjs'), ...args].map(word => `'${word}'`).join(' ')
  const child = spawn('script', ['-qefc', line, '/dev/null'], {
    env: { PATH, HOME, TERM: 'xterm', SHELL: '/bin/sh', ...env },
  })
  let text = ''
  child.stdout.on('data', chunk => {
    text += chunk
  })
  const ended = once(child, 'close').then(([code]) => ({ code: code as number, text }))
  return {
    ended,
    type: (keys: string) => child.stdin.write(keys),
    /** Until `part` is on the screen. */
    async shown(part: string) {
      const early = ended.then(() => {
        throw new Error(`ended before: ${text}`)
      })
      while (!text.includes(part)) await Promise.race([once(child.stdout, 'data'), early])
    },
  }
}

const ESCAPE = '\u001b['

describe.runIf(process.platform === 'linux')('on a terminal', () => {
  test('colour, unless NO_COLOR forbids it', async () => {
    const { code, text } = await onTerminal(['frobnicate']).ended
    expect([code, text]).toEqual([
      2,
      expect.stringContaining(`${ESCAPE}31merror${ESCAPE}39m There is no command`),
    ])
    expect((await onTerminal(['frobnicate'], { NO_COLOR: '1' }).ended).text).toMatch(
      /^error There is no command/,
    )
  })

  test('a question, its default, and no answer at Ctrl+C', async () => {
    const running = onTerminal(['init', '--out', '-'])
    await running.shown('Provider [pingone]: ')
    running.type('\r')
    await running.shown("The provider's issuer: ")
    running.type('\u0003')
    const { code, text } = await running.ended
    expect([code, text]).toEqual([1, expect.stringContaining('No answer was given.')])
  })

  test('a spinner while something is waited for, and nothing of it is left', async () => {
    const running = onTerminal(flags())
    await running.shown(`⠋ reading the discovery document of ${issuer}`)
    await asked
    server.closeAllConnections()
    const { text } = await running.ended
    const after = text.slice(text.lastIndexOf(`\r${ESCAPE}2K`))
    expect(after).toMatch(/^[^⠋]*could not be read/)
  })
})

describe('without a terminal', () => {
  test('one line for what is waited for, and no colour', async () => {
    const running = spawned(flags())
    await asked
    server.closeAllConnections()
    const { err } = await running.ended
    expect(err).toMatch(new RegExp(`^reading the discovery document of ${issuer}\nerror ${issuer}`))
    expect(err).not.toContain(ESCAPE)
  })

  test('--json is the whole of standard output', async () => {
    const running = spawned([...flags(), '--json'])
    await asked
    server.closeAllConnections()
    expect(JSON.parse((await running.ended).out)).toMatchObject({
      ok: false,
      error: { code: 'discovery_failed' },
    })
  })

  test.each(['SIGTERM', 'SIGINT'] as const)('%s ends the command, also below an older Node', async signal => {
    const running = spawned(flags())
    const [request] = (await asked) as [IncomingMessage]
    const gone = once(request.socket, 'close')
    running.kill(signal)
    const { code } = await running.ended
    // By the signal itself, or as a shell counts one.
    expect([null, signal === 'SIGTERM' ? 143 : 130]).toContain(code)
    await gone
  })
})
