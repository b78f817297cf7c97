import { isLoopback } from '../../../lib/config/urls.ts'
import type { Answered, Heard } from '../facts/http.ts'
import { isAnswered } from '../facts/http.ts'
import { type Finding, fail, failAside, ok } from '../finding.ts'

/** An answer and what it is called in the report. `kept`: one that may be kept, as its cache-control says. */
export interface Seen {
  what: string
  heard: Heard
  kept?: true
}

/** The way to the deployment is not secret: nothing may be sent there. Undefined: it is, as far as can be seen. */
export function insecure(url: string, heard?: Heard): Finding | undefined {
  const { protocol, hostname } = new URL(url)
  if (protocol !== 'https:' && !isLoopback(hostname)) {
    return fail(
      `${url} is not https: codes and tokens would travel in the clear`,
      'Name an https URL; http is for loopback hosts only.',
    )
  }
  if (heard && !isAnswered(heard) && heard.certificate) {
    return fail(
      `the certificate of ${hostname} is not trusted: ${heard.error}`,
      'Renew it, or have it issued for this name. For an authority of your own, set NODE_EXTRA_CA_CERTS.',
    )
  }
  return undefined
}

/** Every answer has the headers that Countersign gives it, and nothing says what it runs on. */
export function headerSet(url: string, seen: readonly Seen[]): Finding {
  const wrong = seen.flatMap(({ what, heard, kept }) =>
    // What the function has not made is for other checks to say.
    isAnswered(heard) && heard.headers.has('x-request-id')
      ? problemsOf(heard.headers, kept === true).map(problem => `${what}: ${problem}`)
      : [],
  )
  if (wrong.length > 0) {
    return failAside(
      wrong.join('; '),
      'The functions set these on every answer: look at what stands before them (proxy, CDN, gateway).',
    )
  }
  return ok(
    new URL(url).protocol === 'https:'
      ? 'https, and every header is there'
      : 'http, on loopback; every header is there',
  )
}

const HALF_A_YEAR_S = 15_768_000
/** Names that say no more than where the deployment runs, which its address says as well. */
const OF_THE_EDGE = /^(CloudFront|cloudflare|awselb\/2\.0|AmazonS3)$/i

function problemsOf(headers: Answered['headers'], kept: boolean): string[] {
  const value = (name: string) => headers.get(name) ?? ''
  const maxAge = Number(/max-age=(\d+)/.exec(value('strict-transport-security'))?.[1] ?? 0)
  const caching = value('cache-control')
  const cachingFits = kept
    ? /max-age=\d/.test(caching) && !/no-store/.test(caching)
    : /no-store/.test(caching)
  return [
    ...(maxAge >= HALF_A_YEAR_S ? [] : ['strict-transport-security is absent or short']),
    ...(value('x-content-type-options') === 'nosniff' ? [] : ['no x-content-type-options: nosniff']),
    ...(value('referrer-policy') === 'no-referrer' ? [] : ['no referrer-policy: no-referrer']),
    ...(value('content-security-policy').includes("default-src 'none'")
      ? []
      : ["no content-security-policy: default-src 'none'"]),
    ...(cachingFits ? [] : [`cache-control is ${caching || 'absent'}`]),
    ...(headers.has('x-powered-by') ? [`x-powered-by: ${value('x-powered-by')}`] : []),
    ...(headers.has('server') && !OF_THE_EDGE.test(value('server')) ? [`server: ${value('server')}`] : []),
  ]
}
