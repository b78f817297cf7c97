import { once } from 'node:events'
import { createServer as createHttpServer } from 'node:http'
import { createServer } from 'node:net'
import { Writable } from 'node:stream'
import { gzipSync } from 'node:zlib'
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { Failure } from '../../../cli/failure.ts'
import { runCommand } from '../../../cli/run.ts'
import { openerOf } from '../../../cli/try/browser.ts'
import { control } from '../../../local/aws/control.ts'
import { type StackClientPlan, stackClients } from '../../../local/clients.ts'
import { listen } from '../../../local/listen.ts'
import { type Stack, startStack } from '../../../local/stack.ts'
import { freePort } from '../../support/free-port.ts'
import { type Answers, jsonOf, recorded } from '../../support/operator.ts'
import { AuthorizationError, createBrowser } from '../../support/sign-in.ts'
import { spawned } from '../../support/spawned.ts'

// `countersign try` against the whole local stack; the browser is a few redirects by hand.

let stack: Stack
let webPort: number

beforeAll(async () => {
  webPort = await freePort()
  const origin = `http://127.0.0.1:${webPort}`
  const plans = stackClients('http://127.0.0.1:1')
  const named = (name: string) => plans.find(({ client_id }) => client_id === name)!
  const web: StackClientPlan = {
    ...named('demo-rs256'),
    client_id: 'web',
    redirect_uri: `${origin}/back`,
    origin,
  }
  stack = await startStack({
    port: 0,
    log: new Writable({ write: (_, __, done) => done() }),
    clients: [named('terminal'), named('native'), web],
  })
  for (const [name, value] of Object.entries(stack.description.env)) vi.stubEnv(name, value)
})
afterAll(async () => {
  vi.unstubAllEnvs()
  await stack?.close()
})
afterEach(() => control(stack.description.kms).reset())

const OPEN = 'open this: '

/** What a browser ends at that has followed the URL: the redirect, with the provider's answer. */
async function followed(url: string): Promise<URL> {
  const { searchParams } = new URL(url)
  const [client_id, redirect_uri, state] = ['client_id', 'redirect_uri', 'state'].map(
    name => searchParams.get(name)!,
  )
  const { code, iss } = await createBrowser().signIn({
    issuer: stack.description.issuer,
    client_id: client_id!,
    redirect_uri: redirect_uri!,
    started: { url, state: state! },
  })
  return new URL(`${redirect_uri}?${new URLSearchParams({ code, state: state!, ...(iss && { iss }) })}`)
}

/** In this process; `browse` is told of the URL and goes on from there. */
async function tried(
  args: string[],
  browse: (url: string) => Promise<unknown> = async () => {},
  answers?: Answers,
) {
  const { terminal, said } = recorded(answers)
  let browsed: Promise<unknown> = Promise.resolve()
  const note = (line: string) => {
    terminal.note(line)
    if (line.startsWith(OPEN)) browsed = browse(line.slice(OPEN.length))
  }
  const code = await runCommand(['try', ...args], {
    env: stack.description.env,
    terminal: { ...terminal, note },
  })
  await browsed
  return { ...said, code }
}

const visit = async (url: string) => fetch(await followed(url))
/** The redirect, with other parameters than the provider's. */
const answering = (change: (answer: URLSearchParams) => void) => async (url: string) => {
  const there = await followed(url)
  change(there.searchParams)
  return fetch(there)
}
const refused = (parameters: Record<string, string>) => (url: string) => {
  const { searchParams } = new URL(url)
  const state = searchParams.get('state')!
  return fetch(`${searchParams.get('redirect_uri')}?${new URLSearchParams({ state, ...parameters })}`)
}

