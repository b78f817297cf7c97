import { type CountersignError, createCountersign, type Session } from 'countersign/browser'
import { StrictMode, useEffect, useState } from 'react'
import { createRoot } from 'react-dom/client'
import { api, client_id, url } from './shell.ts'

// #region docs
// Beside the components: StrictMode makes those twice.
const countersign = createCountersign({ url, client_id, api: [api], onLogout: () => location.reload() })

function Account() {
  const [session, setSession] = useState<Session | null>()
  const [said, setSaid] = useState('')

  useEffect(() => {
    const failed = (error: CountersignError) => {
      setSaid(error.error)
      setSession(null)
    }
    countersign.session().then(found => setSession(found ?? null), failed)
  }, [])

  const load = async () => {
    const response = await countersign.fetch(`${api}/orders`)
    setSaid(`${(await response.json()).length} orders`)
  }
  const leave = async () => {
    await countersign.logout()
    setSession(null)
  }

  if (session === undefined) return <p>One moment …</p>
  return (
    <>
      <p>{session ? `Signed in as ${session.claims.sub}.` : 'Nobody is signed in.'}</p>
      <p role="status">{said}</p>
      {session ? (
        <>
          <button type="button" onClick={load}>
            Orders
          </button>
          <button type="button" onClick={leave}>
            Sign out
          </button>
        </>
      ) : (
        <button type="button" onClick={() => countersign.login()}>
          Sign in
        </button>
      )}
    </>
  )
}
// #endregion

createRoot(document.querySelector('main')!).render(
  <StrictMode>
    <Account />
  </StrictMode>,
)
