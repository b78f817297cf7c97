import { type Configuration, readTrace, setKmsDown, type Trace } from './stack.ts'

/** What a page could read of an answer, and what the function wrote of it. */
export interface Refused {
  /** A status, or `unreadable`: the browser kept the answer to itself. */
  status: string
  body: string
  trace: Trace | undefined
}

/** The exchange that has just worked, to be bent out of shape. */
export interface Exchange {
  token_endpoint: string
  form: URLSearchParams
  configuration: Configuration
}

export interface Refusal {
  name: string
  label: string
  why: string
  send(exchange: Exchange): Promise<Refused>
}

export const REFUSALS: readonly Refusal[] = [
  {
    name: 'foreign-origin',
    label: 'Another origin',
    why: 'A page elsewhere sends the same request. The browser lets it go, because a form needs no permission; the function refuses it before it asks KMS, and the page can read nothing.',
    send: fromElsewhere,
  },
  {
    name: 'used-code',
    label: 'The code again',
    why: 'The code of this sign-in, a second time. The function cannot know; the provider does.',
    send: ({ token_endpoint, form }) => post(token_endpoint, form),
  },
  {
    name: 'wrong-redirect-uri',
    label: 'Another redirect_uri',
    why: 'Registered strings are compared to the letter, before anything is signed.',
    send: ({ token_endpoint, form }) =>
      post(token_endpoint, changed(form, 'redirect_uri', `${form.get('redirect_uri')}/x`)),
  },
  {
    name: 'missing-verifier',
    label: 'No code_verifier',
    why: 'Without it a stolen code would be enough to get tokens.',
    send: ({ token_endpoint, form }) => post(token_endpoint, changed(form, 'code_verifier', undefined)),
  },
  {
    name: 'kms-down',
    label: 'KMS down',
    why: 'KMS throttles, and again when asked once more. An assertion that was signed before still serves one request; then nothing is sent to the provider, so a code is not spent by it, and the app is told to try again.',
    async send({ token_endpoint, form }) {
      await setKmsDown(true)
      try {
        const refused = await post(token_endpoint, form)
        return refused.trace?.log.ahead ? await post(token_endpoint, form) : refused
      } finally {
        await setKmsDown(false)
      }
    },
  },
]

function changed(form: URLSearchParams, name: string, value: string | undefined): URLSearchParams {
  const copy = new URLSearchParams(form)
  if (value === undefined) copy.delete(name)
  else copy.set(name, value)
  return copy
}

async function post(url: string, body: URLSearchParams): Promise<Refused> {
  const response = await fetch(url, { method: 'POST', body })
  const request_id = response.headers.get('x-request-id')
  return {
    status: String(response.status),
    body: await response.text(),
    trace: request_id === null ? undefined : await readTrace({ request_id }),
  }
}

/** Where the other page does not come, the stack is gone. */
const FRAME_MS = 5_000

/** A page cannot choose its own Origin, so another one is framed for a moment and asked to do it. */
async function fromElsewhere({ token_endpoint, form, configuration }: Exchange): Promise<Refused> {
  const since = performance.timeOrigin + performance.now()
  const { origin } = new URL(configuration.foreign)
  const frame = document.createElement('iframe')
  frame.hidden = true
  frame.title = 'A page of another origin'
  frame.src = configuration.foreign
  const answer = new Promise<string>((resolve, reject) => {
    setTimeout(() => reject(new Error('Failed to fetch')), FRAME_MS)
    window.addEventListener('message', function listen(message) {
      if (message.origin !== origin) return
      if (message.data === 'ready')
        frame.contentWindow?.postMessage({ token_endpoint, form: form.toString() }, origin)
      else {
        window.removeEventListener('message', listen)
        resolve(String(message.data))
      }
    })
  })
  document.body.append(frame)
  const body = await answer.finally(() => frame.remove())
  const readable = body.startsWith('readable')
  return {
    status: readable ? body : 'unreadable',
    body,
    trace: await readTrace({ refused_since: String(since) }),
  }
}
