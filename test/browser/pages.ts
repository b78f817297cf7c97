import type { ServerResponse } from 'node:http'
import type { Frame, Page } from 'playwright-core'
import { inPage } from './chromium.ts'

// Pages of a test's own, and what their scripts see of an answer.

/** What a page's script got to see of an answer. */
export interface Seen {
  /** `Response.type`: `cors` where the page may read it. */
  type?: string
  status?: number
  /** Those of `HEADERS`, null where there is none or the page may not know. */
  headers?: Record<string, string | null>
  body?: Record<string, unknown>
  /** The name of what `fetch` was rejected with. */
  error?: string
}

const HEADERS = ['x-request-id', 'retry-after', 'apigw-requestid']

/** A page without script. `content` is HTML. */
export function answerPage(response: ServerResponse, content: string): void {
  response
    .writeHead(200, { 'content-type': 'text/html' })
    // The empty icon keeps the browser from asking for one.
    .end(`<!doctype html><html lang="en"><title>t</title><link rel="icon" href="data:,">${content}</html>`)
}

/** A form of hidden fields: what a hostile page has its visitors send. The values hold nothing to escape. */
export function hostileForm(action: string, parameters: Record<string, string>): string {
  const fields = Object.entries(parameters).map(
    ([name, value]) => `<input type="hidden" name="${name}" value="${value}">`,
  )
  return `<form method="post" action="${action}">${fields.join('')}<button>Win a prize</button></form>`
}

/** A request by the page's own `fetch`: a string goes as a form, which needs no preflight; an object as JSON, which does. */
export function post(
  target: Page | Frame,
  url: string,
  body: string | Record<string, string>,
  init: Record<string, unknown> = {},
): Promise<Seen> {
  const isForm = typeof body === 'string'
  const options = {
    method: 'POST',
    headers: { 'content-type': isForm ? 'application/x-www-form-urlencoded' : 'application/json' },
    body: isForm ? body : JSON.stringify(body),
    ...init,
  }
  return inPage<Seen>(
    target,
    `fetch(${JSON.stringify(url)}, ${JSON.stringify(options)}).then(
      async response => ({
        type: response.type,
        status: response.status,
        headers: Object.fromEntries(${JSON.stringify(HEADERS)}.map(name => [name, response.headers.get(name)])),
        body: await response.json(),
      }),
      error => ({ error: error.name }),
    )`,
  )
}

/** Puts a frame without an origin of its own on the page: whatever it sends says `Origin: null`. */
export async function addSandboxedFrame(page: Page, content: string): Promise<Frame> {
  await inPage(
    page,
    `new Promise(loaded => {
      const frame = document.createElement('iframe')
      frame.sandbox = 'allow-scripts allow-forms'
      frame.srcdoc = ${JSON.stringify(content)}
      frame.onload = () => loaded()
      document.body.append(frame)
    })`,
  )
  return page.frames()[1]!
}
