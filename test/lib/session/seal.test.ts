import { CompactEncrypt } from 'jose'
import { describe, expect, test } from 'vitest'
import type { SealKeys } from '../../../lib/session/keys.ts'
import { open, seal } from '../../../lib/session/seal.ts'

const OWNER = { client_id: 'c', as: { issuer: 'https://as.example.com' } }
const key = new Uint8Array(32).fill(7)
/** One key for every purpose, client and name: what is refused here is refused without the help of another key. */
const keys: SealKeys = {
  toSeal: async () => ({ kid: 'k', key }),
  toOpen: async (_purpose, _owner, kid) => ({ kid, key }),
}
const HEADER = { alg: 'dir', enc: 'A256GCM', kid: 'k', typ: 'countersign-session' }
const CONTENT = { client_id: 'c', issuer: OWNER.as.issuer, iat: 0, exp: 10, sub: 'u' }

function sealed({ header = {}, content = {} }: { header?: object; content?: object }): Promise<string> {
  const text = new TextEncoder().encode(JSON.stringify({ ...CONTENT, ...content }))
  const { enc } = { ...HEADER, ...header }
  return new CompactEncrypt(text)
    .setProtectedHeader({ ...HEADER, ...header })
    .encrypt(enc === 'A128GCM' ? key.subarray(16) : key)
}
const opened = (text: string, now_s = 9) => open(keys, 'session', OWNER, text, now_s)

describe('COOKIE-5, COOKIE-6: what is opened', () => {
  test('is what was sealed, and what has just this form', async () => {
    expect(await opened(await seal(keys, 'session', OWNER, { iat: 0, exp: 10, sub: 'u' }))).toEqual(CONTENT)
    expect(await opened(await sealed({}))).toEqual(CONTENT)
  })

  test.each<[string, object]>([
    ['another purpose', { typ: 'countersign-login' }],
    ['no typ', { typ: undefined }],
    ['another encryption', { enc: 'A128GCM' }],
    ['one member more', { cty: 'JWT' }],
    ['no kid', { kid: undefined }],
    ['a kid that is no text', { kid: 1 }],
  ])('is not one whose header has %s', async (_, header) => {
    expect(await opened(await sealed({ header }))).toBeUndefined()
  })

  test.each<[string, object]>([
    ['client', { client_id: 'd' }],
    ['issuer', { issuer: 'https://other.example.com' }],
  ])('is not one whose content names another %s, by the same key', async (_, content) => {
    expect(await opened(await sealed({ content }))).toBeUndefined()
  })

  test('is not the same bytes in another spelling', async () => {
    const text = await sealed({ content: { sub: '>>>???>>>???' } })
    // 128 bits in 22 characters: the last one has four bits to spare, and ends in A, Q, g or w.
    const last = text.at(-1)!
    const other = String.fromCharCode(last.charCodeAt(0) + 1)
    expect('AQgw').toContain(last)
    expect(await opened(`${text.slice(0, -1)}${other}`)).toBeUndefined()
    expect(await opened(`${text}==`)).toBeUndefined()
    expect(await opened(` ${text}`)).toBeUndefined()
    const plain = text.replaceAll('-', '+').replaceAll('_', '/')
    expect(await opened(plain)).toEqual(plain === text ? expect.anything() : undefined)
    expect(await opened(text)).toMatchObject({ exp: 10 })
  })

  test('is not one that has run out, from its very second on', async () => {
    expect(await opened(await sealed({}), 10)).toBeUndefined()
  })
})
