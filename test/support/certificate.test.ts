import { X509Certificate } from 'node:crypto'
import * as oauth from 'oauth4webapi'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type IdentityProvider, startIdentityProvider } from '../../local/idp/provider.ts'
import { REDIRECT_URI, type TestClient, testClient } from '../local/idp/client.ts'
import { selfSignedCertificate } from './certificate.ts'
import { createBrowser, send } from './sign-in.ts'

const DAY_MS = 24 * 3_600_000

describe('a self-signed certificate', () => {
  const now = Date.UTC(2030, 0, 31, 12)
  const { key, cert } = selfSignedCertificate(['localhost', 'idp.example', '127.0.0.1'], now)
  const certificate = new X509Certificate(cert)

  test('is signed with its own key, as its own authority', () => {
    expect(certificate.verify(certificate.publicKey)).toBe(true)
    expect(certificate.checkIssued(certificate)).toBe(true)
    expect(certificate.ca).toBe(true)
    expect(key).toMatch(/^-----BEGIN PRIVATE KEY-----/)
  })

  test('is for its hosts and no others', () => {
    expect(certificate.checkHost('localhost')).toBe('localhost')
    expect(certificate.checkHost('idp.example')).toBe('idp.example')
    expect(certificate.checkIP('127.0.0.1')).toBe('127.0.0.1')
    expect(certificate.checkHost('other.example')).toBeUndefined()
    expect(certificate.checkIP('127.0.0.2')).toBeUndefined()
  })

  test('is valid now and for a day', () => {
    expect(certificate.validFromDate.getTime()).toBeLessThan(now)
    expect(certificate.validToDate.getTime()).toBe(now + DAY_MS)
  })

  test('many hosts make lengths of more than one byte', () => {
    const hosts = Array.from({ length: 40 }, (_, index) => `host-${index}.example`)
    expect(new X509Certificate(selfSignedCertificate(hosts).cert).checkHost('host-39.example')).toBeDefined()
  })

  test('serial numbers are positive and differ', () => {
    const serials = Array.from({ length: 20 }, () => {
      return new X509Certificate(selfSignedCertificate(['localhost']).cert).serialNumber
    })
    expect(new Set(serials).size).toBe(20)
    for (const serial of serials) expect(serial).toMatch(/^[4-7][0-9A-F]{31}$/)
  })
})

describe('the provider over TLS', () => {
  const tls = selfSignedCertificate(['localhost'])
  let idp: IdentityProvider
  let app: TestClient

  beforeAll(async () => {
    app = await testClient('RS256')
    idp = await startIdentityProvider({ port: 0, public_host: 'localhost', tls, clients: [app.registration] })
  })

  afterAll(() => idp.close())

  /** oauth4webapi over node:https, because fetch takes no authority of a test's own. */
  const trusting = {
    [oauth.customFetch]: async (
      url: string,
      options: { method: string; headers: object; body?: unknown },
    ) => {
      const body = options.body === undefined ? {} : { body: String(options.body) }
      const headers = Object.fromEntries(Object.entries(options.headers))
      const answer = await send(url, { method: options.method, headers, ca: tls.cert, ...body })
      return new Response(answer.body, {
        status: answer.status,
        headers: { 'content-type': answer.headers['content-type'] ?? '' },
      })
    },
  }

  test('has an https issuer with the public name', () => {
    expect(idp.issuer).toMatch(/^https:\/\/localhost:\d+\//)
  })

  test('a code is exchanged at its token endpoint', async () => {
    const { client_id } = app.client
    const signedIn = await createBrowser().signIn({
      issuer: idp.issuer,
      client_id,
      redirect_uri: REDIRECT_URI,
      ca: tls.cert,
    })
    const url = new URL(idp.issuer)
    const as = await oauth.processDiscoveryResponse(url, await oauth.discoveryRequest(url, trusting))
    const { code, code_verifier, redirect_uri } = signedIn
    const response = await oauth.genericTokenEndpointRequest(
      as,
      app.client,
      app.authenticate(),
      'authorization_code',
      { code, code_verifier, redirect_uri },
      trusting,
    )
    const tokens = await oauth.processGenericTokenEndpointResponse(as, app.client, response)
    expect(tokens.id_token).toEqual(expect.any(String))
    expect(as.token_endpoint).toBe(`${idp.issuer}/token`)
  })

  test('its cookies are Secure', async () => {
    const parameters = { response_type: 'code', client_id: app.client.client_id, redirect_uri: REDIRECT_URI }
    const pkce = { code_challenge: 'x'.repeat(43), code_challenge_method: 'S256', scope: 'openid' }
    const url = `${idp.issuer}/authorize?${new URLSearchParams({ ...parameters, ...pkce })}`
    const cookies = (await send(url, { ca: tls.cert })).headers['set-cookie'] ?? []
    expect(cookies.length).toBeGreaterThan(0)
    for (const cookie of cookies) expect(cookie).toMatch(/; secure/i)
  })

  test('who does not trust the certificate gets no answer', async () => {
    await expect(send(`${idp.issuer}/jwks`)).rejects.toMatchObject({ code: 'DEPTH_ZERO_SELF_SIGNED_CERT' })
    const wrongName = idp.issuer.replace('localhost', '127.0.0.1')
    await expect(send(`${wrongName}/jwks`, { ca: tls.cert })).rejects.toMatchObject({
      code: 'ERR_TLS_CERT_ALTNAME_INVALID',
    })
  })
})
