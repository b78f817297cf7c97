import { CONFIGURATION } from './checks/configuration.ts'
import { CORS } from './checks/cors.ts'
import { DEPLOYMENT, PUBLISHED } from './checks/deployment.ts'
import { KEYS } from './checks/keys.ts'
import { PROVIDER } from './checks/provider.ts'
import { SESSION_COOKIE } from './checks/session.ts'
import { AUDIENCE, SIGN_VERIFY } from './checks/signing.ts'
import type { Examination } from './examine.ts'

/**
 * Every check, each after those that it rests on. The ids are for scripts and documented in docs/doctor.md: they stay as
 * they are.
 */
export const CHECKS: readonly Examination[] = [
  ...CONFIGURATION,
  ...KEYS,
  ...DEPLOYMENT,
  ...PROVIDER,
  SIGN_VERIFY,
  ...PUBLISHED,
  AUDIENCE,
  ...CORS,
  SESSION_COOKIE,
]
