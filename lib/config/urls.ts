import { AUDIENCE_MAX, URL_MAX } from '../limits.ts'

// Each rule takes a string of the document and returns what is wrong with it as a fixed text, or undefined.
// Nothing is rewritten: an issuer is compared and sent byte for byte (RFC 8414 section 2, RFC 3986 section 6.2.1).

/** RFC 3986 section 2: the characters of a URI, after its scheme. The parser alone would forgive tabs and spaces. */
const URI = /^[A-Za-z][A-Za-z0-9+.-]*:[A-Za-z0-9._~:/?#[\]@!$&'()*+,;=%-]+$/
const HTTPS_ONLY = 'must be https (http is for loopback hosts only, and never on Lambda)'
const TOO_LONG = `must have at most ${URL_MAX} characters`
const WILDCARD = 'must not hold a wildcard: it is compared as an exact string'
const FRAGMENT = 'must not have a fragment'

/** 127.0.0.1, [::1], localhost and the names under it (RFC 6761 section 6.3); `host` as URL.hostname gives it. */
export function isLoopback(host: string): boolean {
  return isLoopbackLiteral(host) || /^(?:.+\.)?localhost\.?$/.test(host)
}

function isLoopbackLiteral(host: string): boolean {
  return host === '127.0.0.1' || host === '[::1]'
}

function isIpLiteral(host: string): boolean {
  return host.startsWith('[') || /^\d+(?:\.\d+){3}$/.test(host)
}

/** The parsed URL, or what keeps the text from being a plainly written http(s) URL. */
function webUrl(text: string): URL | string {
  if (text.length > URL_MAX) return TOO_LONG
  const authority = /^https?:\/\/([^/?#]*)/.exec(text)?.[1]
  if (authority === undefined) return 'must be an absolute URL that starts with https://'
  if (!URI.test(text)) return 'must hold only the characters of a URI (RFC 3986 section 2)'
  if (authority.includes('@')) return 'must not carry user information'
  if (text.includes('#')) return FRAGMENT
  if (!URL.canParse(text)) return 'must be a well-formed URL'
  const url = new URL(text)
  // The parser reads 0x7f.1, 2130706433 and 127.1 as IPv4 addresses and decodes %31. A host that it had to rewrite
  // is one that a reader may take for another, so what is written must be what is connected to.
  const host = authority.replace(/:\d+$/, '').toLowerCase()
  if (host !== url.hostname || !/^(?:\[[0-9a-f:.]+\]|[a-z0-9._-]+)$/.test(host)) {
    return 'must spell its host plainly: a name, or an IP address in its usual form'
  }
  return url
}

/**
 * A URL that Countersign itself sends to: https to a host name. Other IP literals are refused, so that a document
 * cannot point it into the network that it runs in (metadata services have IP literals for names); loopback is for
 * development and tests.
 */
export function endpointProblem(text: string, onLambda: boolean): string | undefined {
  const url = webUrl(text)
  if (typeof url === 'string') return url
  if (isLoopback(url.hostname)) return onLambda ? 'must not be a loopback host on Lambda' : undefined
  if (url.protocol !== 'https:') return HTTPS_ONLY
  if (isIpLiteral(url.hostname)) return 'must name its host: an IP address is taken for loopback only'
  return undefined
}

/** RFC 8414 section 2: an https URL with no query or fragment components. */
export function issuerProblem(text: string, onLambda: boolean): string | undefined {
  if (text.includes('?')) return 'must not have a query (RFC 8414 section 2)'
  return endpointProblem(text, onLambda)
}

/** An origin as a browser serialises it (HTML, "ASCII serialization of an origin"), since it is compared as a string. */
export function originProblem(text: string, onLambda: boolean): string | undefined {
  if (text === 'null') return 'must not be null: every sandboxed document of anybody has this origin'
  if (text.includes('*')) return WILDCARD
  const url = webUrl(text)
  if (typeof url === 'string') return url
  if (url.origin !== text) {
    return 'must be an origin as browsers send it: lower case, no default port, no path and no trailing slash'
  }
  return schemeProblem(url, onLambda)
}

/**
 * The origin under which apps reach this deployment. A cookie has to be first-party to them, so the names that AWS gives
 * to APIs and functions will not do (requirement COOKIE-1).
 */
export function publicUrlProblem(text: string, onLambda: boolean): string | undefined {
  const problem = originProblem(text, onLambda)
  if (problem !== undefined) return problem
  return /\.(?:execute-api|lambda-url)\./.test(new URL(text).hostname)
    ? 'must be a name of your own: browsers keep no cookie for a host of another site than the app'
    : undefined
}

/**
 * Whether two origins can be of one site (HTML, "same site"): one scheme, and one registrable domain. Which that is only
 * the public suffix list knows, so this asks for less: no two names of a site differ in their last two labels.
 */
export function canBeSameSite(one: string, other: string): boolean {
  const [a, b] = [new URL(one), new URL(other)]
  const end = ({ hostname }: URL) => hostname.split('.').slice(-2).join('.')
  if (a.protocol !== b.protocol) return false
  return a.hostname === b.hostname || (!isIpLiteral(a.hostname) && end(a) === end(b))
}

/** RFC 6749 section 3.1.2: an absolute URI without a fragment. */
export function webRedirectProblem(text: string, onLambda: boolean): string | undefined {
  if (text.includes('*')) return WILDCARD
  const url = webUrl(text)
  return typeof url === 'string' ? url : schemeProblem(url, onLambda)
}

function schemeProblem(url: URL, onLambda: boolean): string | undefined {
  if (url.protocol === 'https:') return undefined
  return isLoopback(url.hostname) && !onLambda ? undefined : HTTPS_ONLY
}

/**
 * RFC 8252 section 7: claimed https, a private-use scheme, or http on a loopback IP literal. The last also on
 * Lambda: it is the app's own device that listens there. `localhost` is NOT RECOMMENDED (section 8.3), because a
 * resolver may send it elsewhere.
 */
export function nativeRedirectProblem(text: string): string | undefined {
  if (text.length > URL_MAX) return TOO_LONG
  if (text.includes('*')) return WILDCARD
  if (text.includes('#')) return FRAGMENT
  if (!/^https?:/.test(text)) return privateUseProblem(text)
  const url = webUrl(text)
  if (typeof url === 'string') return url
  if (url.protocol === 'https:' || isLoopbackLiteral(url.hostname)) return undefined
  return 'must be https, a private-use scheme, or http on 127.0.0.1 or [::1] (RFC 8252 section 7)'
}

function privateUseProblem(text: string): string | undefined {
  if (!URI.test(text)) return 'must be an absolute URI (RFC 3986)'
  const scheme = text.slice(0, text.indexOf(':'))
  // Section 7.1: a domain name in reverse order. A scheme without a period belongs to everybody (and javascript: and data: have none).
  if (!/^[a-z][a-z0-9+-]*(?:\.[a-z0-9+-]+)+$/i.test(scheme)) {
    return 'must have a private-use scheme that contains a period, such as com.example.app:/ (RFC 8252 section 7.1)'
  }
  return text.startsWith(`${scheme}:/`)
    ? undefined
    : 'must have a path after its scheme (RFC 8252 section 7.1)'
}

/** RFC 8707 section 2: an absolute URI without a fragment component. */
export function resourceProblem(text: string): string | undefined {
  if (text.length > URL_MAX) return TOO_LONG
  if (text.includes('#')) return FRAGMENT
  return URI.test(text) ? undefined : 'must be an absolute URI (RFC 8707 section 2)'
}

/** The names of the rules by which an audience is chosen; anything else is a literal. */
const AUDIENCE_RULES = ['issuer', 'token_endpoint', 'request_endpoint']

/**
 * `aud` is one string, never an array. A literal must be a URI: RFC 7519 section 2 would take any text without a
 * colon for a StringOrURI, and so a misspelt rule for an audience.
 */
export function audienceProblem(text: string): string | undefined {
  if (AUDIENCE_RULES.includes(text)) return undefined
  if (text.length > AUDIENCE_MAX) return `must have at most ${AUDIENCE_MAX} characters`
  return URI.test(text) ? undefined : 'must be "issuer", "token_endpoint", "request_endpoint" or a URI'
}
