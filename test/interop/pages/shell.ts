// What the pages of the client libraries have in common: three buttons, the state, and what the library holds.

interface Configuration {
  issuer: string
  /** Where the function is. */
  proxy: string
  client_id: string
  redirect_uri: string
  /** Which of its ways a page with several goes. */
  way?: string
}

/** Written into the page by the server that serves it. */
export const { issuer, proxy, client_id, redirect_uri, way }: Configuration = JSON.parse(
  document.querySelector('#configuration')!.textContent!,
)

/** The members that a test looks at, as each library names them. */
export interface Tokens {
  access_token: string
  refresh_token?: string | null | undefined
  token_type: string
  sub?: string | undefined
}

export interface Steps {
  /** Leaves for the provider. */
  signIn(): Promise<unknown>
  /** At the callback: from the code to tokens. */
  finish(): Promise<Tokens>
  refresh?(): Promise<Tokens>
  revoke?(): Promise<unknown>
}

/** Makes the page of these steps. Where one of them throws, the page is `failed` and shows what the app was told. */
export async function run(steps: Steps): Promise<void> {
  const step = async (state: string, work: () => Promise<unknown>) => {
    try {
      show(state, await work())
    } catch (error) {
      show('failed', told(error))
    }
  }
  button('Sign in', () => step('leaving', steps.signIn))
  button('Refresh', () => step('refreshed', steps.refresh!))
  button('Revoke', () => step('revoked', steps.revoke!))
  if (location.pathname === new URL(redirect_uri).pathname) await step('signed-in', steps.finish)
  else show('ready')
}

export function show(state: string, shown: unknown = {}): void {
  const main = document.querySelector('main')!
  main.querySelector('pre')!.textContent = JSON.stringify(shown ?? {}, null, 2)
  // Last: who waits for the state may read the text.
  main.dataset.state = state
}

/** What an app can learn of an error: the libraries keep the members of the answer in different places. */
export function told(error: unknown): Record<string, string | undefined> {
  const { name, message, error: code, error_description, cause } = error as Record<string, unknown> & Error
  const inCause = (cause ?? {}) as Record<string, unknown>
  return {
    name,
    message,
    error: (code ?? inCause.error) as string | undefined,
    error_description: (error_description ?? inCause.error_description) as string | undefined,
  }
}

function button(name: string, press: () => void): void {
  const made = document.createElement('button')
  made.textContent = name
  made.addEventListener('click', press)
  document.querySelector('main')!.append(made)
}
