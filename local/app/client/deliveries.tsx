import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { mediated, session } from './deliveries/cookies.ts'
import { NAMES, type Name } from './deliveries/delivery.ts'
import { Page } from './deliveries/page.tsx'
import { tokens } from './deliveries/tokens.ts'
import { readConfiguration } from './stack.ts'

// One app, three times: what it holds depends on the delivery of its client alone. Another delivery is another load of the
// page, so that nothing of the one before is left in its memory.

const asked = new URLSearchParams(location.search).get('delivery')
const name: Name = NAMES.find(one => one === asked) ?? 'session'
const delivery = { tokens, mediated, session }[name](await readConfiguration())

createRoot(document.querySelector('main')!).render(
  <StrictMode>
    <Page name={name} delivery={delivery} />
  </StrictMode>,
)
