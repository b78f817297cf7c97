import { createHash, randomBytes } from 'node:crypto'
import { afterAll, beforeAll, expect } from 'vitest'
import { DEVICE_CODE } from '../../lib/oauth/grants.ts'
import { dpopKey } from '../support/dpop.ts'
import { closeProviders } from '../support/fake-provider.ts'
import { REDIRECT_URI } from '../support/function.ts'
import { closeKms, type RelyingParty, type SigningAlg, startRelyingParty } from './relying-party.ts'
import { type Server, startServer, type Verdict } from './server.ts'

// One request to each endpoint that a client authenticates at, for each algorithm of FAPI 2.0, and what the server made of it.

const ALGS: SigningAlg[] = ['PS256', 'ES256', 'EdDSA']

export interface Trial {
  servers: Server[]
  /** That the condition was looked at in a request to each of these, and nowhere else, and was held each time. */
  holds(name: string, endpoints?: readonly string[]): void
}

const ENDPOINTS = ['par', 'token', 'revoke', 'device']

/** Before all tests of a file. */
export function trial(): Trial {
  let held: Verdict[] = []
  const made: Trial = {
    servers: [],
    holds(name, endpoints = ENDPOINTS) {
      const found = held.filter(({ condition }) => condition === name)
      expect([...new Set(found.map(({ at }) => at))].sort()).toEqual([...endpoints].sort())
      expect(found.length).toBeGreaterThanOrEqual(ALGS.length * endpoints.length)
      expect(found.filter(({ complaint }) => complaint !== undefined)).toEqual([])
    },
  }
  beforeAll(async () => {
    made.servers = await Promise.all(ALGS.map(oneOfEach))
    held = made.servers.flatMap(({ verdicts }) => verdicts)
  })
  afterAll(() => {
    closeProviders()
    closeKms()
  })
  return made
}

/** Every request that there is. Goes on whatever is answered: what is wrong is for the test of that condition to say. */
async function oneOfEach(alg: SigningAlg): Promise<Server> {
  const server = await startServer({ dpopNonce: true })
  const party = await startRelyingParty(server, {
    alg,
    over: { grant_types: ['authorization_code', 'refresh_token', DEVICE_CODE], refresh: 'dpop' },
  })
  const code_verifier = randomBytes(32).toString('base64url')
  const code_challenge = createHash('sha256').update(code_verifier).digest('base64url')
  const send = await withProofs(party, server)
  const { request_uri = '' } = await send('/par', {
    response_type: 'code',
    redirect_uri: REDIRECT_URI,
    scope: 'openid',
    state: 's',
    nonce: 'n',
    code_challenge,
    code_challenge_method: 'S256',
  })
  const { code = '' } = await server.authorize(
    `${server.issuer}/authorize?${new URLSearchParams({ client_id: 'app-1', request_uri })}`,
  )
  const { refresh_token = 'none' } = await send('/token', {
    grant_type: 'authorization_code',
    code,
    redirect_uri: REDIRECT_URI,
    code_verifier,
  })
  await send('/token', { grant_type: 'refresh_token', refresh_token })
  await party.post('/revoke', { token: 'a-token' })
  await party.post('/device_authorization', { scope: 'openid' })
  return server
}

/** Sends with a proof and, being asked for a nonce, once more. */
async function withProofs(party: RelyingParty, { issuer }: Server) {
  const { proof } = await dpopKey()
  return async (path: string, form: Record<string, string>) => {
    const htu = `${issuer}${path}`
    const { headers } = await party.post(path, form, { dpop: await proof(htu) })
    const nonce = headers['dpop-nonce']
    const { body } = await party.post(path, form, { dpop: await proof(htu, nonce ? { nonce } : {}) })
    return JSON.parse(body) as Record<string, string>
  }
}
