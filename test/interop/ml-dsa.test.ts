import { jwtVerify } from 'jose'
import { afterAll, expect } from 'vitest'
import { ALGORITHMS, type Alg } from '../../lib/jose/algorithms.ts'
import { type Deployment, startDeployment } from '../support/deployment.ts'
import { closeProviders, json, startProvider } from '../support/fake-provider.ts'
import { decode, ML_DSA_ALGS, testEachAlg } from '../support/keys.ts'

// ML-DSA end to end: a key that the local KMS makes, through the built bundle, to jose at the provider's side.

const deployments: Deployment[] = []
afterAll(async () => {
  await Promise.all(deployments.map(deployment => deployment.close()))
  closeProviders()
})

const tokens = { access_token: 'at-1', token_type: 'Bearer' }

testEachAlg('KMS-19: %s: signed by KMS, sent whole, verified by jose', signedAndVerified, ML_DSA_ALGS)

async function signedAndVerified(alg: Alg): Promise<void> {
  const { signature: bytes } = ALGORITHMS[alg as Extract<Alg, `ML-DSA${string}`>]
  const provider = await startProvider(response => json(response, 200, tokens))
  const deployment = await startDeployment(`${provider.url}/token`, { alg })
  deployments.push(deployment)

  // The largest code that a caller may send: caller's limits and the assertion's length have nothing to do with each other.
  const response = await deployment.exchange({ code: 'c'.repeat(4096) })
  expect([response.status, await response.json()]).toEqual([200, tokens])

  const form = new URLSearchParams(provider.requests[0]!.body)
  const assertion = form.get('client_assertion') ?? ''
  const { header, signature } = decode(assertion)
  const { kid } = deployment.key.public_jwk
  expect(header).toEqual({ alg, kid, typ: 'client-authentication+jwt' })
  expect(signature.length).toBe(bytes)
  // Four characters for three bytes, and before them the few hundred of header and claims.
  const characters = Math.ceil((bytes * 4) / 3)
  expect(assertion.length - characters).toBeGreaterThan(200)
  expect(assertion.length - characters).toBeLessThan(600)
  await jwtVerify(assertion, deployment.key.public_jwk, { algorithms: [alg], audience: provider.url })

  // The start says that it is experimental; nothing went unverified here.
  expect(deployment.logText()).toContain('signing_keys[0].alg: is experimental')
  const lines = deployment.logText().trim().split('\n')
  const outcomes = lines.filter(line => line.startsWith('{')).map(line => JSON.parse(line).outcome)
  // Once for each function.
  expect(outcomes).toEqual(['in_force', 'in_force', 'tokens'])
  // Node's own word on standard error, once in a process, and nothing else that is not JSON.
  for (const line of lines.filter(other => !other.startsWith('{'))) {
    expect(line).toMatch(/ExperimentalWarning: The ML-DSA-\d\d Web Crypto|--trace-warnings/)
  }
}
