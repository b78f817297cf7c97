/** What the local stack says of itself: the line of `npm start -- --json`. */
export interface StackDescription {
  app: string
  gateway: string
  issuer: string
  kms: string
  secrets_manager: string
  clients: { client_id: string; redirect_uri: string; origin: string; alg: string }[]
  /** With these the AWS SDK, the AWS command line and this project's own commands reach the stack. */
  env: Record<string, string>
}
