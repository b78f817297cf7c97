/** What `createCountersign` is told. */
export interface Options {
  /** Where Countersign is reached: the registration's `public_url`. */
  url: string
  client_id: string
  /**
   * Mediated delivery: what `fetch` may send the access token to, origins, or with a path what is beneath it. Leave it out in session delivery, where
   * no token is here to be sent and `fetch` goes to `${url}/api`.
   */
  api?: readonly string[]
  /** Called when another tab has signed out: its session was this one's. */
  onLogout?: () => void
}

/** Goes to `/login` as it is: OpenID Connect Core section 3.1.2.1 has the meaning of all but the first. */
export interface LoginOptions {
  /** A path or URL of this app to come back to. Default: the page that is open. */
  return_to?: string
  scope?: string
  prompt?: string
  login_hint?: string
  acr_values?: string
  max_age?: number
  ui_locales?: string
}

export interface SessionOptions {
  /** Has the token refreshed even if it would still do. */
  force?: boolean
}

/** OpenID Connect RP-Initiated Logout 1.0 section 2. */
export interface LogoutOptions {
  /** Where the provider sends the user then: one that is registered, to the letter. */
  post_logout_redirect_uri?: string
  state?: string
}

/** Who is signed in. The token is not in it: see `getAccessToken`. */
export interface Session {
  /** Of the ID token. */
  claims: Record<string, unknown>
  scope?: string
  /** Seconds for which the access token was good when this was received, where its provider says so. */
  expires_in?: number
  /** Seconds until the session ends whatever is done, counted likewise. */
  session_expires_in: number
}

export interface Countersign {
  /** Leaves for the provider's login page. Called twice in a row it leaves once. */
  login(options?: LoginOptions): void
  /**
   * Who is signed in: undefined where nobody is. Asks the back end at most once for as long as the access token is good,
   * however often it is called.
   *
   * @throws CountersignError among others, once, for a sign-in that has come back with an error; that is taken out of
   * the address
   */
  session(options?: SessionOptions): Promise<Session | undefined>
  /**
   * Mediated delivery: an access token that is good for a while. Ask for it each time; keep it nowhere.
   *
   * @throws CountersignError `login_required` where nobody is signed in; `no_access_token` in session delivery
   */
  getAccessToken(): Promise<string>
  /**
   * As the platform's `fetch`, for the API. Mediated delivery: adds the access token, and refuses origins that `api`
   * does not name. Session delivery: a path is one below `${url}/api`, and nothing else is allowed. Where the API
   * answers 401 the session is asked for again, once, and the request repeated; not one whose body is a stream or in a
   * `Request`, for that is spent. A redirect is an error unless `init` says otherwise.
   *
   * @throws CountersignError `login_required`, and `not_allowed` for a URL that is not the API's; what `fetch` throws
   */
  fetch(input: RequestInfo | URL, init?: RequestInit): Promise<Response>
  /** Ends the session, here and in other tabs, and leaves for the provider's own sign-off where it has one. */
  logout(options?: LogoutOptions): Promise<void>
}
