import { once } from 'node:events'
import { createServer } from 'node:net'
import { createRemoteJWKSet, jwtVerify } from 'jose'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { control } from '../../local/aws/control.ts'
import { ownClients } from '../../local/clients.ts'
import type { StackDescription } from '../../local/description.ts'
import { type Command, npm } from '../support/command.ts'
import { createBrowser } from '../support/sign-in.ts'

// `npm start`, as a person types it.

describe('npm start -- --json', () => {
  let start: Command
  let stack: StackDescription
  const browser = createBrowser()

  beforeAll(async () => {
    start = npm(['start', '--', '--json', '--port', '0'])
    stack = JSON.parse(await start.line(line => line.startsWith('{')))
  })
  afterAll(async () => {
    await start.end('SIGKILL')
  })

  const exchange = (client: StackDescription['clients'][number], parameters: Record<string, string>) =>
    fetch(`${stack.gateway}/token`, {
      method: 'POST',
      headers: { ...(client.origin && { origin: client.origin }) },
      body: new URLSearchParams({
        grant_type: 'authorization_code',
        client_id: client.client_id,
        ...parameters,
      }),
    })

  test('says where everything is, and how to reach it', () => {
    expect(Object.keys(stack)).toEqual([
      'app',
      'gateway',
      'site',
      'api',
      'issuer',
      'kms',
      'secrets_manager',
      'clients',
      'env',
    ])
    expect(stack.issuer).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/[0-9a-f-]{36}\/as$/)
    // The same servers, as sibling hosts of one site.
    expect(stack.site).toEqual({
      app: stack.app.replace('127.0.0.1', 'app.example.localhost'),
      gateway: stack.gateway.replace('127.0.0.1', 'api.example.localhost'),
    })
    expect(stack.clients.map(({ client_id, alg }) => [client_id, alg])).toEqual([
      ['demo-rs256', 'RS256'],
      ['demo-es256', 'ES256'],
      ['refreshing', 'PS256'],
      ['bound', 'ES384'],
      ['native', 'EdDSA'],
      ['terminal', 'RS256'],
      ['mobile-mediated', 'RS256'],
      ['mobile-session', 'ES256'],
      ['tokens', 'ES256'],
      ['mediated', 'ES256'],
      ['session', 'ES256'],
    ])
    expect(Object.keys(stack.env).sort()).toEqual([
      'AWS_ACCESS_KEY_ID',
      'AWS_ENDPOINT_URL_KMS',
      'AWS_ENDPOINT_URL_SECRETS_MANAGER',
      'AWS_REGION',
      'AWS_SECRET_ACCESS_KEY',
      'COUNTERSIGN_SECRET_ID',
      'COUNTERSIGN_SESSION_SECRET_ID',
    ])
  })

  test.each([0, 1])('a sign-in ends in tokens, and a code works once (client %i)', async index => {
    const client = stack.clients[index]!
    const { client_id, redirect_uri } = client
    const { code, code_verifier } = await browser.signIn({ issuer: stack.issuer, client_id, redirect_uri })
    const response = await exchange(client, { code, redirect_uri, code_verifier })
    expect(response.status).toBe(200)
    expect(response.headers.get('access-control-allow-origin')).toBe(client.origin)
    const tokens = (await response.json()) as Record<string, string>
    expect(tokens).toMatchObject({
      token_type: 'Bearer',
      access_token: expect.any(String),
      expires_in: expect.any(Number),
    })
    const { payload } = await jwtVerify(tokens.id_token!, createRemoteJWKSet(new URL(`${stack.issuer}/jwks`)))
    expect(payload).toMatchObject({ iss: stack.issuer, aud: client_id })
    // The session's cookie: only the very first sign-in shows a page.
    expect(browser.pagesShown).toBe(1)

    const again = await exchange(client, { code, redirect_uri, code_verifier })
    expect([again.status, ((await again.json()) as { error: string }).error]).toEqual([400, 'invalid_grant'])
  })

  test('the function signs once an exchange, as its own role', async () => {
    const [client] = stack.clients
    const { client_id, redirect_uri } = client!
    const kms = control(stack.kms)
    await kms.reset()
    const { code, code_verifier } = await browser.signIn({ issuer: stack.issuer, client_id, redirect_uri })
    await exchange(client!, { code, redirect_uri, code_verifier })
    const signed = (await kms.requests()).filter(({ operation }) => operation === 'Sign')
    expect(signed.map(({ access_key_id }) => access_key_id)).toEqual(['AKIALOCALOAUTH'])
  })

  test('the app is there, and loads nothing from outside', async () => {
    const response = await fetch(stack.app)
    const page = await response.text()
    for (const [, address] of page.matchAll(/(?:src|href)="([^"]+)"/g))
      expect(address).toMatch(/^(?:\/|data:)/)
    expect(response.headers.get('content-security-policy')).toContain("default-src 'none'")
    expect((await fetch(`${stack.app}/callback?code=x`)).status).toBe(200)
    expect((await fetch(`${stack.app}/none`)).status).toBe(404)
  })

  test('one line on standard output, whatever has been done', () => {
    expect(
      start
        .stdout()
        .split('\n')
        .filter(line => line.startsWith('{')),
    ).toHaveLength(1)
  })

  test('a signal to npm ends it all, within 5 s', async () => {
    const late = new Promise(resolve => setTimeout(resolve, 5_000, 'late'))
    expect(await Promise.race([start.end('SIGTERM'), late])).not.toBe('late')
    expect(await start.left()).toEqual([])
    await expect(fetch(stack.gateway)).rejects.toThrow()
  })
})

