import { Writable } from 'node:stream'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { build } from '../../../infra/build.ts'
import { TAGS } from '../../../infra/tags.ts'
import { type Gateway, startGateway } from '../../../local/gateway/server.ts'
import { type IdentityProvider, startIdentityProvider } from '../../../local/idp/provider.ts'
import { credentials } from '../../../local/roles.ts'
import { countersign, jsonOf, startAccount } from '../../support/operator.ts'
import { createBrowser } from '../../support/sign-in.ts'

// From an empty configuration to tokens: `countersign init` against a whole provider, and the functions with what it wrote.

const SECRET = 'countersign/config'
const origin = 'http://127.0.0.1:5173'
const redirect_uri = `${origin}/callback`

let account: Awaited<ReturnType<typeof startAccount>>
let provider: IdentityProvider
let gateway: Gateway
let said: Awaited<ReturnType<typeof countersign>>

beforeAll(async () => {
  await build()
  account = await startAccount()
  const { accessKeyId, secretAccessKey } = credentials('oauth')
  gateway = await startGateway({
    port: 0,
    root: `${import.meta.dirname}/../../..`,
    log: new Writable({ write: (_, __, done) => done() }),
    environmentOf: () => ({
      ...account.env,
      AWS_ACCESS_KEY_ID: accessKeyId,
      AWS_SECRET_ACCESS_KEY: secretAccessKey,
      COUNTERSIGN_SECRET_ID: SECRET,
    }),
    // The functions start after this, with the configuration that is there then.
    async prepare(url) {
      await account.secret(SECRET, { tags: { [TAGS.url]: url } })
      provider = await startIdentityProvider({
        port: 0,
        clients: [
          { client_id: 'app-1', redirect_uris: [redirect_uri], jwks_uri: `${url}/.well-known/jwks.json` },
        ],
      })
      said = await countersign([
        ...['init', '--json', '--secret-id', SECRET, '--provider', 'pingone', '--issuer', provider.issuer],
        ...['--client-id', 'app-1', '--redirect-uri', redirect_uri],
      ])
    },
  })
})
afterAll(async () => {
  vi.unstubAllEnvs()
  await Promise.all([gateway?.close(), provider?.close(), account?.close()])
})

test('the provider has what is needed, and every endpoint that it names is pinned', async () => {
  expect([said.code, jsonOf(said)]).toMatchObject([0, { ok: true, notices: [] }])
  const response = await fetch(`${provider.issuer}/.well-known/openid-configuration`)
  const metadata = (await response.json()) as Record<string, string>
  const pinned = Object.entries(jsonOf<{ client: Record<string, string> }>(said).client).filter(([name]) =>
    /_endpoint$|^jwks_uri$/.test(name),
  )
  expect(pinned.map(([name]) => name).sort()).toEqual([
    'authorization_endpoint',
    'device_authorization_endpoint',
    'end_session_endpoint',
    'jwks_uri',
    'pushed_authorization_request_endpoint',
    'revocation_endpoint',
    'token_endpoint',
  ])
  for (const [name, url] of pinned) expect([name, url]).toEqual([name, metadata[name]])
})

test('what it says to register is there, and a sign-in ends in tokens', async () => {
  const [first] = jsonOf<{ next: string[] }>(said).next
  const jwks = await fetch(/https?:\S+/.exec(first!)![0])
  const { keys } = (await jwks.json()) as { keys: { kid: string }[] }
  const { client } = jsonOf<{ client: { signing_keys: { public_jwk: { kid: string } }[] } }>(said)
  expect(keys.map(({ kid }) => kid)).toEqual(client.signing_keys.map(({ public_jwk }) => public_jwk.kid))

  const { code, code_verifier } = await createBrowser().signIn({
    issuer: provider.issuer,
    client_id: 'app-1',
    redirect_uri,
  })
  const response = await fetch(`${gateway.url}/token`, {
    method: 'POST',
    headers: { origin },
    body: new URLSearchParams({
      grant_type: 'authorization_code',
      client_id: 'app-1',
      code,
      code_verifier,
      redirect_uri,
    }),
  })
  expect([response.status, Object.keys((await response.json()) as object)]).toEqual([
    200,
    expect.arrayContaining(['access_token', 'id_token']),
  ])
})
