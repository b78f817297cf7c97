import { decodeProtectedHeader, type JWK } from 'jose'
import { describe, expect } from 'vitest'
import { ID_TOKEN_ALGORITHMS } from '../../lib/jose/algorithms.ts'
import { readKeySet, verifyJwt } from '../../lib/jose/verify.ts'
import { testVectors } from '../support/vectors.ts'

// Wycheproof, through what verifies ID tokens. Its payloads are no claims, so the furthest that a vector comes is FORM:
// the signature held, and what it signs is no JWT.

interface File {
  numberOfTests: number
  testGroups: {
    comment: string
    private?: JWK | { keys: JWK[] }
    public?: JWK | { keys: JWK[] }
    tests: { tcId: number; comment: string; jws: string; result: 'valid' | 'invalid' }[]
  }[]
}

const RULES = { issuer: 'https://as.example.com', audience: 'c', now: 0, tolerance: 0 }

const keysOf = ({ public: verifying, private: signing }: File['testGroups'][number]): JWK[] => {
  const keys = (verifying ?? signing)!
  return ('keys' in keys ? keys.keys : [keys]) as JWK[]
}

async function codeOf(jws: string, keys: JWK[]): Promise<string> {
  return verifyJwt(jws, readKeySet({ keys }), RULES).then(
    () => 'OK',
    (error: { code: string }) => error.code,
  )
}

/** The `alg` of what can be read as a compact JWS at all. */
function algOf(jws: string): string | undefined {
  try {
    return jws.split('.').length === 3 ? decodeProtectedHeader(jws).alg : undefined
  } catch {
    return undefined
  }
}

/** What has to come of a vector. */
function expected(jws: string, keys: JWK[], valid: boolean): string[] {
  const alg = algOf(jws)
  if (alg === undefined) return ['FORM']
  // Without HMAC, and without none (RFC 8725 section 3.1). Some of these are spoilt in their form besides.
  if (!Object.hasOwn(ID_TOKEN_ALGORITHMS, alg)) return valid ? ['ALG'] : ['ALG', 'FORM']
  // The file takes a key for another alg than it names; RFC 7517 section 4.4 says what it is for.
  if (valid && keys.every(key => key.alg !== alg)) return ['KEY']
  return valid ? ['FORM'] : ['SIGNATURE', 'KEY']
}

/**
 * A bad key, whose signatures are good: its modulus can be factored. It is the provider's own, read from it over TLS, and
 * no stranger can put one there.
 */
const PROVIDERS_OWN = ['rejectsKeyWithRocaVulnerability']

const FILES = ['json_web_signature', 'json_web_key']

describe.each(FILES)('IDT-1, VEC-3: %s', name => {
  testVectors<File>(
    `wycheproof/${name}_test.json`,
    'each is refused for its own reason, or its signature holds',
    async ({ numberOfTests, testGroups }) => {
      const wrong: string[] = []
      const bad: string[] = []
      let held = 0
      let run = 0
      for (const group of testGroups) {
        const keys = keysOf(group)
        for (const { tcId, comment, jws, result } of group.tests) {
          run++
          const code = await codeOf(jws, keys)
          const fits = expected(jws, keys, result === 'valid')
          if (code === 'FORM' && algOf(jws) !== undefined) held++
          if (PROVIDERS_OWN.includes(comment)) bad.push(comment)
          else if (!fits.includes(code)) wrong.push(`${tcId} ${comment}: ${code}, not ${fits.join(' or ')}`)
        }
      }
      expect(wrong).toEqual([])
      expect(run).toBe(numberOfTests)
      // So the refusals above are not those of keys that nothing verifies with.
      expect(held).toBe(name === 'json_web_key' ? 2 : 32)
      expect(bad).toEqual(name === 'json_web_key' ? PROVIDERS_OWN : [])
      return { run: run - bad.length, skipped: bad.length }
    },
  )
})
