import { ROUTES } from '../../../../local/idp/configuration.ts'
import { without } from '../proxy.ts'
import { type Fault, sessionDeployment, sessions } from './plant.ts'

const CREDENTIALS = 'access-control-allow-credentials'

/** The answer to `/login` with another cookie. */
function cookie(change: (line: string) => string): Fault['plant'] {
  return sessions({
    alter: ({ path, headers }) =>
      path.startsWith('/login?')
        ? { headers: { ...headers, 'set-cookie': change(headers['set-cookie'] ?? '') } }
        : undefined,
  })
}

/** Another place that the browser is sent to. */
function location(change: (location: string) => string): Fault['plant'] {
  return sessions({
    alter: ({ path, headers }) =>
      path.startsWith('/login?')
        ? { headers: { ...headers, location: change(headers.location ?? '') } }
        : undefined,
  })
}

export const SESSION_FAULTS: Fault[] = [
  {
    name: 'a preflight that keeps cookies back',
    id: 'cors-preflight',
    says: /access-control-allow-credentials is absent/,
    plant: sessions({
      alter: ({ method, headers }) =>
        method === 'OPTIONS' ? { headers: without(headers, CREDENTIALS) } : undefined,
    }),
  },
  {
    name: 'a preflight that keeps X-CSRF back',
    id: 'cors-preflight',
    says: /X-CSRF is not among its headers/,
    plant: sessions({
      alter: ({ method, headers }) =>
        method === 'OPTIONS'
          ? { headers: { ...headers, 'access-control-allow-headers': 'content-type, dpop' } }
          : undefined,
    }),
  },
  {
    name: 'an error that no page can read where cookies go along',
    id: 'cors-error',
    says: /access-control-allow-credentials is absent/,
    plant: sessions({
      alter: ({ status, headers }) =>
        status === 400 ? { headers: without(headers, CREDENTIALS) } : undefined,
    }),
  },
  {
    name: 'a success that no page can read where cookies go along',
    id: 'cors-success',
    says: /access-control-allow-credentials is TRUE/,
    plant: sessions({
      alter: ({ path, headers }) =>
        path === '/logout' ? { headers: { ...headers, [CREDENTIALS]: 'TRUE' } } : undefined,
    }),
  },
  {
    name: 'a foreign origin whose cookies are let in',
    id: 'cors-foreign',
    says: /access-control-allow-credentials/,
    plant: sessions({
      alter: ({ status, headers }) =>
        status === 403 ? { headers: { ...headers, [CREDENTIALS]: 'true' } } : undefined,
    }),
  },
  {
    name: 'a public_url at which the deployment is not',
    id: 'session-cookie',
    says: /public_url is http:\/\/127\.0\.0\.1:5999, and the deployment is at .*Set public_url to "http/s,
    plant: sessions({ change: { public_url: 'http://127.0.0.1:5999' } }),
  },
  {
    name: 'a function without keys for sessions',
    id: 'session-cookie',
    says: /no keys to seal sessions with.*COUNTERSIGN_SESSION_SECRET_ID/s,
    plant: sessions({ ring: false }),
  },
  {
    name: 'a cookie that is lost on the way',
    id: 'session-cookie',
    says: /no cookie __Host-Http-cs-login-/,
    plant: cookie(() => 'other=1; Path=/'),
  },
  {
    name: 'a cookie that a script could read',
    id: 'session-cookie',
    says: /its cookie is not httponly/,
    plant: cookie(line => line.replace('; HttpOnly', '')),
  },
  {
    name: 'a cookie that does not come back from another site',
    id: 'session-cookie',
    says: /its cookie is not samesite=lax/,
    plant: cookie(line => line.replace('SameSite=Lax', 'SameSite=Strict')),
  },
  {
    name: 'a cookie for all hosts of the site',
    id: 'session-cookie',
    says: /its cookie has domain=example\.com/,
    plant: cookie(line => `${line}; Domain=example.com`),
  },
  {
    name: 'a sign-in somewhere else',
    id: 'session-cookie',
    says: /sends the browser to https:\/\/evil\.example\/authorize, and not to/,
    plant: location(() => 'https://evil.example/authorize?client_id=demo-rs256'),
  },
  {
    name: 'a sign-in that comes back somewhere else',
    id: 'session-cookie',
    says: /redirect_uri is https:\/\/evil\.example\/callback, and not http/,
    plant: location(text => {
      const url = new URL(text)
      url.searchParams.delete('request_uri')
      url.searchParams.set('redirect_uri', 'https://evil.example/callback')
      return url.href
    }),
  },
  {
    name: 'a redirect URI that the provider does not know',
    id: 'session-cookie',
    says: /ends before it has begun: invalid_\w+ .*\/callback registered with the provider/s,
    async plant(bench) {
      const { issuer } = bench.stack
      return sessionDeployment(bench, {
        change: { pushed_authorization_request_endpoint: `${issuer}${ROUTES.pushed_authorization_request}` },
      })
    },
  },
]
