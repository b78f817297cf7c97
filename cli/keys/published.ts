import type { Context } from '../context.ts'
import { Failure } from '../failure.ts'
import { fetchOnce, jsonObject, limitedText, whyUnanswered } from '../http.ts'

/** Below the base URL of a deployment. */
export const KEY_SET_PATH = '/.well-known/jwks.json'
const REQUEST_MS = 5_000
const POLL_MS = 1_000
/** A new document is taken up within seconds by the function that publishes; a cache in front may keep it for a minute. */
const SEEN_MS = 5 * 60_000

/** The kids of the key set that a deployment publishes. Rejects with Failure `key_set_unreadable`. */
export async function publishedKids(url: string): Promise<string[]> {
  try {
    const response = await fetchOnce(`${url}${KEY_SET_PATH}`, REQUEST_MS, {
      // Past what is kept in between; a provider's own cache is another matter.
      headers: { 'cache-control': 'no-cache' },
    })
    if (!response.ok) throw new Error(`it answered ${response.status}`)
    const keys = jsonObject(await limitedText(response))?.keys
    if (!Array.isArray(keys)) throw new Error('it answered no key set')
    return (keys as { kid: string }[]).map(({ kid }) => kid)
  } catch (error) {
    const why = whyUnanswered(error, REQUEST_MS)
    throw new Failure('key_set_unreadable', `${url}${KEY_SET_PATH} cannot be read: ${why}`, {
      fix: 'Look at the deployment with countersign doctor.',
    })
  }
}

/** Waits until a key is to be seen there. */
export async function untilPublished(context: Context, url: string, kid: string): Promise<void> {
  const end = context.now() + SEEN_MS
  for (;;) {
    if ((await publishedKids(url)).includes(kid)) return
    if (context.now() > end) {
      throw new Failure('not_published', `${url}${KEY_SET_PATH} does not show the key ${kid}.`, {
        fix: 'Does the deployed function read this configuration? countersign doctor says.',
      })
    }
    context.terminal.progress(`waiting until ${url}${KEY_SET_PATH} shows the new key`)
    await context.wait(POLL_MS)
  }
}

export function urlUnknown(): Failure {
  return new Failure('url_unknown', 'Where is the key set published? The secret has no tag that says it.', {
    fix: 'Name the deployment by --url, or --vouch where the provider has been given the key by hand.',
  })
}
