import { InMemoryWebStorage, type User, UserManager, WebStorageStateStore } from 'oidc-client-ts'
import { lastExchange, observe } from './observe.ts'
import { type Exchange, REFUSALS, type Refusal, type Refused } from './refusals.ts'
import { type Configuration, readConfiguration, readTrace, type Trace } from './stack.ts'
import { waterfall } from './waterfall.ts'

// A single-page app as its authors would write it, and around it what this demo shows of the other side.

const main = document.querySelector('main')!
const byId = (id: string) => document.getElementById(id)!

const configuration = await readConfiguration()
const token_endpoint = `${configuration.gateway}/token`
observe(token_endpoint)

/** Tokens are kept in no storage that another tab or a later visit could read. */
const inMemory = new InMemoryWebStorage()

/** All that a library has to be told: the provider is the authority, and one endpoint of it is ours. */
function manager({ client_id, redirect_uri }: Configuration['clients'][number]): UserManager {
  return new UserManager({
    authority: configuration.issuer,
    metadataSeed: { token_endpoint },
    client_id,
    redirect_uri,
    // offline_access has the provider give a refresh token, for the function to leave out.
    scope: 'openid profile offline_access',
    userStore: new WebStorageStateStore({ store: inMemory }),
  })
}

/** The library's own name of the client whose sign-in is under way. */
const CLIENT = 'client'
const clientNamed = (name: string | null) => configuration.clients.find(({ client_id }) => client_id === name)

showSignIn()
if (location.pathname === '/callback') await finish()

function showSignIn(): void {
  byId('sign-in').replaceChildren(
    ...configuration.clients.map(client => {
      const button = document.createElement('button')
      button.id = `sign-in-${client.client_id}`
      button.className = 'primary'
      button.textContent = `Sign in with ${client.alg}`
      button.addEventListener('click', () => start(client))
      return button
    }),
  )
}

async function start(client: Configuration['clients'][number]): Promise<void> {
  setState('signing-in', 'On the way to the provider …')
  sessionStorage.setItem(CLIENT, client.client_id)
  try {
    await manager(client).signinRedirect()
  } catch (error) {
    setState('failed', `The sign-in could not start: ${reason(error)}`)
  }
}

async function finish(): Promise<void> {
  const client = clientNamed(sessionStorage.getItem(CLIENT))
  const url = location.href
  const answer = new URLSearchParams(location.search)
  // A reload must not send the code again.
  history.replaceState(null, '', '/')
  if (!client || !answer.has('state')) return gone('This sign-in was not started in this tab. Sign in here.')
  if (answer.get('error') === 'access_denied') return gone('You cancelled the sign-in.')
  setState('signing-in', 'Exchanging the code …')
  try {
    const user = await manager(client).signinCallback(url)
    const exchange = lastExchange()
    if (!user || !exchange) throw new Error('there was no exchange')
    const trace = await readTrace({ request_id: exchange.request_id ?? '' })
    if (!trace) throw new Error('the local stack knows nothing of the exchange')
    showTime(exchange.span, trace)
    showAssertion(trace)
    showTokens(user, trace)
    showNeverSeen()
    showRefusals({ token_endpoint, form: exchange.form, configuration })
    showSignOut(client)
    byId('panels').hidden = false
    setState('signed-in', `Signed in as ${user.profile.sub}, by the client ${client.client_id}.`)
  } catch (error) {
    setState('failed', `The sign-in failed: ${reason(error)} Sign in again.`)
  }
}

function showTime(span: { start: number; end: number }, trace: Trace): void {
  const chart = byId('waterfall-chart')
  const draw = () => chart.replaceChildren(waterfall(span, trace, Math.max(280, chart.clientWidth)))
  new ResizeObserver(draw).observe(chart)
  draw()
  byId('waterfall-note').textContent =
    'Measured for this one exchange, on one machine, each part by its own clock reading; KMS and provider without the way there. On AWS the network lies between them.'
}

function showAssertion({ assertion }: Trace): void {
  byId('assertion-header').textContent = JSON.stringify(assertion?.header, null, 2)
  byId('assertion-claims').textContent = JSON.stringify(assertion?.claims, null, 2)
}

