import type { Endpoint } from './call.ts'
import { deviceAuthorization } from './endpoints/device-authorization.ts'
import { par } from './endpoints/par.ts'
import { revoke } from './endpoints/revoke.ts'
import { token } from './endpoints/token.ts'

/** The routes of the signing function, as serverless.yml has them. */
export const routes = {
  '/token': token,
  '/revoke': revoke,
  '/par': par,
  '/device_authorization': deviceAuthorization,
} as const satisfies Record<string, Endpoint>