describe('a whole sign-in, as a process', () => {
  test('--json: one object, and the URL to open beside it', async () => {
    const { env, issuer } = stack.description
    const process = spawned(['try', '--client', 'terminal', '--json'], env)
    const line = await process.noted(text => text.startsWith(OPEN))
    const there = await followed(line.slice(OPEN.length))
    expect(there.host).toMatch(/^127\.0\.0\.1:\d+$/)
    expect(there.pathname).toBe('/callback')
    const page = await fetch(there)
    expect([page.status, page.headers.get('content-security-policy')]).toEqual([
      200,
      expect.stringContaining("default-src 'none'"),
    ])
    const html = await page.text()
    expect(html).toContain('<h1>Back to the terminal</h1>')
    expect(html).not.toMatch(/<script|https?:/)

    const { code, out } = await process.ended
    expect(code).toBe(0)
    const result = JSON.parse(out)
    expect(result).toEqual({
      ok: true,
      steps: [
        {
          step: 'authorization request',
          ok: true,
          detail: expect.stringContaining('scope openid, PKCE S256'),
        },
        { step: 'redirect received', ok: true, detail: 'a code; state matches, and so does iss' },
        {
          step: 'POST /token',
          ok: true,
          detail: expect.stringMatching(/^-> 200 in \d+ ms, request id [\w-]{8,}$/),
        },
        { step: 'the answer', ok: true, detail: expect.stringMatching(/^access_token, .*token_type Bearer/) },
        {
          step: 'ID token',
          ok: true,
          detail: expect.stringMatching(/sub alice, aud terminal, .*the nonce matches$/),
        },
      ],
      tokens: {
        members: expect.arrayContaining(['access_token', 'id_token', 'token_type']),
        token_type: 'Bearer',
        expires_in: 3600,
        scope: 'openid',
      },
      id_token: { iss: issuer, sub: 'alice', aud: 'terminal', exp: expect.any(Number) },
    })
    expect(out).not.toContain(there.searchParams.get('code')!)
    expect(out).not.toContain('eyJ')
  })

  test('without: a line for each step, the claims on top, and no token', async () => {
    const process = spawned(['try', '--client', 'terminal', '--verbose'], stack.description.env)
    await visit((await process.noted(text => text.startsWith(OPEN))).slice(OPEN.length))
    const { code, out, err } = await process.ended
    expect(code).toBe(0)
    expect(
      out
        .split('\n')
        .map(line => line.split(':')[0])
        .slice(0, 5),
    ).toEqual([
      '1 authorization request',
      '2 redirect received',
      expect.stringMatching(/^3 POST \/token -> 200 in \d+ ms, request id /),
      '4 the answer',
      '5 ID token',
    ])
    expect(out).toContain('"nonce": "')
    expect(out + err).not.toContain('eyJ')
  })
})

test('tokens are shown where they are asked for', async () => {
  const said = await tried(['--client', 'terminal', '--json', '--show-tokens'], visit)
  expect(jsonOf(said).tokens).toMatchObject({ values: { id_token: expect.stringMatching(/^eyJ/) } })
})

test('a web client: at the port of its redirect URI, with its Origin', async () => {
  const said = await tried(['--client', 'web', '--json', '--scope', 'openid email'], async url => {
    expect(new URL(url).searchParams.get('redirect_uri')).toBe(`http://127.0.0.1:${webPort}/back`)
    expect((await fetch(`http://127.0.0.1:${webPort}/other`)).status).toBe(404)
    return visit(url)
  })
  expect([said.code, jsonOf(said)]).toMatchObject([0, { ok: true, tokens: { scope: 'openid email' } }])
})

test('its port is taken: it says so, and opens nothing', async () => {
  const server = createServer().listen(webPort, '127.0.0.1')
  await once(server, 'listening')
  const said = await tried(['--client', 'web', '--json'])
  server.close()
  expect([said.code, said.notes, jsonOf(said)]).toMatchObject([1, [], { error: { code: 'port_taken' } }])
})

describe('an answer that is none to this request', () => {
  test.each([
    ['issuer_mismatch', answering(answer => answer.set('iss', 'https://evil.example'))],
    ['no_code', answering(answer => answer.delete('code'))],
    ['provider_refused', refused({ error: 'access_denied' })],
    ['issuer_mismatch', refused({ error: 'access_denied', iss: 'https://evil.example' })],
  ])('%s', async (code, browse) => {
    const kms = control(stack.description.kms)
    const said = await tried(['--client', 'terminal', '--json'], browse)
    expect([said.code, jsonOf(said)]).toMatchObject([
      1,
      { ok: false, error: { code }, steps: [{ ok: true }, { step: 'redirect received', ok: false }] },
    ])
    expect((await kms.requests()).filter(({ operation }) => operation === 'Sign')).toEqual([])
  })

  test('a person reads what the provider said, and what to do', async () => {
    const said = await tried(
      ['--client', 'terminal'],
      refused({ error: 'access_denied', error_description: 'No.\u001b[2J' }),
    )
    expect(said.out.at(-1)).toBe('2 redirect received: failed The provider refused: access_denied (No.�[2J)')
    expect(said.notes.at(-1)).toMatch(/^ {2}The sign-in was cancelled/)
  })
})