function showTokens(user: User, { answered = [] }: Trace): void {
  const withheld = answered.includes('refresh_token') && user.refresh_token === undefined
  const facts: [string, string][] = [
    ['access_token', `${user.access_token.slice(0, 12)}… (${user.access_token.length} characters)`],
    ['token_type', user.token_type],
    ['expires_in', `${user.expires_in} s`],
    ['scope', user.scope ?? ''],
    [
      'refresh_token',
      withheld ? 'the provider gave one, the function left it out' : (user.refresh_token ?? 'none'),
    ],
  ]
  byId('token-facts').replaceChildren(
    ...facts.flatMap(([name, value]) => [node('dt', name), node('dd', value)]),
  )
  byId('id-token-claims').textContent = JSON.stringify(user.profile, null, 2)
}

function showNeverSeen(): void {
  byId('never-seen-list').replaceChildren(
    node(
      'li',
      'The private key. It was made inside KMS and cannot be taken out; the function can only ask for a signature.',
    ),
    node(
      'li',
      'The assertion. It went from the function to the provider; what stands here of it was told by the local stack, without its signature.',
    ),
    node(
      'li',
      'The refresh token. The provider gave one; the function leaves it out unless the registration says otherwise.',
    ),
    node(
      'li',
      'An answer of the provider’s own token endpoint. This page asked for tokens at the gateway, and nowhere else.',
    ),
  )
}

function showRefusals(exchange: Exchange): void {
  byId('refusal-list').replaceChildren(...REFUSALS.map(refusal => refusalItem(refusal, exchange)))
}

function refusalItem(refusal: Refusal, exchange: Exchange): HTMLElement {
  const button = document.createElement('button')
  button.dataset.refusal = refusal.name
  button.textContent = refusal.label
  const output = document.createElement('output')
  output.dataset.result = refusal.name
  button.addEventListener('click', async () => {
    button.disabled = true
    output.textContent = '…'
    try {
      showRefused(output, await refusal.send(exchange))
    } catch (error) {
      output.textContent = `The request did not come through: ${reason(error)}`
    }
    button.disabled = false
    button.focus()
  })
  const item = document.createElement('li')
  const said = document.createElement('div')
  said.append(node('p', refusal.why), output)
  item.append(button, said)
  return item
}

function showRefused(output: HTMLOutputElement, { status, body, trace }: Refused): void {
  output.dataset.status = status
  output.dataset.outcome = trace?.log.outcome ?? ''
  const page = node('b', status === 'unreadable' ? 'not readable' : status)
  page.className = 'read'
  const seen = node('div', 'This page: ')
  seen.append(page, ` ${body}`)
  const log = trace
    ? `The function: ${trace.status} ${trace.log.outcome}, ${trace.spans.kms || trace.log.kms_ms !== undefined ? 'KMS was asked' : 'KMS was not asked'}`
    : ''
  output.replaceChildren(seen, node('div', log))
}

function showSignOut(client: Configuration['clients'][number]): void {
  const button = document.createElement('button')
  button.id = 'sign-out'
  button.textContent = 'Forget these tokens'
  button.addEventListener('click', async () => {
    await manager(client).removeUser()
    sessionStorage.removeItem(CLIENT)
    byId('panels').hidden = true
    button.remove()
    gone('Forgotten here. The provider still knows you, so the next sign-in may show no page.')
  })
  document.getElementById(button.id)?.remove()
  byId('sign-in').append(button)
}

function gone(text: string): void {
  setState('signed-out', text)
}

/** What went wrong, as a sentence. */
function reason(error: unknown): string {
  const { message } = error as Error
  if (message === 'Failed to fetch')
    return 'the stack does not answer. Is npm start running? After a restart, reload.'
  return `${message.replace(/\.$/, '')}.`
}

function setState(state: 'signed-out' | 'signing-in' | 'signed-in' | 'failed', text: string): void {
  main.dataset.state = state
  byId('status').textContent = text
}

function node(name: string, content: string): HTMLElement {
  const made = document.createElement(name)
  made.textContent = content
  return made
}
