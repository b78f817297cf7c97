import { useCallback, useEffect, useState } from 'react'
import { addressOf, type Delivery, type Held, NAMES, type Name } from './delivery.ts'
import { Holders } from './holders.tsx'

const WHAT: Record<Name, string> = {
  tokens:
    'An OAuth library, unmodified: Countersign adds the client’s proof, and all tokens come to the page.',
  mediated:
    'The sign-in begins and ends at Countersign. The page gets an access token and calls the API with it; the refresh token stays in a sealed cookie.',
  session:
    'The page gets no token. It calls the API through the gateway, which adds the access token on the way.',
}

type State = 'unknown' | 'signed-out' | 'signed-in' | 'failed'

const SAID: Record<State, string> = {
  unknown: 'One moment …',
  'signed-out': 'Nobody is signed in.',
  'signed-in': '',
  failed: '',
}

export function Page({ name, delivery }: { name: Name; delivery: Delivery }) {
  const [state, setState] = useState<State>('unknown')
  const [held, setHeld] = useState<Held>()
  const [said, setSaid] = useState('')
  const [answer, setAnswer] = useState('')

  const show = useCallback((now: Held | undefined) => {
    setHeld(now)
    setState(now ? 'signed-in' : 'signed-out')
    setSaid('')
  }, [])
  const fail = useCallback((error: unknown) => {
    const { error: code, message } = error as Error & { error?: string }
    setState('failed')
    setSaid(`That did not work: ${code ?? message}`)
  }, [])

  useEffect(() => {
    delivery.current().then(show, fail)
  }, [delivery, show, fail])

  const call = async () => {
    setAnswer('')
    const response = await delivery.call()
    setAnswer(`${response.status} ${await response.text()}`)
  }
  const refresh = async () => {
    show(await delivery.refresh())
    setSaid('Refreshed.')
  }
  const signOut = async () => {
    await delivery.signOut()
    setAnswer('')
    show(undefined)
  }
  const press = (work: () => void | Promise<void>) => () => Promise.resolve().then(work).catch(fail)

  const status = said || (held && state === 'signed-in' ? `Signed in as ${held.sub}.` : SAID[state])
  return (
    <div id="page" data-state={state} data-delivery={name}>
      <section className="intro" aria-labelledby="what">
        <h1 id="what">Three deliveries of one sign-in</h1>
        <nav className="actions choice" aria-label="Delivery">
          {NAMES.map(one => (
            <a key={one} href={addressOf(one)} aria-current={one === name ? 'page' : undefined}>
              {one}
            </a>
          ))}
        </nav>
        <p>{WHAT[name]}</p>
        <div className="actions">
          {state !== 'signed-in' && (
            <button type="button" className="primary" onClick={press(delivery.signIn)}>
              Sign in
            </button>
          )}
          {state === 'signed-in' && (
            <>
              <button type="button" className="primary" onClick={press(call)}>
                Call the API
              </button>
              <button type="button" onClick={press(refresh)}>
                Refresh now
              </button>
              <button type="button" onClick={() => location.reload()}>
                Reload
              </button>
              <button type="button" onClick={press(signOut)}>
                Sign out
              </button>
            </>
          )}
        </div>
        <p id="status" role="status">
          {status}
        </p>
      </section>
      <Holders name={name} held={held} />
      <section aria-labelledby="answer-title">
        <h2 id="answer-title">What the API answered</h2>
        <pre id="answer">{answer || 'Nothing yet.'}</pre>
      </section>
    </div>
  )
}
