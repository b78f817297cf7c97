import { hasSession, type SessionClient } from '../../lib/config/client.ts'
import { command, type Result } from '../command.ts'
import type { Context } from '../context.ts'
import { clientIn, readDocument } from '../document.ts'
import { Failure, misuse } from '../failure.ts'
import { plainJson, shown } from '../plain.ts'
import { deploymentUrl } from '../url.ts'
import { openBrowser } from './browser.ts'
import { exchange, requireTokens } from './exchange.ts'
import { idTokenOf } from './id-token.ts'
import { type Listener, listenFor } from './listener.ts'
import { type Way, wayOf } from './redirect.ts'
import { authorizationRequest, codeOf, type Started, usualScope } from './request.ts'
import { createSteps, type Steps } from './steps.ts'

const DETAILS = `
Sends the browser to the provider as the app would, with PKCE, waits for the redirect, posts the code to the endpoint and
says what came back: every step, and of the tokens their names.

Where the client has a redirect URI on loopback (http://127.0.0.1/…), this command listens there. Otherwise you paste
the URL that the browser ended at.
`

const TIMEOUT_S = 300

const OPTIONS = {
  client: { type: 'string', value: 'ID', help: 'which client (default: the only one)' },
  url: { type: 'string', value: 'URL', help: 'where the functions are (default: the tag countersign:url)' },
  'redirect-uri': { type: 'string', value: 'URI', help: 'which one (default: the first on loopback)' },
  scope: { type: 'string', value: 'SCOPE', help: 'what to ask for (default: openid)' },
  'no-browser': { type: 'boolean', help: 'open none: the URL is printed in any case' },
  timeout: {
    type: 'string',
    value: 'SECONDS',
    help: `how long to wait for the redirect (default: ${TIMEOUT_S})`,
  },
  verbose: { type: 'boolean', help: 'show the claims of the ID token' },
  'show-tokens': { type: 'boolean', help: 'show the tokens themselves: whoever has them is signed in' },
} as const

export const tryCommand = command({
  name: 'try',
  summary: 'a whole sign-in, from the redirect to the tokens',
  details: DETAILS,
  options: OPTIONS,
  async run(context, flags) {
    const { terminal } = context
    const timeout_s = Number(flags.timeout ?? TIMEOUT_S)
    if (!(timeout_s > 0 && timeout_s <= 86_400)) throw misuse('--timeout takes a number of seconds.')
    const { registrations, deployment } = await readDocument(context)
    const client = clientIn(registrations.clients, flags.client)
    const url = deploymentUrl(flags.url, deployment)
    if (url === undefined)
      throw misuse('Where are the functions? Say it by --url, or by the tag countersign:url of the secret.')
    if (hasSession(client)) throw signsInHere(client)
    const { authorization_endpoint } = client.as
    if (authorization_endpoint === undefined) throw noEndpoint(client.client_id)
    const way = wayOf(client, flags['redirect-uri'])
    if (!way.listen && !terminal.interactive) throw nowhereToListen(way)

    const scope = flags.scope ?? usualScope(client)
    const listener = way.listen && (await listenFor({ ...way, listen: way.listen }))
    const redirect_uri = listener?.redirect_uri ?? way.redirect_uri
    const started = authorizationRequest(client, authorization_endpoint, { redirect_uri, scope })
    const steps = createSteps(flags.json ? undefined : terminal)
    try {
      steps.done(
        'authorization request',
        `${new URL(started.url).host}, scope ${scope}, PKCE S256, back to ${redirect_uri}`,
      )
      const answer = await signedIn(
        context,
        { started, listener, timeout_s, browser: !flags['no-browser'] },
        steps,
      )
      const code = steps.run('redirect received', () => codeOf(answer, started, client.as.issuer))
      steps.done('redirect received', `a code; state matches${answer.has('iss') ? ', and so does iss' : ''}`)

      const exchanged = await steps.wait('POST /token', exchange(url, client, started, code))
      const { status, took_ms, request_id, body } = exchanged
      const answered = `-> ${status} in ${took_ms} ms, request id ${request_id ?? '(none)'}`
      steps.run('POST /token', () => requireTokens(exchanged, client.client_id), answered)
      steps.done('POST /token', answered)
      const tokens = tokensIn(body)
      steps.done('the answer', said(tokens))

      const claims = steps.run('ID token', () => idTokenOf(body, started, client))
      const { iss, sub, aud, exp } = claims ?? {}
      if (claims)
        steps.done(
          'ID token',
          `iss ${iss}, sub ${shown(sub)}, aud ${shown(aud)}, exp ${timeOf(exp)}; the nonce matches`,
        )
      else steps.done('ID token', 'none: the scope has no openid')
      if (!flags.json) {
        if (flags.verbose && claims) terminal.out(plainJson(claims, 2))
        if (flags['show-tokens']) terminal.out(plainJson(valuesIn(body), 2))
      }
      return {
        json: {
          ok: true,
          steps: steps.list,
          tokens: { ...tokens, ...(flags['show-tokens'] && { values: valuesIn(body) }) },
          ...(claims && { id_token: { iss, sub, aud, exp, ...(flags.verbose && { claims }) } }),
        },
      }
    } catch (error) {
      return failed(error, steps)
    } finally {
      listener?.close()
    }
  },
})

