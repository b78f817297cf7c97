import { ProxyError } from '../errors.ts'

type Headers = Readonly<Record<string, string | undefined>>

/**
 * What a request that a cookie authenticates has to have beside its Origin (RFC 10017, on CSRF): a header that no form can
 * send and that makes a browser ask first, and no word of another site from the browser itself. SameSite alone would
 * let a sibling host in. Throws ProxyError `csrf_header_missing` or `fetch_site_refused`.
 */
export function requireOwnPage(headers: Headers): void {
  if (headers['x-csrf'] !== '1') throw new ProxyError('csrf_header_missing')
  const site = headers['sec-fetch-site']
  if (site !== undefined && site !== 'same-origin' && site !== 'same-site') {
    throw new ProxyError('fetch_site_refused')
  }
}

/**
 * A sign-in is a navigation: no image or frame of a page begins one, and no page of another site, where the browser says so
 * (Fetch Metadata). Throws ProxyError `fetch_site_refused`.
 */
export function requireNavigation(headers: Headers, { fromOtherSites }: { fromOtherSites: boolean }): void {
  const { 'sec-fetch-dest': destination, 'sec-fetch-site': site } = headers
  if (destination !== undefined && destination !== 'document') throw new ProxyError('fetch_site_refused')
  if (site === 'cross-site' && !fromOtherSites) throw new ProxyError('fetch_site_refused')
}
