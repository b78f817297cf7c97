/** What the local stack says of itself: the line of `npm start -- --json`. */
export interface StackDescription {
  app: string
  gateway: string
  /** The same two as sibling hosts of one site, which cookies need. A browser finds them; Node may not. */
  site: { app: string; gateway: string }
  /** The resource server behind `/api` of the gateway. */
  api: string
  issuer: string
  kms: string
  secrets_manager: string
  clients: StackClient[]
  /** With these the AWS SDK, the AWS command line and this project's own commands reach the stack. */
  env: Record<string, string>
}

/** A client as it is registered with both: with the provider and with the function. */
export interface StackClient {
  client_id: string
  redirect_uri: string
  /** Absent for a native one, whose requests carry none. */
  origin?: string
  alg: string
  application_type: 'web' | 'native'
  grant_types: string[]
  refresh: 'none' | 'rotating' | 'dpop'
  /** Absent: `tokens`. In the others the provider knows the gateway's callback instead of `redirect_uri`. */
  delivery?: 'mediated' | 'session'
  /** What it is there to show. */
  shows: string
}
