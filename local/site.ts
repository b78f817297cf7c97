// App and gateway as sibling hosts of one site, as they are deployed. A browser takes every name beneath `localhost` to this
// machine without asking anyone, and takes cookies that want TLS from it over http. Node may not know the names, so
// whatever runs here keeps to the address.

const HOST = '127.0.0.1'

/** Another name of the same server. */
export function siblingOf(url: string, name: 'app' | 'api'): string {
  return url.replace(HOST, `${name}.example.localhost`)
}
