import { readdirSync, readFileSync } from 'node:fs'
import net from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Deployment, ORIGIN, REDIRECT_URI, startDeployment } from '../support/deployment.ts'
import { closeProviders, json, type Provider, startProvider } from '../support/fake-provider.ts'
import { CODE, expectExchange, NATIVE, NATIVE_REDIRECT_URI, TOKENS, VERIFIER } from './exchange.ts'
import { type HttpText, headerOf, parseHttp } from './http-text.ts'

// The requests of plain clients, byte for byte: see requests/README.md.

const FOLDER = join(import.meta.dirname, 'requests')
const names = readdirSync(FOLDER)
  .filter(file => file.endsWith('.http'))
  .map(file => file.slice(0, -'.http'.length))
/** A browser sends an Origin, and so belongs to a web client. */
const BROWSERS = ['jquery']

let provider: Provider
let native: Deployment
let web: Deployment

beforeAll(async () => {
  provider = await startProvider(response => json(response, 200, TOKENS))
  const endpoint = `${provider.url}/token`
  native = await startDeployment(endpoint, { client: NATIVE })
  web = await startDeployment(endpoint)
})
afterAll(async () => {
  await Promise.all([native.close(), web.close()])
  closeProviders()
})

function fixture(name: string): string {
  return readFileSync(join(FOLDER, `${name}.http`), 'latin1')
}

/** Writes the bytes as they are and reads one answer. */
function exchangeBytes(url: string, request: string): Promise<HttpText> {
  const { hostname, port, host } = new URL(url)
  return new Promise((resolve, reject) => {
    let received = Buffer.alloc(0)
    const socket = net.connect(Number(port), hostname, () => {
      socket.write(Buffer.from(request.replace('{host}', host), 'latin1'))
    })
    socket.on('data', chunk => {
      received = Buffer.concat([received, chunk])
      const answer = parseHttp(received)
      if (answer === undefined) return
      socket.destroy()
      resolve(answer)
    })
    socket.on('error', reject)
    socket.on('end', () => reject(new Error(`ended after ${received.toString('latin1')}`)))
  })
}

describe.each(names)('%s', name => {
  const browser = BROWSERS.includes(name)
  const redirect_uri = browser ? REDIRECT_URI : NATIVE_REDIRECT_URI

  test('the fixture is one whole request, with CRLF for line ends and no byte behind its body', () => {
    const text = fixture(name)
    const { start, headers, body } = parseHttp(Buffer.from(text, 'latin1'))!
    expect(start).toBe('POST /token HTTP/1.1')
    expect(text.slice(0, -body.length)).not.toMatch(/(?<!\r)\n/)
    expect(text.length).toBe(text.indexOf('\r\n\r\n') + 4 + body.length)
    expect(headerOf(headers, 'host')).toBe('{host}')
    expect(headerOf(headers, 'origin')).toBe(browser ? ORIGIN : undefined)
    expect(Object.fromEntries(new URLSearchParams(body))).toEqual({
      grant_type: 'authorization_code',
      client_id: 'app-1',
      code: CODE,
      redirect_uri,
      code_verifier: VERIFIER,
    })
  })

  test('DROP-1: gets its tokens, and the provider sees the same request as from everybody', async () => {
    const before = provider.requests.length
    const answer = await exchangeBytes((browser ? web : native).gateway.url, fixture(name))
    expect([answer.start, JSON.parse(answer.body)]).toEqual(['HTTP/1.1 200 OK', TOKENS])
    expect(headerOf(answer.headers, 'access-control-allow-origin')).toBe(browser ? ORIGIN : undefined)
    expect(provider.requests).toHaveLength(before + 1)
    expectExchange(provider.requests[before], redirect_uri)
  })
})

test('the bodies differ: no two encoders agree on every character, and each way of escaping is among them', () => {
  const bodies = new Set(names.map(name => parseHttp(Buffer.from(fixture(name), 'latin1'))!.body))
  expect(bodies.size).toBeGreaterThanOrEqual(7)
  const all = [...bodies].join('\n')
  // A space as + and as %20, escapes in both cases, and what some leave as it is.
  for (const way of ['Sp+lx', 'Sp%20lx', '%2F', '%2f', '%7E', '%7e', '~', "'()", 'app:/callback']) {
    expect(all).toContain(way)
  }
})
