import { describe, expect, test } from 'vitest'
import { ProxyError } from '../../../lib/errors.ts'
import type { Form } from '../../../lib/http/form.ts'
import { readForm } from '../../../lib/http/form.ts'
import { refuseMisuse } from '../../../lib/oauth/parameters.ts'

const read = (body: string): Form =>
  readForm({ contentType: 'application/x-www-form-urlencoded', body, isBase64Encoded: false })

function refusal(form: Form, headers: Record<string, string> = {}): ProxyError | undefined {
  try {
    refuseMisuse(form, headers)
    return undefined
  } catch (error) {
    if (error instanceof ProxyError) return error
    throw error
  }
}

describe("IN-6, MOB-4: an authentication of the caller's own", () => {
  test.each(['client_secret', 'client_assertion', 'client_assertion_type'])('%s is refused', parameter => {
    expect(refusal(read(`code=c&${parameter}=x`))).toMatchObject({ reason: 'parameter_refused', parameter })
    // Twice is no way around it.
    expect(refusal(read(`${parameter}=x&${parameter}=y`))).toMatchObject({ reason: 'parameter_refused' })
  })

  test.each(['Basic YTpi', 'Bearer x', ''])('an Authorization header is refused: %j', authorization => {
    expect(refusal(read('code=c'), { authorization })).toMatchObject({
      reason: 'parameter_refused',
      parameter: 'Authorization',
    })
  })

  test('IN-5: an empty client_secret is none, as some libraries send it', () => {
    expect(refusal(read('code=c&client_secret='))).toBeUndefined()
  })
})

describe('IN-4: repeated parameters', () => {
  test.each(['code', 'redirect_uri', 'client_id', 'grant_type', 'code_verifier', 'scope'])(
    '%s is named',
    parameter => {
      const error = refusal(read(`${parameter}=a&${parameter}=a`))
      expect([error?.reason, error?.parameter]).toEqual(['parameter_repeated', parameter])
    },
  )

  test('a name of the caller’s own is refused and not repeated to it', () => {
    const error = refusal(read('sentinel=a&sentinel=b'))
    expect([error?.reason, error?.parameter]).toEqual(['parameter_repeated', undefined])
    expect(JSON.stringify(error) + String(error)).not.toContain('sentinel')
  })

  test('names differ by case; percent-encoding hides nothing', () => {
    expect(refusal(read('code=a&Code=b'))).toBeUndefined()
    expect(refusal(read('code=a&%63ode=b'))).toMatchObject({ reason: 'parameter_repeated' })
    expect(refusal(read('%63lient_secret=b'))).toMatchObject({ reason: 'parameter_refused' })
  })

  test('RFC 8707: resource may be; a value and an empty one are one', () => {
    expect(refusal(read('resource=a&resource=b'))).toBeUndefined()
    expect(refusal(read('code=a&code='))).toBeUndefined()
  })
})
