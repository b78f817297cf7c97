import type { IncomingMessage } from 'node:http'
import { errors, type Provider } from 'oidc-provider'
import { errorPage, type LoginView, loginPage } from './pages.ts'

/** Koa's, by way of oidc-provider, which is built on it. */
export type Middleware = Parameters<Provider['use']>[0]

/** Path of the sign-in page, below the issuer's; followed by the id of the interaction. */
export const SIGN_ON = '/signon'

/** Two short fields; more is no sign-in. */
const FORM_MAX_B = 8 * 1024
const USERNAME_MAX = 200

async function readForm(req: IncomingMessage): Promise<URLSearchParams> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of req as AsyncIterable<Buffer>) {
    size += chunk.length
    if (size > FORM_MAX_B) throw new errors.InvalidRequest('The form is too large.', 413)
    chunks.push(chunk)
  }
  return new URLSearchParams(Buffer.concat(chunks).toString('utf8'))
}

function problemOf(username: string, password: string): LoginView['problem'] {
  if (username === '' || username.length > USERNAME_MAX)
    return { field: 'username', text: 'Enter a user name.' }
  return password === '' ? { field: 'password', text: 'Enter a password.' } : undefined
}

/**
 * The page that an authorization request is sent to when nobody is signed in: GET shows the form, POST takes any
 * user name with any password, neither of them empty, and goes on with the request. The user name becomes `sub`.
 * The interaction's cookie is what ties page and request together; it is bound to this path and SameSite=Lax, so
 * another site can neither see nor post the form.
 */
export function signOn(provider: Provider): Middleware {
  return async (ctx, next) => {
    if (!ctx.path.startsWith(`${SIGN_ON}/`)) return next()
    ctx.set('cache-control', 'no-store')
    ctx.type = 'html'
    try {
      const { uid, params } = await provider.interactionDetails(ctx.req, ctx.res)
      if (ctx.path !== `${SIGN_ON}/${uid}`) throw new errors.SessionNotFound('This sign-in is over.')
      const client_id = String(params.client_id)

      if (ctx.method !== 'POST') {
        const hint = params.login_hint
        ctx.body = loginPage({ client_id, username: typeof hint === 'string' ? hint : undefined })
        return
      }

      const form = await readForm(ctx.req)
      const username = form.get('username')?.trim() ?? ''
      const cancelled = form.has('cancel')
      const problem = problemOf(username, form.get('password') ?? '')
      if (!cancelled && problem !== undefined) {
        ctx.body = loginPage({ client_id, username: username.slice(0, USERNAME_MAX), problem })
        return
      }

      const result = cancelled
        ? { error: 'access_denied', error_description: 'The sign-in was cancelled.' }
        : { login: { accountId: username, amr: ['pwd'] } }
      const returnTo = await provider.interactionResult(ctx.req, ctx.res, result, {
        mergeWithLastSubmission: false,
      })
      // 303: the next request is a GET, whatever this one was.
      ctx.status = 303
      ctx.redirect(returnTo)
    } catch (error) {
      if (!(error instanceof errors.OIDCProviderError) || !error.expose) throw error
      ctx.status = error.statusCode
      ctx.type = 'html'
      ctx.body = errorPage(error.error, error.error_description)
    }
  }
}
