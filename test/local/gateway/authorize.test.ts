import { expect, test } from 'vitest'
import { authorizerEvent } from '../../../local/gateway/authorize.ts'
import type { RestApi } from '../../../local/gateway/rest-api.ts'

test('a header may have a name that every object has', () => {
  const api = { resource: '/{proxy+}', stage: 'live' } as RestApi
  const request = {
    method: 'GET',
    path: '/api/x',
    proxy: 'x',
    rawQuery: '',
    query: new URLSearchParams(),
    headers: ['constructor', '1', '__proto__', '2'],
    sourceIp: '::1',
  }
  expect(() => authorizerEvent(api, request)).not.toThrow()
})
