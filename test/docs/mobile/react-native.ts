// What docs/mobile.md shows for React Native, run outside of it: the modules of the device come in as arguments.

export interface Modules {
  Crypto: {
    getRandomBytes(count: number): Uint8Array
    digestStringAsync(algorithm: string, text: string, options: { encoding: string }): Promise<string>
    CryptoDigestAlgorithm: { SHA256: string }
    CryptoEncoding: { BASE64: string }
  }
  WebBrowser: {
    openAuthSessionAsync(url: string, return_to: string): Promise<{ type: string; url?: string }>
  }
  Keychain: {
    ACCESSIBLE: { WHEN_UNLOCKED_THIS_DEVICE_ONLY: string }
    getGenericPassword(options: object): Promise<false | { password: string }>
    setGenericPassword(username: string, password: string, options: object): Promise<unknown>
    resetGenericPassword(options: object): Promise<unknown>
  }
}

export function reactNativeApp(
  { Crypto, WebBrowser, Keychain }: Modules,
  { url, client_id, return_to }: { url: string; client_id: string; return_to: string },
) {
  // #region docs
  const item = { service: url, accessible: Keychain.ACCESSIBLE.WHEN_UNLOCKED_THIS_DEVICE_ONLY }

  interface Answer {
    handle?: string
    claims?: { sub: string }
    access_token?: string
    logout_url?: string
    error?: string
  }

  async function signIn() {
    const bytes = Array.from(Crypto.getRandomBytes(32))
    const code_verifier = bytes.map(byte => byte.toString(16).padStart(2, '0')).join('')
    const hash = await Crypto.digestStringAsync(Crypto.CryptoDigestAlgorithm.SHA256, code_verifier, {
      encoding: Crypto.CryptoEncoding.BASE64,
    })
    const query = new URLSearchParams({
      client_id,
      return_to,
      code_challenge: hash.replace(/\+/g, '-').replace(/\//g, '_').replace(/=/g, ''),
      code_challenge_method: 'S256',
      prompt: 'consent',
    })
    const result = await WebBrowser.openAuthSessionAsync(`${url}/login?${query}`, return_to)
    // Closed by the user.
    if (result.type !== 'success') return null
    const answer = new URL(result.url!).searchParams
    const ticket = answer.get('ticket')
    if (ticket === null) throw new Error(answer.get('error') ?? 'server_error')
    return inTurn(() => post('/session', { ticket, code_verifier }))
  }

  /** Who is signed in, or null; in the delivery `mediated` with an access token that is good for a while. */
  const session = (force = false) => inTurn(() => post('/session', { ...(force && { force: 'true' }) }))

  const signOut = () =>
    inTurn(async () => {
      const answer = await post('/logout', {})
      await Keychain.resetGenericPassword(item)
      return answer
    })

  async function post(path: string, form: Record<string, string>) {
    const kept = form.ticket === undefined && (await Keychain.getGenericPassword(item))
    const response = await fetch(`${url}${path}`, {
      method: 'POST',
      credentials: 'omit',
      headers: {
        'content-type': 'application/x-www-form-urlencoded',
        ...(kept && { authorization: `Bearer ${kept.password}` }),
      },
      body: new URLSearchParams({ client_id, ...form }).toString(),
    })
    const answer = (await response.json()) as Answer
    if (answer.error === 'login_required') {
      await Keychain.resetGenericPassword(item)
      return null
    }
    if (!response.ok) throw new Error(answer.error)
    // Before anything else: the one that was sent is no longer the newest.
    if (answer.handle) await Keychain.setGenericPassword(client_id, answer.handle, item)
    return answer
  }

  // One at a time, or an older answer would overwrite a newer handle.
  let last: Promise<unknown> = Promise.resolve()
  function inTurn<T>(work: () => Promise<T>): Promise<T> {
    const next = last.then(work, work)
    last = next
    return next
  }
  // #endregion

  return { signIn, session, signOut }
}
