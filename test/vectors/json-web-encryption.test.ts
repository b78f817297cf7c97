import { createCipheriv } from 'node:crypto'
import { base64url, compactDecrypt, type JWK } from 'jose'
import { describe, expect } from 'vitest'
import type { SealKeys } from '../../lib/session/keys.ts'
import { open } from '../../lib/session/seal.ts'
import { testVectors } from '../support/vectors.ts'

// Through what opens cookies. It takes one form, its own, so of the JWE of others it has to refuse the good ones, too.

const OWNER = { client_id: 'c', as: { issuer: 'https://as.example.com' } }
const NOW_S = 1_000

/** A ring of one key, whatever name is asked for; and how often it was. */
function ringOf(key: Uint8Array): SealKeys & { asked: number } {
  const ring = {
    asked: 0,
    toSeal: async () => ({ kid: 'k', key }),
    toOpen: async (_purpose: string, _owner: object, kid: string) => {
      ring.asked++
      return { kid, key }
    },
  }
  return ring
}

interface Jwe {
  numberOfTests: number
  testGroups: { private: JWK; tests: { tcId: number; comment: string; jwe: string }[] }[]
}

describe('COOKIE-5, VEC-3: nobody else’s JWE', () => {
  testVectors<Jwe>(
    'wycheproof/json_web_encryption_test.json',
    'none is opened, and no key is looked for',
    async ({ numberOfTests, testGroups }) => {
      let run = 0
      const opened: string[] = []
      for (const { private: jwk, tests } of testGroups) {
        const ring = ringOf(jwk.k === undefined ? new Uint8Array(32) : base64url.decode(jwk.k))
        for (const { tcId, comment, jwe } of tests) {
          run++
          const content = await open(ring, 'session', OWNER, jwe, NOW_S)
          if (content !== undefined || ring.asked > 0) opened.push(`${tcId} ${comment}`)
        }
      }
      expect(opened).toEqual([])
      expect(run).toBe(numberOfTests)
      return { run }
    },
  )

  testVectors<{ input: { key: JWK; plaintext: string }; output: { compact: string } }>(
    'jose-cookbook/jwe_5_6.direct_encryption_using_aes-gcm.json',
    'direct encryption with another AES than ours: good, and refused',
    async ({ input, output }) => {
      const key = base64url.decode(input.key.k!)
      // With the key in hand it opens: it is the form that is refused.
      const { plaintext } = await compactDecrypt(output.compact, key)
      expect(new TextDecoder().decode(plaintext)).toBe(input.plaintext)
      const ring = ringOf(key)
      expect(await open(ring, 'session', OWNER, output.compact, NOW_S)).toBeUndefined()
      expect(ring.asked).toBe(0)
      return { run: 1 }
    },
  )
})

interface AesGcm {
  numberOfTests: number
  testGroups: {
    keySize: number
    ivSize: number
    tests: {
      tcId: number
      comment: string
      key: string
      iv: string
      aad: string
      msg: string
      ct: string
      tag: string
      result: 'valid' | 'invalid'
    }[]
  }[]
}

const HEADER = base64url.encode(
  JSON.stringify({ alg: 'dir', enc: 'A256GCM', kid: 'k', typ: 'countersign-session' }),
)
/** The runtime encrypts with no IV that is empty, or longer than 128 bytes. */
const STAND_IN_IV = Buffer.alloc(12)
const usable = (iv: Buffer) => iv.length > 0 && iv.length <= 128

interface Gcm {
  ciphertext: Buffer
  tag: Buffer
}

/** AES-GCM by the runtime's OpenSSL, and not by what is tested. */
function gcm(key: Buffer, iv: Buffer, aad: Buffer, msg: Buffer): Gcm {
  const name = `aes-${key.length * 8}-gcm` as 'aes-256-gcm'
  const cipher = createCipheriv(name, key, usable(iv) ? iv : STAND_IN_IV).setAAD(aad)
  const ciphertext = Buffer.concat([cipher.update(msg), cipher.final()])
  return { ciphertext, tag: cipher.getAuthTag() }
}

const xor = (a: Buffer, b: Buffer) => Buffer.from(a.map((byte, i) => byte ^ b[i]!))

describe('COOKIE-5, VEC-3: AES-GCM in a cookie', () => {
  testVectors<AesGcm>(
    'wycheproof/aes_gcm_test.json',
    'a cookie of the vector’s key and IV opens where both have our sizes, and not with a tag changed as the vector’s is',
    async ({ numberOfTests, testGroups }) => {
      const wrong: string[] = []
      const count = { run: 0, opened: 0, otherSize: 0, changedTag: 0 }
      for (const { keySize, ivSize, tests } of testGroups) {
        for (const { tcId, comment, result, ...hex } of tests) {
          count.run++
          const [key, iv, aad, msg, tag] = [hex.key, hex.iv, hex.aad, hex.msg, hex.tag].map(text =>
            Buffer.from(text, 'hex'),
          ) as [Buffer, Buffer, Buffer, Buffer, Buffer]
          // What the vector has done to its tag: nothing, where it is valid.
          const change = usable(iv) ? xor(gcm(key, iv, aad, msg).tag, tag) : Buffer.alloc(16)
          const content = { client_id: 'c', issuer: OWNER.as.issuer, iat: 0, exp: NOW_S + 1, msg: hex.msg }
          const sealed = gcm(key, iv, Buffer.from(HEADER), Buffer.from(JSON.stringify(content)))
          const parts = [iv, sealed.ciphertext, xor(sealed.tag, change)].map(part => base64url.encode(part))
          const found = await open(ringOf(key), 'session', OWNER, [HEADER, '', ...parts].join('.'), NOW_S)

          const ourSize = keySize === 256 && ivSize === 96
          if (!ourSize) count.otherSize++
          else if (result === 'invalid') count.changedTag++
          if (found) count.opened++
          const whole = JSON.stringify(found) === JSON.stringify(content)
          if (ourSize && result === 'valid' ? !whole : found !== undefined) {
            wrong.push(`${tcId} ${comment}: ${found ? 'opened' : 'not opened'}`)
          }
        }
      }
      expect(wrong).toEqual([])
      expect(count).toEqual({ run: numberOfTests, opened: 39, otherSize: 250, changedTag: 27 })
      return { run: count.run }
    },
  )
})
