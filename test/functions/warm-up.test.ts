import { describe, expect, test } from 'vitest'
import { token } from '../../functions/endpoints/token.ts'
import { shell } from '../../functions/shell.ts'
import { warmUp } from '../../functions/warm-up.ts'
import type { Client } from '../../lib/config/client.ts'
import { INIT_MS } from '../../lib/limits.ts'
import type { AssertionSource } from '../../lib/oauth/client-assertion.ts'
import type { ProviderKeys } from '../../lib/oauth/provider-keys.ts'
import type { Deps } from '../../lib/runtime.ts'
import { client } from '../support/client.ts'
import { rejection } from '../support/fake-provider.ts'

const as = (name: string) => ({
  issuer: `https://${name}.example`,
  token_endpoint: `https://${name}.example/token`,
})

/** What a cold start with these clients does, in order. */
async function workOf(clients: Client[], changes: Partial<Deps> = {}): Promise<string[]> {
  const done: string[] = []
  const registrations = { revision: '1', clients, allowed_origins: new Set<string>(), native: false }
  const deps = {
    configuration: async () => ({ registrations, expired: false }),
    connect: async (url: string) => void done.push(`connect ${url}`),
    assertionsFor: async ({ client_id }: Client) =>
      ({ prepare: async () => void done.push(`sign for ${client_id}`) }) as AssertionSource,
    keysFor: ({ as: { jwks_uri } }) =>
      jwks_uri === undefined
        ? undefined
        : ({ prepare: async () => void done.push(`read ${jwks_uri}`) } as ProviderKeys),
    ...changes,
  } as Deps
  await warmUp(deps)
  return done
}

describe('a cold start', () => {
  test('connects and signs for the first client that is enabled, and for no other', async () => {
    const clients = [
      client({ client_id: 'off', enabled: false, as: as('a') }),
      client({ client_id: 'first', as: as('b') }),
      client({ client_id: 'second', as: as('c') }),
    ]
    expect(await workOf(clients)).toEqual(['connect https://b.example/token', 'sign for first'])
  })

  test("IDT-5: reads the provider's keys, where there are any; over a connection of its own only from another host", async () => {
    const of = (jwks_uri: string) => workOf([client({ as: { ...as('b'), jwks_uri } })])
    expect(await of('https://keys.example/jwks')).toEqual([
      'read https://keys.example/jwks',
      'connect https://b.example/token',
      'sign for app-1',
    ])
    // The exchange then goes over the connection that the keys came by.
    expect(await of('https://b.example/jwks')).toEqual(['read https://b.example/jwks', 'sign for app-1'])
  })

  test('does neither where there is nobody to do it for', async () => {
    expect(await workOf([])).toEqual([])
    expect(await workOf([client({ enabled: false })])).toEqual([])
  })

  test('reads the keys of sessions, where a client has some', async () => {
    const asked: string[] = []
    const seals = {
      toSeal: async (_: string, { client_id }: { client_id: string }) => void asked.push(client_id),
    } as unknown as Deps['seals']
    await workOf([client(), client({ client_id: 'bff', delivery: 'session' })], { seals })
    expect(asked).toEqual(['bff'])
    await workOf([client()], { seals })
    expect(asked).toEqual(['bff'])
  })

  test('does both at once: a slow connection does not keep the signature back', async () => {
    const done: string[] = []
    const never = new Promise<void>(() => {})
    void workOf([client()], {
      connect: () => never,
      assertionsFor: async () =>
        ({ prepare: async () => void done.push('signed') }) as unknown as AssertionSource,
    })
    await expect.poll(() => done).toEqual(['signed'])
  })

  test('rejects where there is no configuration, and the shell keeps that to itself', async () => {
    const error = new Error('no secret')
    const changes = { configuration: () => Promise.reject(error) }
    expect(await rejection(workOf([], changes))).toBe(error)
    await shell({ '/token': token }, () => changes as unknown as Deps, warmUp).ready
  })

  test('takes INIT_MS at most', async () => {
    const deps = { configuration: () => new Promise(() => {}) } as unknown as Deps
    const begun = performance.now()
    await shell({ '/token': token }, () => deps, warmUp).ready
    expect(performance.now() - begun).toBeGreaterThan(INIT_MS - 2)
  })
})
