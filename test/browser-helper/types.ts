import { type Countersign, CountersignError, createCountersign, type Session } from '../../browser/index.ts'

// What the types let pass and what they do not. Compiled, never run.

const countersign: Countersign = createCountersign({ url: 'https://auth.example.com', client_id: 'spa' })
createCountersign({ url: '', client_id: '', api: ['https://api.example.com'] as const, onLogout: () => {} })
// @ts-expect-error client_id is missing
createCountersign({ url: '' })
// @ts-expect-error a list of origins
createCountersign({ url: '', client_id: '', api: 'https://api.example.com' })
// @ts-expect-error no such option
createCountersign({ url: '', client_id: '', storage: localStorage })

const session: Session | undefined = await countersign.session()
// @ts-expect-error maybe nobody is signed in
session.claims
// @ts-expect-error nobody knows what the provider put there
session?.claims.email.length
// @ts-expect-error the token is not in it
session?.access_token
await countersign.session({ force: true })

const token: string = await countersign.getAccessToken()
const response: Response = await countersign.fetch(new URL('https://api.example.com'), {
  headers: { accept: token },
})
// It fits where a fetch is asked for.
const platform: typeof fetch = countersign.fetch
countersign.login({ return_to: '/', prompt: 'login', max_age: 0 })
// @ts-expect-error whoever signs in does so for this client
countersign.login({ client_id: 'other' })
// @ts-expect-error it leaves the page: there is nothing to wait for
countersign.login().then
const left: Promise<void> = countersign.logout({ post_logout_redirect_uri: '/' })

const error = new CountersignError('login_required', 401)
const told: [string, number, string] = [error.error, error.status, error.message]
// @ts-expect-error read only
error.status = 200

export { left, platform, response, told }