test('a redirect with another state is turned away, and the sign-in goes on', async () => {
  const said = await tried(['--client', 'terminal', '--json'], async url => {
    const there = await followed(url)
    const forged = new URL(there)
    forged.searchParams.set('state', 'another')
    forged.searchParams.set('code', 'forged')
    expect((await fetch(forged)).status).toBe(400)
    return fetch(there)
  })
  expect([said.code, jsonOf(said)]).toMatchObject([0, { ok: true }])
})

test('the provider refuses on a page, and no redirect comes', async () => {
  const said = await tried(['--client', 'terminal', '--json', '--timeout', '1', '--scope', 'openid'], url =>
    expect(
      followed(url.replace('code_challenge_method=S256', 'code_challenge_method=plain')),
    ).rejects.toThrow(AuthorizationError),
  )
  expect([said.code, jsonOf(said)]).toMatchObject([1, { ok: false, error: { code: 'timeout' } }])
})

test('the endpoint refuses: its status, the request id, and what to do', async () => {
  await control(stack.description.kms).fault('Sign', { kind: 'error', name: 'AccessDeniedException' })
  const failed = await tried(['--client', 'web', '--json'], visit)
  await control(stack.description.kms).fault('Sign', null)
  expect([failed.code, jsonOf(failed)]).toMatchObject([
    1,
    {
      error: {
        code: 'exchange_failed',
        fix: expect.stringMatching(/^countersign doctor --client web .*request id [\w-]+$/),
      },
      steps: [
        { ok: true },
        { ok: true },
        { step: 'POST /token', ok: false, detail: expect.stringMatching(/^-> 50\d in/) },
      ],
    },
  ])
})

test('the endpoint is not there', async () => {
  const said = await tried(
    ['--client', 'terminal', '--json', '--url', `http://127.0.0.1:${await freePort()}`],
    visit,
  )
  expect([said.code, jsonOf(said)]).toMatchObject([1, { error: { code: 'endpoint_unreachable' } }])
})

describe('an endpoint that is none of ours', () => {
  /** What `answer` gives is said of the sign-in whose URL it is told. */
  async function answeredBy(
    answer: (opened: URLSearchParams) => { status?: number; body: string | Buffer; headers?: object },
    ...args: string[]
  ) {
    let opened = new URLSearchParams()
    const server = createHttpServer((_, response) => {
      const { status = 200, body, headers = {} } = answer(opened)
      response.writeHead(status, { ...headers }).end(body)
    })
    const url = await listen(server, 0)
    const said = await tried(['--client', 'terminal', '--url', url, ...args], async there => {
      opened = new URL(there).searchParams
      return refused({ code: 'c' })(there)
    })
    server.close()
    return said
  }
  const UNSEEN = /[\p{Cf}\u0080-\u009f]/u
  const claimed = (opened: URLSearchParams) => {
    const { issuer: iss } = stack.description
    const claims = { iss, sub: 'a\u009b2J\u202e', aud: 'terminal', exp: 1e20, nonce: opened.get('nonce') }
    const id_token = ['{"alg":"none"}', JSON.stringify(claims), 'x']
      .map(part => Buffer.from(part).toString('base64url'))
      .join('.')
    return { body: JSON.stringify({ access_token: '\u009b', scope: { toString: 1 }, id_token }) }
  }

  test('claims that would rewrite the terminal, or are no time, are shown', async () => {
    const said = await answeredBy(claimed, '--verbose', '--show-tokens')
    const text = said.out.join('\n')
    expect([said.code, UNSEEN.test(text)]).toEqual([0, false])
    expect(text).toContain('sub a�2J�, aud terminal, exp 100000000000000000000;')
    expect(text).toContain('"sub": "a\\u009b2J\\u202e"')
    expect(text).toContain('scope {"toString":1}')
  })

  test('--json says them to the letter, and shows a terminal nothing else', async () => {
    const said = await answeredBy(claimed, '--json')
    expect(said.out.join('')).not.toMatch(UNSEEN)
    expect([said.code, jsonOf(said)]).toMatchObject([0, { id_token: { sub: 'a\u009b2J\u202e', exp: 1e20 } }])
  })

  test('nor does its request id', async () => {
    const said = await answeredBy(() => ({
      status: 400,
      body: '{}',
      headers: { 'x-request-id': 'r\u009b2J' },
    }))
    expect(said.notes.at(-1)).toMatch(/by request id r�2J$/)
    expect([...said.out, ...said.notes].join('')).not.toMatch(UNSEEN)
  })

  test('an answer without end is not read to its end', async () => {
    const body = gzipSync(Buffer.alloc(300_000, ' '))
    const said = await answeredBy(() => ({ body, headers: { 'content-encoding': 'gzip' } }), '--json')
    expect([said.code, jsonOf(said)]).toMatchObject([
      1,
      { error: { code: 'exchange_failed', message: expect.stringContaining('answered more than 256 KiB') } },
    ])
  })
})

