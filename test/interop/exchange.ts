import { expect } from 'vitest'
import type { Received } from '../support/fake-provider.ts'

// What the requests of this folder have in common: one code and one verifier, made of what has to be escaped or need not.

/** RFC 6749 appendix A.11 allows any visible character and the space; each of these is escaped by some libraries only. */
export const CODE = "Sp lx+/=~*'()!&%41"
/** RFC 7636 section 4.1: of the unreserved characters, `~` is the one that old encoders escape. */
export const VERIFIER = 'dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEj.~'
export const NATIVE_REDIRECT_URI = 'com.example.app:/callback'
export const NATIVE = {
  application_type: 'native',
  allowed_origins: [],
  redirect_uris: [NATIVE_REDIRECT_URI],
}
export const TOKENS = { access_token: 'at-1', token_type: 'Bearer', expires_in: 300 }

/** Whatever was sent, this reached the provider: the same parameters, the assertion, and no word of the caller's headers. */
export function expectExchange(received: Received | undefined, redirect_uri: string): void {
  const form = new URLSearchParams(received?.body)
  const client_assertion = form.get('client_assertion') ?? ''
  expect([...form].toSorted()).toEqual(
    Object.entries({
      client_assertion,
      client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
      client_id: 'app-1',
      code: CODE,
      code_verifier: VERIFIER,
      grant_type: 'authorization_code',
      redirect_uri,
    }),
  )
  expect(client_assertion).toMatch(/^[\w-]+\.[\w-]+\.[\w-]+$/)
  const headers = Object.fromEntries(received!.headers.map(([name, value]) => [name.toLowerCase(), value]))
  expect(Object.keys(headers).toSorted()).toEqual([
    'accept',
    'connection',
    'content-length',
    'content-type',
    'host',
    'user-agent',
  ])
  expect(headers['user-agent']).toMatch(/^countersign\//)
}
