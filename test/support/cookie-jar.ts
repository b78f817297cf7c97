interface Cookie {
  host: string
  path: string
  name: string
  value: string
}

export interface CookieJar {
  /** Takes the Set-Cookie lines of an answer from `url`. */
  keepAll(url: URL, lines: string[]): void
  /** The Cookie header of a request to `url`; empty where there are none. */
  headerFor(url: URL): string
}

/** RFC 6265 section 5, without domains: host and path decide, a date in the past or Max-Age=0 deletes. */
export function createCookieJar(): CookieJar {
  let cookies: Cookie[] = []

  function keep(host: string, line: string): void {
    const [pair = '', ...attributes] = line.split(';').map(part => part.trim())
    const at = pair.indexOf('=')
    const named = new Map(
      attributes.map(attribute => {
        const [key = '', ...value] = attribute.split('=')
        return [key.toLowerCase(), value.join('=')]
      }),
    )
    const cookie = {
      host,
      path: named.get('path') ?? '/',
      name: pair.slice(0, at),
      value: pair.slice(at + 1),
    }
    cookies = cookies.filter(
      other => other.host !== host || other.path !== cookie.path || other.name !== cookie.name,
    )
    const expires = named.get('expires')
    const gone = named.get('max-age') === '0' || (expires !== undefined && Date.parse(expires) <= Date.now())
    if (!gone) cookies.push(cookie)
  }

  return {
    keepAll(url: URL, lines: string[]): void {
      for (const line of lines) keep(url.hostname, line)
    },
    headerFor({ hostname, pathname }: URL): string {
      const below = (path: string) =>
        pathname === path || pathname.startsWith(path.endsWith('/') ? path : `${path}/`)
      return cookies
        .filter(({ host, path }) => host === hostname && below(path))
        .map(({ name, value }) => `${name}=${value}`)
        .join('; ')
    },
  }
}
