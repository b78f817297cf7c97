import type { CDPSession, Page } from 'playwright-core'

// All that passes between a page and the world, as the browser itself tells of it.

export interface Exchanged {
  method: string
  url: string
  /** `Document`, `Script`, `Fetch`, …, as the browser classes it. */
  kind: string
  /** URL, headers and body. */
  request: string
  /** Headers and body; empty where there was no answer, without a body where it was a redirect. */
  response: string
  /** The body of the response alone. */
  body: string
}

export interface Traffic {
  /** Oldest first. Preflights are the browser's own affair and not among them. */
  exchanged: readonly Exchanged[]
  /** What the console says of errors (failed loads and broken policies are there too), and what no script caught. */
  problems: readonly string[]
}

interface Header {
  name: string
  value: string
}

/** The part of the DevTools protocol's `Fetch.requestPaused` that is read here. */
interface Paused {
  requestId: string
  resourceType: string
  request: { method: string; url: string; headers: Record<string, string>; postData?: string }
  responseStatusCode?: number
  responseHeaders?: Header[]
}

/**
 * Watches a page from now on. Each response is held for as long as it takes to read it: once the page has moved on, the
 * browser no longer knows what was in it.
 */
export async function watch(page: Page): Promise<Traffic> {
  const exchanged: Exchanged[] = []
  const problems: string[] = []
  page.on('requestfailed', request => {
    problems.push(`${request.method()} ${request.url()}: ${request.failure()?.errorText}`)
  })
  page.on('console', message => {
    if (message.type() === 'error') problems.push(message.text())
  })
  page.on('pageerror', error => {
    problems.push(String(error))
  })
  const session = await page.context().newCDPSession(page)
  session.on('Fetch.requestPaused', async (paused: Paused) => {
    try {
      exchanged.push(await read(session, paused))
      await session.send('Fetch.continueRequest', { requestId: paused.requestId })
    } catch (error) {
      // A body that could not be read must not pass for one in which nothing was found.
      problems.push(`${paused.request.url}: ${(error as Error).message}`)
    }
  })
  await session.send('Fetch.enable', { patterns: [{ requestStage: 'Response' }] })
  return { exchanged, problems }
}

async function read(session: CDPSession, paused: Paused): Promise<Exchanged> {
  const { requestId, request, resourceType, responseStatusCode: status, responseHeaders = [] } = paused
  const { method, url, headers, postData = '' } = request
  let body = ''
  if (status !== undefined && !(status >= 300 && status < 400)) {
    const answer = await session.send('Fetch.getResponseBody', { requestId })
    body = Buffer.from(answer.body, answer.base64Encoded ? 'base64' : 'utf8').toString('utf8')
  }
  const sent = Object.entries(headers).map(([name, value]) => ({ name, value }))
  return {
    method,
    url,
    kind: resourceType,
    request: [url, lines(sent), postData].join('\n'),
    response: status === undefined ? '' : [lines(responseHeaders), body].join('\n'),
    body,
  }
}

function lines(headers: Header[]): string {
  return headers.map(({ name, value }) => `${name}: ${value}`).join('\n')
}
