import type { Client } from '../../lib/config/client.ts'
import { Failure } from '../failure.ts'
import { fetchOnce, jsonObject, limitedText, whyUnanswered } from '../http.ts'
import { quoted } from '../quoted.ts'
import type { Started } from './request.ts'

/** What the endpoint answered. */
export interface Exchanged {
  status: number
  /** Rounded milliseconds, from here. */
  took_ms: number
  request_id: string | undefined
  body: Record<string, unknown>
}

/** The endpoint itself gives up after 30 s. */
const EXCHANGE_MS = 35_000

const WHERE = 'Is --url (or the tag countersign:url of the secret) where the functions are?'

/** Posts the code to the endpoint as the app would. Throws Failure where nothing like an answer comes. */
export async function exchange(
  url: string,
  { client_id, allowed_origins }: Pick<Client, 'client_id' | 'allowed_origins'>,
  { redirect_uri, code_verifier }: Started,
  code: string,
): Promise<Exchanged> {
  const origin = originFor(redirect_uri, allowed_origins)
  const start = performance.now()
  let response: Response
  let text: string
  try {
    response = await fetchOnce(`${url}/token`, EXCHANGE_MS, {
      method: 'POST',
      headers: { accept: 'application/json', ...(origin !== undefined && { origin }) },
      body: new URLSearchParams({
        grant_type: 'authorization_code',
        client_id,
        code,
        redirect_uri,
        code_verifier,
      }),
    })
    text = await limitedText(response)
  } catch (error) {
    if (error instanceof RangeError) throw notOurs(`${url}/token ${error.message}`)
    const why = whyUnanswered(error, EXCHANGE_MS)
    throw new Failure('endpoint_unreachable', `${url}/token could not be reached: ${why}`, { fix: WHERE })
  }
  return {
    status: response.status,
    took_ms: Math.round(performance.now() - start),
    request_id: response.headers.get('x-request-id') ?? undefined,
    body: jsonObject(text) ?? {},
  }
}

function notOurs(message: string): Failure {
  return new Failure('exchange_failed', `${message}: that is no answer of the endpoint.`, {
    fix: WHERE,
  })
}

/** Of a web client: the page's, which is where the sign-in ends if that is one of its origins. */
function originFor(redirect_uri: string, allowed_origins: readonly string[]): string | undefined {
  const own = URL.canParse(redirect_uri) ? new URL(redirect_uri).origin : ''
  return allowed_origins.includes(own) ? own : allowed_origins[0]
}

/** Throws Failure where the answer is no tokens. */
export function requireTokens({ status, request_id, body }: Exchanged, client_id: string): void {
  if (status === 200 && typeof body.access_token === 'string') return
  const { error, error_description } = body
  const said = [error, error_description].filter(text => typeof text === 'string').join(': ')
  throw new Failure('exchange_failed', `The endpoint answered ${status}${said && ` ${said}`}`, {
    fix: [
      `countersign doctor --client ${quoted(client_id)} looks for the reason`,
      ...(request_id === undefined
        ? ['Is --url right? The answer has no X-Request-Id']
        : [`the log has it by request id ${request_id}`]),
    ].join('; '),
  })
}
