import type { GatewayResult } from '../../functions/shell.ts'
import { Browser } from '../support/session.ts'

/** Of the delivery `mediated`. */
export const VISITED = 'app-2'
/** How often the app has its access token renewed before its user signs out. */
const RENEWALS = 5

type Handler = ConstructorParameters<typeof Browser>[0]

/** A redirect to the app can also bring the news that it came to nothing. */
export function isWell({ statusCode, headers }: GatewayResult): boolean {
  return statusCode === 200 || (statusCode === 303 && !/[?&]error=/.test(headers.location ?? ''))
}

/**
 * A user of a client with sessions: signs in, has the app's access token renewed a few times, signs out. Gives each request
 * to `step`, which makes it. What fails ends the visit, as it does for a user, who then signs in again.
 *
 * @param name in the code, so that no two visits have the same
 */
export async function visit(
  handler: Handler,
  name: string,
  step: (ask: () => Promise<GatewayResult>) => Promise<GatewayResult>,
): Promise<void> {
  const browser = new Browser(handler)
  const client_id = VISITED
  const login = await step(() => browser.navigate('/login', { client_id }))
  if (!isWell(login)) return
  const asked = new URL(login.headers.location!)
  const { nonce, state } = Object.fromEntries(asked.searchParams) as Record<string, string>
  const query = { code: `${name}.${nonce}`, state: state!, iss: asked.origin }
  const callback = await step(() => browser.navigate('/callback', query))
  if (!isWell(callback)) return
  for (let renewal = 0; renewal < RENEWALS; renewal++) {
    const renewed = await step(() => browser.post('/session', { client_id, force: 'true' }))
    if (!isWell(renewed)) return
  }
  await step(() => browser.post('/logout', { client_id }))
}
