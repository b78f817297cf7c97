import type { JWK } from 'jose'
import { describe, expect, test } from 'vitest'
import { challengeOf } from '../../functions/session/ticket.ts'
import type { Alg } from '../../lib/jose/algorithms.ts'
import { derToJose } from '../../lib/jose/ecdsa.ts'
import { thumbprint } from '../../lib/jose/jwks.ts'
import { verifyingFirst } from '../../lib/jose/signer.ts'
import { readKeySet, verifyJwt } from '../../lib/jose/verify.ts'
import { isDpop, nonceOf, readProof } from '../../lib/oauth/dpop.ts'

// The examples that the RFCs print, as they stand there, through the code that follows each.

async function codeOf(jwt: string, key: JWK, issuer = 'joe'): Promise<string> {
  const rules = { issuer, audience: 'c', now: 0, tolerance: 0 }
  return verifyJwt(jwt, readKeySet({ keys: [key] }), rules).then(
    () => 'OK',
    (error: { code: string }) => error.code,
  )
}

/** Whether a signature is taken for the first of a container: the whole of it, or with one bit turned. */
async function taken(jws: string, alg: Alg, key: JWK, turned = 0): Promise<boolean> {
  const [header, payload, encoded = ''] = jws.split('.')
  const signature = Buffer.from(encoded, 'base64url')
  signature[0]! ^= turned
  const signer = { alg, kid: '', sign: async () => signature }
  return verifyingFirst(signer, key)
    .sign(Buffer.from(`${header}.${payload}`))
    .then(
      () => true,
      () => false,
    )
}

/** RFC 7515, appendices A.2 to A.4. */
const CLAIMS =
  'eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ'
const A_2 = {
  alg: 'RS256' as const,
  key: {
    kty: 'RSA',
    n:
      'ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SF' +
      'd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo' +
      '7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkM' +
      'Ls91kzk2PAcDTW9gb54h4FRWyuXpoQ',
    e: 'AQAB',
  },
  jws:
    `eyJhbGciOiJSUzI1NiJ9.${CLAIMS}.` +
    'cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9' +
    'CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOL' +
    'n6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtV' +
    'rBp0igcN_IoypGlUPQGe77Rw',
}
const A_3 = {
  alg: 'ES256' as const,
  key: {
    kty: 'EC',
    crv: 'P-256',
    x: 'f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU',
    y: 'x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0',
  },
  jws: `eyJhbGciOiJFUzI1NiJ9.${CLAIMS}.DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q`,
}
const A_4 = {
  alg: 'ES512' as const,
  key: {
    kty: 'EC',
    crv: 'P-521',
    x: 'AekpBQ8ST8a8VcfVOTNl353vSrDCLLJXmPk06wTjxrrjcBpXp5EOnYG_NjFZ6OvLFV1jSfS9tsz4qUxcWceqwQGk',
    y: 'ADSmRA43Z1DSNx_RvcLI87cdL07l6jQyyBXMoxVg_l2Th-x3S1WDhjDly79ajL4Kkd0AZMaZmh9ubmf63e3kyMj2',
  },
  jws:
    'eyJhbGciOiJFUzUxMiJ9.UGF5bG9hZA.' +
    'AdwMgeerwtHoh-l192l60hp9wAHZFVJbLfD_UxMi70cwnZOYaRI1bKPWROc-mZZqwqT2SI-KGDKB34XO0aw_7XdtAG8GaSwFKdCAPZgoXD2Y' +
    'BJZCPEX3xKpRwcdOO8KpEHwJjyqOgzDO7iKvU8vcnwNrmxYbSW9ERBXukOXolLzeO_Jn',
}

describe('RFC 7515, appendix A', () => {
  test.each([A_2, A_3, A_4])('$alg: the signature is taken, and with one bit turned it is not', async one => {
    expect(await taken(one.jws, one.alg, one.key)).toBe(true)
    expect(await taken(one.jws, one.alg, one.key, 1)).toBe(false)
  })

  test('IDT-1: as ID tokens, A.2 and A.3 are refused for the claims that they lack, and A.4 for having none', async () => {
    expect(await codeOf(A_2.jws, A_2.key)).toBe('AUD')
    expect(await codeOf(A_3.jws, A_3.key)).toBe('AUD')
    expect(await codeOf(A_4.jws, A_4.key)).toBe('FORM')
    // The key of another example.
    expect(await codeOf(A_2.jws, A_3.key)).toBe('KEY')
  })

  test('IDT-1: A.1 by HMAC and A.5 by none are refused by their names', async () => {
    const k = 'AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow'
    const a1 = `eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.${CLAIMS}.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk`
    expect(await codeOf(a1, { kty: 'oct', k })).toBe('ALG')
    expect(await codeOf(`eyJhbGciOiJub25lIn0.${CLAIMS}.`, A_2.key)).toBe('ALG')
  })

  test('KMS-2: R and S of A.3 come out of DER as they stand there', () => {
    // The two numbers as A.3.1 lists them, each with its high bit as it happens to be.
    const der =
      '304502200ed1215379636c483c2f7f155807d402a3b228033af97c7e17819ac3169ea665' +
      '022100c50a07d38c3c70e5d8f12daf084a5480a66590c5f293509a8f3f7f8a83a354d5'
    const jose = derToJose(Buffer.from(der, 'hex'), 'ES256')
    expect(Buffer.from(jose).toString('base64url')).toBe(A_3.jws.split('.')[2])
  })
})

