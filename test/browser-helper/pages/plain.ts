import { CountersignError, createCountersign } from 'countersign/browser'
import { client_id, url } from './shell.ts'

const text = document.querySelector('p')!
const button = document.querySelector('button')!

// #region docs
const countersign = createCountersign({ url, client_id, onLogout: () => location.reload() })

try {
  const session = await countersign.session()
  if (session) await signedIn(String(session.claims.sub))
  else signedOut('Nobody is signed in.')
} catch (error) {
  // The user said no at the provider, or it could not be reached: the code says which.
  if (error instanceof CountersignError) signedOut(`That did not work: ${error.error}.`)
  else throw error
}

async function signedIn(name: string) {
  const response = await countersign.fetch('/orders')
  const orders = await response.json()
  text.textContent = `${name} has ${orders.length} orders.`
  button.textContent = 'Sign out'
  button.onclick = async () => {
    await countersign.logout()
    signedOut('Signed out.')
  }
}

function signedOut(why: string) {
  text.textContent = why
  button.textContent = 'Sign in'
  button.onclick = () => countersign.login()
}
// #endregion
