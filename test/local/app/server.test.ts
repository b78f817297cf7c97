import { type IncomingHttpHeaders, request } from 'node:http'
import { PassThrough } from 'node:stream'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { control } from '../../../local/aws/control.ts'
import { type Stack, startStack } from '../../../local/stack.ts'
import type { Trace } from '../../../local/traces.ts'
import { createBrowser } from '../../support/sign-in.ts'

// What the app's server tells its page, and to whom. The page itself is tested in a browser.

let stack: Stack
beforeAll(async () => {
  stack = await startStack({ port: 0, log: new PassThrough().resume() })
})
afterAll(() => stack.close())

const get = (path: string) => fetch(stack.description.app + path)

async function traceWhen(query: string): Promise<Trace> {
  for (let tries = 0; tries < 100; tries++) {
    const response = await get(`/trace?${query}`)
    if (response.ok) return (await response.json()) as Trace
    await new Promise(resolve => setTimeout(resolve, 20))
  }
  throw new Error('no trace')
}

/** By the second client, unless said otherwise: its first assertion is signed in the request itself. */
async function exchange(origin: string, changes: Record<string, string> = {}, nth = 1): Promise<Response> {
  const { issuer, gateway, clients } = stack.description
  const { client_id, redirect_uri } = clients[nth]!
  const { code, code_verifier } = await createBrowser().signIn({ issuer, client_id, redirect_uri })
  const form = { grant_type: 'authorization_code', client_id, redirect_uri, code, code_verifier, ...changes }
  return fetch(`${gateway}/token`, { method: 'POST', headers: { origin }, body: new URLSearchParams(form) })
}

describe('the trace of an exchange', () => {
  test('of the first client, whose assertion was signed at the cold start: KMS comes before everything', async () => {
    const response = await exchange(stack.description.app, {}, 0)
    const { spans, log } = await traceWhen(`request_id=${response.headers.get('x-request-id')}`)
    expect([response.status, log.ahead]).toEqual([200, true])
    expect(spans.kms!.end).toBeLessThan(spans.gateway.start)
  })

  test("spans lie within each other, the assertion has no signature, the log line is the function's own", async () => {
    const response = await exchange(stack.description.app)
    const request_id = response.headers.get('x-request-id')!
    const { spans, assertion, log, status } = await traceWhen(`request_id=${request_id}`)
    expect([status, log.outcome, log.request_id]).toEqual([200, 'tokens', request_id])
    for (const inner of [spans.kms!, spans.provider!]) {
      expect(inner.start).toBeGreaterThanOrEqual(spans.function.start)
      expect(inner.end).toBeLessThanOrEqual(spans.function.end)
    }
    expect(spans.function.start).toBeGreaterThanOrEqual(spans.gateway.start)
    expect(spans.function.end).toBeLessThanOrEqual(spans.gateway.end)
    // Signed before it was sent.
    expect(spans.kms!.end).toBeLessThanOrEqual(spans.provider!.start)
    expect(assertion).toEqual({
      header: { alg: 'ES256', kid: log.kid, typ: 'JWT' },
      claims: expect.objectContaining({ jti: log.jti, aud: stack.description.issuer }),
    })
  })

  test('a refusal reaches neither KMS nor the provider, and is found by its time', async () => {
    const since = Date.now() - 1
    expect((await exchange('https://evil.example')).status).toBe(403)
    const { spans, log, status, assertion } = await traceWhen(`refused_since=${since}`)
    expect([status, log.outcome, assertion]).toEqual([403, 'origin_refused', undefined])
    expect(Object.keys(spans)).toEqual(['gateway', 'function'])
  })

  test('of another request nothing is known', async () => {
    expect((await get('/trace?request_id=none')).status).toBe(404)
    expect((await get('/trace')).status).toBe(404)
  })
})

describe('the switch for KMS', () => {
  const set = (down: boolean, type = 'application/json') =>
    fetch(`${stack.description.app}/kms`, {
      method: 'POST',
      headers: { 'content-type': type },
      body: JSON.stringify({ down }),
    })

  test('throttles, and stops', async () => {
    await set(true)
    expect((await exchange(stack.description.app)).status).toBe(503)
    await set(false)
    expect((await exchange(stack.description.app)).status).toBe(200)
  })

  test('takes JSON alone: what another page can send without asking does nothing', async () => {
    expect((await set(true, 'text/plain')).status).toBe(404)
    const kms = control(stack.description.kms)
    await kms.reset()
    expect((await exchange(stack.description.app)).status).toBe(200)
  })

  test('garbage is a bad request, and the server stays', async () => {
    const headers = { 'content-type': 'application/json' }
    expect((await fetch(`${stack.description.app}/kms`, { method: 'POST', headers, body: '{' })).status).toBe(
      400,
    )
    expect((await get('/')).status).toBe(200)
  })
})

describe('names', () => {
  const under = (host: string, path = '/') =>
    new Promise<{ status: number | undefined; headers: IncomingHttpHeaders; text: string }>(
      (resolve, reject) => {
        request(stack.description.app + path, { headers: { host } }, response => {
          const { statusCode: status, headers } = response
          const chunks: Buffer[] = []
          response.on('data', chunk => chunks.push(chunk))
          response.on('end', () => resolve({ status, headers, text: Buffer.concat(chunks).toString() }))
        })
          .on('error', reject)
          .end()
      },
    )

  test('a request under any other is misdirected', async () => {
    expect((await under('rebound.example')).status).toBe(421)
    expect((await under('app.example.localhost.evil.example')).status).toBe(421)
    // The port belongs to it.
    expect((await under('app.example.localhost')).status).toBe(421)
  })

  test('as a sibling of the gateway it is the same app, and is told of the gateway there', async () => {
    const { site, app, gateway } = stack.description
    const page = await under(new URL(site.app).host, '/deliveries')
    expect(page.status).toBe(200)
    expect(page.headers['content-security-policy']).toContain(`connect-src 'self' ${site.gateway} `)
    const told = async (url: string) =>
      JSON.parse((await under(new URL(url).host, '/configuration')).text).gateway
    expect([await told(site.app), await told(app)]).toEqual([site.gateway, gateway])
  })

  test('each page has the one name under which it works, and sends there who comes under the other', async () => {
    const { site, app } = stack.description
    const first = await under(new URL(site.app).host, '/?x=1')
    const deliveries = await under(new URL(app).host, '/deliveries?delivery=session')
    expect([first.status, first.headers.location]).toEqual([307, `${app}/?x=1`])
    expect([deliveries.status, deliveries.headers.location]).toEqual([
      307,
      `${site.app}/deliveries?delivery=session`,
    ])
  })
})
