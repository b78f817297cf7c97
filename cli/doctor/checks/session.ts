import { hasSession } from '../../../lib/config/client.ts'
import type { Examination } from '../examine.ts'
import { skip } from '../finding.ts'
import { publicUrl, signInBegins } from '../judge/session.ts'
import { unnamed } from './deployment.ts'

export const SESSION_COOKIE: Examination = {
  id: 'session-cookie',
  // A pushed request needs what every assertion needs.
  rests: ['reachable', 'permissions', 'audience'],
  asks: 'beginning a sign-in',
  async each({ deployment, url }, client) {
    if (!hasSession(client)) return skip('a client of the delivery tokens: there is no session')
    if (deployment === undefined || url === undefined) return unnamed()
    if (!client.enabled) return skip('the client is switched off')
    return publicUrl(client, url) ?? signInBegins(client, await deployment.signIn(client))
  },
}
