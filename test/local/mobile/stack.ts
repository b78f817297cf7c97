import { Writable } from 'node:stream'
import { type Control, control } from '../../../local/aws/control.ts'
import type { StackClient } from '../../../local/description.ts'
import { type Stack, type StackOptions, startStack } from '../../../local/stack.ts'
import { createNativeApp, type NativeApp } from '../../support/native-app.ts'
import { type RingInHand, ringInHand } from '../../support/ring-in-hand.ts'
import { type Browser, send } from '../../support/sign-in.ts'

export type Delivery = 'mediated' | 'session'

export interface MobileStack {
  stack: Stack
  kms: Control
  ring: RingInHand
  /** What functions and provider have written. */
  log(): string
  clientOf(delivery: Delivery): StackClient
  app(delivery: Delivery, browser?: Browser): NativeApp
  /** What a session holds, from its handle. */
  sessionIn(delivery: Delivery, handle: string): Promise<Record<string, unknown>>
  /** Whether the provider takes an access token. */
  isKnown(access_token: unknown): Promise<boolean>
  /** How often something was signed while `work` ran. What is signed ahead of the next request is waited for first. */
  signed(work: () => Promise<unknown>): Promise<number>
}

/** The local stack, as `npm start` runs it, with what the tests of its mobile clients look at. */
export async function startMobileStack(options: Partial<StackOptions> = {}): Promise<MobileStack> {
  let written = ''
  const log = new Writable({
    write(chunk, _, done) {
      written += String(chunk)
      done()
    },
  })
  const stack = await startStack({ port: 0, log, ...options })
  const { description } = stack
  const kms = control(description.kms)
  const ring = await ringInHand(description)
  const clientOf = (delivery: Delivery) =>
    description.clients.find(({ client_id }) => client_id === `mobile-${delivery}`)!

  async function settled(): Promise<number> {
    let before = -1
    for (let calls = await kms.calls('Sign'); calls !== before; ) {
      before = calls
      await new Promise(resolve => setTimeout(resolve, 50))
      calls = await kms.calls('Sign')
    }
    return before
  }

  return {
    stack,
    kms,
    ring,
    log: () => written,
    clientOf,
    app: (delivery, browser) => createNativeApp(description.gateway, clientOf(delivery), browser),
    sessionIn: (delivery, handle) =>
      ring.open('handle', clientOf(delivery).client_id, handle.slice(handle.indexOf('.') + 1)),
    async isKnown(access_token) {
      const headers = { authorization: `Bearer ${access_token}` }
      return (await send(`${description.issuer}/userinfo`, { headers })).status === 200
    },
    async signed(work) {
      const before = await settled()
      await work()
      return (await settled()) - before
    },
  }
}