test("without --json: a table for people; --port is the app's port and the others follow; SIGINT ends it", async () => {
  const port = await freeBlock()
  const start = npm(['start', '--', '--port', String(port)])
  await start.line(line => line.includes('Ctrl+C'))
  const text = start.stdout()
  for (const offset of [0, 1, 2, 3, 4]) expect(text).toContain(`127.0.0.1:${port + offset}`)
  expect(text).toContain('demo-es256 (ES256)')
  expect(text).toContain(`http://app.example.localhost:${port}/deliveries\n`)
  expect(text.split('\n').some(line => line.startsWith('{'))).toBe(false)
  await start.end('SIGINT')
  expect(await start.left()).toEqual([])
})

test('--origin lets in a page of somebody else, whose API is beneath /api', async () => {
  const own = 'http://app.example.localhost:5173'
  const start = npm(['start', '--', '--json', '--port', '0', '--origin', own])
  try {
    const stack: StackDescription = JSON.parse(await start.line(line => line.startsWith('{')))
    const clients = stack.clients.filter(({ origin }) => origin === own)
    expect(clients.map(one => one.client_id)).toEqual(['own-tokens', 'own-mediated', 'own-session'])
    const { client_id, redirect_uri } = clients[0]!
    const { issuer, gateway } = stack
    const { code, code_verifier } = await createBrowser().signIn({ issuer, client_id, redirect_uri })
    const form = { grant_type: 'authorization_code', client_id, redirect_uri, code, code_verifier }
    const response = await fetch(`${gateway}/token`, {
      method: 'POST',
      headers: { origin: own },
      body: new URLSearchParams(form),
    })
    expect([response.status, response.headers.get('access-control-allow-origin')]).toEqual([200, own])
    const preflight = await fetch(`${gateway}/api/orders`, { method: 'OPTIONS', headers: { origin: own } })
    expect(preflight.headers.get('access-control-allow-origin')).toBe(own)
    const login = await fetch(`${gateway}/login?client_id=own-session&return_to=/`, { redirect: 'manual' })
    expect(login.status).toBe(303)
  } finally {
    await start.end('SIGTERM')
  }
})

test('of an origin that is no sibling of the gateway, the client alone that needs no cookie', () => {
  expect(ownClients('http://localhost:5173').map(({ client_id }) => client_id)).toEqual(['own-tokens'])
})

test.each([1, 3])(
  "a port in use (%i after the app's) is said in one clear line, and nothing is left running",
  async offset => {
    const first = await freeBlock()
    const port = first + offset
    const server = createServer().listen(port, '127.0.0.1')
    await once(server, 'listening')
    const start = npm(['start', '--', '--json', '--port', String(first)])
    expect(await start.ended).toBe(1)
    expect(start.stderr()).toMatch(new RegExp(`^Port ${port} is in use: .*\\n$`))
    expect(await start.left()).toEqual([])
    server.close()
  },
)

test.each([
  [['--help'], 0, /--port N/],
  [['--port', 'x'], 1, /--port takes a number/],
  [['--prot', '1'], 1, /--prot/],
  [['--origin', 'localhost:5173'], 1, /^--origin takes an origin/m],
  [['--origin', ''], 1, /^--origin takes an origin/m],
])('%j', async (args, code, said) => {
  const start = npm(['start', '--', ...args])
  expect(await start.ended).toBe(code)
  expect(start.stdout() + start.stderr()).toMatch(said)
})

/** The first of five ports in a row that are free now. */
async function freeBlock(): Promise<number> {
  for (;;) {
    const first = 20_000 + Math.floor(Math.random() * 10_000)
    const free = await Promise.all([0, 1, 2, 3, 4].map(offset => isFree(first + offset)))
    if (free.every(Boolean)) return first
  }
}

function isFree(port: number): Promise<boolean> {
  return new Promise(resolve => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)))
  })
}