test('RFC 7636, appendix B: the challenge of its verifier', () => {
  expect(challengeOf('dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk')).toBe(
    'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM',
  )
})

describe('RFC 8037, appendix A', () => {
  const key = { kty: 'OKP', crv: 'Ed25519', x: '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo' }
  const jws =
    'eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc.' +
    'hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg'

  test('ASRT-16: A.3, the thumbprint', async () => {
    expect(await thumbprint(key)).toBe('kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k')
  })

  test('A.4 and A.5: the signature is taken, and with one bit turned it is not', async () => {
    expect(await taken(jws, 'EdDSA', key)).toBe(true)
    expect(await taken(jws, 'EdDSA', key, 1)).toBe(false)
    expect(await codeOf(jws, key)).toBe('FORM')
  })
})

describe('RFC 9449', () => {
  const header =
    'eyJ0eXAiOiJkcG9wK2p3dCIsImFsZyI6IkVTMjU2IiwiandrIjp7Imt0eSI6IkVDIiwieCI6Imw4dEZyaHgtMzR0VjNoUklDUkRZOXpDa0Rs' +
    'cEJoRjQyVVFVZldWQVdCRnMiLCJ5IjoiOVZFNGpmX09rX282NHpiVFRsY3VOSmFqSG10NnY5VERWclUwQ2R2R1JEQSIsImNydiI6IlAtMjU2' +
    'In19'
  const post =
    'eyJqdGkiOiItQndDM0VTYzZhY2MybFRjIiwiaHRtIjoiUE9TVCIsImh0dSI6Imh0dHBzOi8vc2VydmVyLmV4YW1wbGUuY29tL3Rva2VuIiwi' +
    'aWF0IjoxNTYy'
  /** Figures 5 and 7: with a code, and with a refresh token. */
  const code = `${header}.${post}MjYyNjE2fQ.2-GxA6T8lP4vfrg8v-FdWP0A0zdrj8igiMLvqRMUvwnQg4PtFLbdLXiOSsX0x7NVY-FNyJK70nfbV37xRZT3Lg`
  const refresh = `${header}.${post}MjY1Mjk2fQ.pAqut2IRDm_De6PR93SYmGBPXpwrAk90e8cP2hjiaG5QsGSuKDYW7_X620BxqhvYC8ynrrvZLTk41mSRroapUA`
  /** Figure 13: for a resource, by GET. */
  const resource =
    `${header}.eyJqdGkiOiJlMWozVl9iS2ljOC1MQUVCIiwiaHRtIjoiR0VUIiwiaHR1IjoiaHR0cHM6Ly9yZXNvdXJjZS5leGFtcGxlLm9yZy9wcm90` +
    'ZWN0ZWRyZXNvdXJjZSIsImlhdCI6MTU2MjI2MjYxOCwiYXRoIjoiZlVIeU8ycjJaM0RaNTNFc05yV0JiMHhXWG9hTnk1OUlpS0NBcWtzbVFFbyJ9.' +
    '2oW9RP35yRqzhrtNP86L-Ey71EOptxRimPPToA1plemAgR6pxHF8y6-yqyVnmcw6Fy1dqd-jfxSYoMxhAJpLjA'
  const { jwk } = JSON.parse(Buffer.from(header, 'base64url').toString())

  test('they were typed in right: each is signed by its own key', async () => {
    for (const proof of [code, refresh, resource]) expect(await taken(proof, 'ES256', jwk)).toBe(true)
  })

  test('DPOP-1, DPOP-2: a proof goes on unchanged to its own token endpoint, and to no other', () => {
    for (const proof of [code, refresh]) {
      expect(readProof(proof, 'https://server.example.com/token')).toBe(proof)
      expect(() => readProof(proof, 'https://server.example.com/revoke')).toThrow('dpop_target_wrong')
    }
    expect(() => readProof(resource, 'https://resource.example.org/protectedresource')).toThrow(
      'dpop_target_wrong',
    )
  })

  test('ASRT-16: section 6.1, the thumbprint that tokens are bound by', async () => {
    expect(await thumbprint(jwk)).toBe('0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I')
  })

  test('DPOP-4: section 8, the nonce; section 5, the token type', () => {
    const headers = { 'dpop-nonce': 'eyJ7S_zG.eyJH0-Z.HX4w-7v' }
    expect(nonceOf({ status: 400, headers, body: '' })).toBe('eyJ7S_zG.eyJH0-Z.HX4w-7v')
    expect(isDpop('DPoP')).toBe(true)
  })
})
