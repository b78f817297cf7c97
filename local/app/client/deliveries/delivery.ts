import type { Configuration } from '../stack.ts'

// What the page asks of each of the three deliveries.

export type Name = 'tokens' | 'mediated' | 'session'

export const NAMES: readonly Name[] = ['tokens', 'mediated', 'session']

/** What lies in the page's own memory, where every script of the page can get at it. */
export interface Held {
  sub: string
  access_token?: string | undefined
  refresh_token?: string | undefined
  id_token?: string | undefined
}

export interface Delivery {
  /** Leaves the page. */
  signIn(): void | Promise<void>
  /** Who is signed in, after a reload or a return as well. */
  current(): Promise<Held | undefined>
  refresh(): Promise<Held | undefined>
  /** A request to the API, whoever puts the token in. */
  call(): Promise<Response>
  /** May leave the page. */
  signOut(): Promise<void>
}

/** How the sign-in of a delivery comes back: to the page with that delivery chosen. */
export function addressOf(name: Name): string {
  return `${location.origin}/deliveries?delivery=${name}`
}

export type Make = (configuration: Configuration) => Delivery