describe('nothing can listen at the redirect URI', () => {
  test('nobody is there to paste: the command line is wrong', async () => {
    const said = await tried(['--client', 'native', '--json'])
    expect([said.code, jsonOf(said)]).toMatchObject([2, { error: { code: 'usage' } }])
  })

  test('the URL that the browser ended at is pasted', async () => {
    const answers = { 'The URL': ['https://elsewhere.example/'] }
    const { terminal, said } = recorded(answers)
    let url = ''
    const code = await runCommand(['try', '--client', 'native', '--json', '--no-browser'], {
      env: stack.description.env,
      terminal: {
        ...terminal,
        note(line) {
          terminal.note(line)
          if (line.startsWith(OPEN)) url = line.slice(OPEN.length)
        },
        ask: async question => (await terminal.ask(question)) || (await followed(url)).href,
      },
    })
    expect(said.notes).toContain('It begins with com.example.app:/callback.')
    expect([code, jsonOf(said)]).toMatchObject([0, { ok: true, id_token: { aud: 'native' } }])
  })
})

test('whoever stops the pasting is told which step it was', async () => {
  const { terminal, said } = recorded({})
  const code = await runCommand(['try', '--client', 'native', '--json', '--no-browser'], {
    env: stack.description.env,
    terminal: { ...terminal, ask: () => Promise.reject(new Failure('cancelled', 'No answer was given.')) },
  })
  expect([code, jsonOf(said)]).toMatchObject([
    1,
    { steps: [{ ok: true }, { step: 'redirect received', ok: false, detail: 'No answer was given.' }] },
  ])
})

describe('the command line', () => {
  test.each([
    [[], /Which client\?.*terminal, native, web/],
    [['--client', 'terminal', '--timeout', 'soon'], /--timeout/],
    [
      ['--client', 'terminal', '--redirect-uri', 'http://127.0.0.1/other'],
      /There are:\n {2}http:\/\/127\.0\.0\.1\/callback/,
    ],
    [['--client', 'terminal', '--url', 'here'], /--url/],
    [['--client', 'terminal', '--url', 'http://login.example.com'], /--url is http:.*\n.*https URL/],
  ])('%j', async (args, why) => {
    const said = await tried(args)
    expect([said.code, said.notes.join('\n')]).toEqual([2, expect.stringMatching(why)])
  })
})

test.each([
  ['linux', 'xdg-open'],
  ['darwin', 'open'],
  ['win32', 'rundll32'],
] as const)('on %s a browser is opened by %s, without a shell', (platform, program) => {
  const url = 'https://login.example.com/authorize?a=1&calc=2'
  const [name, args] = openerOf(platform, url)
  expect([name, args.at(-1)]).toEqual([program, url])
})
