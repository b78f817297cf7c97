/** A method and a path of the API behind, as the registration names them. */
export interface Route {
  readonly method: string
  readonly path: string
  /** Everything beneath the path, too. */
  readonly beneath: boolean
}

/** RFC 3986 section 3.3: pchar. None begins with a parameter: to servers that take it off first such a segment is empty. */
const SEGMENT = /^(?!;)(?:[A-Za-z0-9._~!$&'()*+,;=:@-]|%[0-9A-Fa-f]{2})+$/
/**
 * Encoded, these are still separators, dots or percent signs to some server behind, and API Gateway decodes them on the way
 * there; nobody means control characters.
 */
const HIDDEN = /%(?:23|25|2e|2f|3b|3f|5c|[01][0-9a-f]|7f)/i
/** RFC 3986 section 5.2.4, also with a parameter behind, which some servers take off first (`..;`). */
const DOTS = /^\.\.?(?:;|$)/

/**
 * Whether a request may be forwarded (RFC 10017, on proxying: an explicit list of paths and methods). A path that two
 * servers could read in two ways is on no list.
 *
 * @param path as it goes to the API, from its first slash on, without a query
 */
export function permits(routes: readonly Route[], method: string, path: string): boolean {
  if (!isPlain(path)) return false
  return routes.some(
    route =>
      (route.method === '*' || route.method === method) &&
      (route.beneath ? isBeneath(path, route.path) : path === route.path),
  )
}

/** With nothing behind its slash it is the path itself, to most servers: what is listed for each order is not for all of them. */
function isBeneath(path: string, listed: string): boolean {
  return path.startsWith(`${listed}/`) && path.length > listed.length + 1
}

function isPlain(path: string): boolean {
  const [before, ...segments] = path.split('/')
  // A slash at the end leaves an empty segment, as any server reads it; anywhere else it begins a host to some.
  if (segments.at(-1) === '') segments.pop()
  return (
    before === '' &&
    !HIDDEN.test(path) &&
    segments.every(segment => SEGMENT.test(segment) && !DOTS.test(segment)) &&
    isUtf8(path)
  )
}

/** Overlong forms of dots and slashes are none. */
function isUtf8(path: string): boolean {
  try {
    decodeURIComponent(path)
    return true
  } catch {
    return false
  }
}

/** Headers by which some servers take another method or path than the request's: nobody who calls an API by its list needs them. */
const OVERRIDE =
  /^x-(?:http-)?method(?:-override)?$|^x-(?:original|rewrite|http-path|forwarded)-(?:url|uri|override|prefix|method|path)$/

/**
 * The header that would make the list of routes hollow, where there is one. To some servers an underscore in a name is a
 * hyphen, so that a header of theirs would stand beside the gateway's own: none is let through. Its name is the caller's text, and
 * not repeated.
 */
export function hasOverride(headers: Readonly<Record<string, string | undefined>>): boolean {
  return Object.keys(headers).some(name => name.includes('_') || OVERRIDE.test(name))
}
