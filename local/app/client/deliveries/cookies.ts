import { createCountersign } from 'countersign/browser'
import { addressOf, type Make } from './delivery.ts'

// The two deliveries whose tokens stay behind. The helper is the same; only who calls the API differs.

/** A token-mediating back end: the page has an access token, and calls the API with it. */
export const mediated: Make = ({ gateway, api }) => {
  const countersign = createCountersign({
    url: gateway,
    client_id: 'mediated',
    api: [new URL(api).origin],
    onLogout: () => location.reload(),
  })
  const held = async (force = false) => {
    const session = await countersign.session({ force })
    if (!session) return undefined
    return { sub: String(session.claims.sub), access_token: await countersign.getAccessToken() }
  }
  return {
    signIn: () => countersign.login(),
    current: () => held(),
    refresh: () => held(true),
    call: () => countersign.fetch(`${api}/me`),
    signOut: () => countersign.logout({ post_logout_redirect_uri: addressOf('mediated') }),
  }
}

/** A back end for the front end: the page has nothing, and the gateway calls the API. */
export const session: Make = ({ gateway }) => {
  const countersign = createCountersign({
    url: gateway,
    client_id: 'session',
    onLogout: () => location.reload(),
  })
  const held = async (force = false) => {
    const found = await countersign.session({ force })
    return found && { sub: String(found.claims.sub) }
  }
  return {
    signIn: () => countersign.login(),
    current: () => held(),
    refresh: () => held(true),
    call: () => countersign.fetch('/me'),
    signOut: () => countersign.logout({ post_logout_redirect_uri: addressOf('session') }),
  }
}