interface Waiting {
  started: Started
  listener: Listener | undefined
  timeout_s: number
  browser: boolean
}

/** What the provider answered by redirect. */
async function signedIn(
  { terminal }: Context,
  { started, listener, timeout_s, browser }: Waiting,
  steps: Steps,
): Promise<URLSearchParams> {
  terminal.note(`open this: ${started.url}`)
  if (browser && terminal.interactive) openBrowser(started.url)
  if (!listener) return steps.wait('redirect received', pasted(terminal, started))
  terminal.progress(`waiting for the redirect to ${started.redirect_uri}`)
  const answer = await steps.wait('redirect received', listener.received(started.state, timeout_s))
  terminal.progress()
  return answer
}

async function pasted(terminal: Context['terminal'], { redirect_uri }: Started): Promise<URLSearchParams> {
  terminal.note('An app that runs at the redirect URI spends the code itself: stop it from loading before.')
  for (;;) {
    const text = await terminal.ask('The URL that the browser ended at')
    if (text.startsWith(redirect_uri) && URL.canParse(text)) return new URL(text).searchParams
    terminal.note(`It begins with ${redirect_uri}.`)
  }
}

/** Members by their names: what they hold is nobody's business here. */
function tokensIn(body: Record<string, unknown>) {
  const { token_type, expires_in, scope } = body
  return {
    members: Object.keys(body),
    token_type,
    ...(expires_in !== undefined && { expires_in }),
    ...(scope !== undefined && { scope }),
  }
}

function said({ members, ...others }: ReturnType<typeof tokensIn>): string {
  const names = members.filter(name => !Object.hasOwn(others, name))
  return [names.join(', '), ...Object.entries(others).map(([name, value]) => `${name} ${shown(value)}`)].join(
    '; ',
  )
}

function valuesIn({ access_token, id_token, refresh_token }: Record<string, unknown>): object {
  return { access_token, id_token, refresh_token }
}

/** A claim is whatever the provider wrote: no number, or one that is no time, is shown as it is. */
function timeOf(exp: unknown): string {
  const time = new Date(typeof exp === 'number' ? exp * 1_000 : Number.NaN)
  return Number.isNaN(time.getTime()) ? shown(exp) : time.toISOString()
}

/** A sign-in that failed is a result too: it says how far it came. */
function failed(error: unknown, { list }: Steps): Result {
  if (!(error instanceof Failure)) throw error
  const { code, message, fix } = error
  return {
    ok: false,
    json: { ok: false, steps: list, error: { code, message, ...(fix !== undefined && { fix }) } },
  }
}

/** Its browser begins at the deployment, and no token comes to whoever asks from a terminal. */
function signsInHere({ client_id, delivery, public_url, application_type }: SessionClient): Failure {
  const login = `${public_url}/login?${new URLSearchParams({ client_id })}`
  return new Failure(
    'delivery_has_session',
    `The client ${client_id} has the delivery ${delivery}: its sign-in begins at ${public_url}/login, and this command has no part in it.`,
    {
      fix: `${
        application_type === 'native'
          ? 'Sign in by the app itself (docs/mobile.md).'
          : `Open ${login} in a browser: it ends at the app, signed in.`
      } countersign doctor looks at all that comes before a person is asked.`,
    },
  )
}

function noEndpoint(client_id: string): Failure {
  return new Failure('no_authorization_endpoint', `The client ${client_id} has no authorization_endpoint.`, {
    fix: "Pin it in the configuration: countersign init --replace does it by the provider's discovery document.",
  })
}

function nowhereToListen({ redirect_uri }: Way): Failure {
  return misuse(
    `Nothing can listen at ${redirect_uri}, so somebody has to paste the URL that the browser ends at: run this on a terminal, or register a redirect URI on loopback (http://127.0.0.1/callback of a native client).`,
  )
}
