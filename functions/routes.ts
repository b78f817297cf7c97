import type { Endpoint, Page } from './call.ts'
import { callback } from './endpoints/callback.ts'
import { deviceAuthorization } from './endpoints/device-authorization.ts'
import { login } from './endpoints/login.ts'
import { logout } from './endpoints/logout.ts'
import { par } from './endpoints/par.ts'
import { revoke } from './endpoints/revoke.ts'
import { session } from './endpoints/session.ts'
import { token } from './endpoints/token.ts'

/** The routes of the signing function, as serverless.yml has them. */
export const routes = {
  '/token': token,
  '/revoke': revoke,
  '/par': par,
  '/device_authorization': deviceAuthorization,
  '/session': session,
  '/logout': logout,
} as const satisfies Record<string, Endpoint>

/** Those that a browser comes to by navigation. */
export const pages = {
  '/login': login,
  '/callback': callback,
} as const satisfies Record<string, Page>
